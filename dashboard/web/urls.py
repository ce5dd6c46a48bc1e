"""Every page's address. Names are fixed: mails, feeds and other parts link by them."""

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path, register_converter
from django.views.i18n import set_language

from dashboard.web.applications import views as applications
from dashboard.web.catalog import views as catalog
from dashboard.web.common.as_of import DayConverter
from dashboard.web.deadlines import views as deadlines
from dashboard.web.findings import views as findings
from dashboard.web.guides import views as guides
from dashboard.web.overview import views as overview
from dashboard.web.review import views as review
from dashboard.web.sources import edit_views as sources_edit
from dashboard.web.sources import views as sources
from dashboard.web.system import component_gallery, setup_views
from dashboard.web.system import views as system
from dashboard.web.timeline import views as timeline
from dashboard.web.uncatalogued import views as uncatalogued

register_converter(DayConverter, "day")

urlpatterns = [
    path("", overview.show, name="overview"),
    path("timeline/", timeline.show, name="timeline"),
    path("deadlines/", deadlines.index, name="deadlines"),
    path("deadlines/<slug:platform>/<day:date>/", deadlines.show, name="deadline"),
    path("deadlines/<slug:platform>/<day:date>/burndown.html", deadlines.download_html, name="deadline_html"),
    path("models/", catalog.index, name="models"),
    path("models/<slug:platform>/<path:entry_id>/", catalog.entry, name="model"),
    path("applications/", applications.index, name="applications"),
    path("applications/<slug:slug>/", applications.application, name="application"),
    path("findings/", findings.index, name="findings"),
    path("findings/<int:pk>/", findings.finding, name="finding"),
    path("findings/<int:pk>/<slug:verb>/", findings.run_action, name="finding_action"),
    path("uncatalogued/", uncatalogued.index, name="uncatalogued"),
    path("uncatalogued/undo/", uncatalogued.undo, name="uncatalogued_undo"),
    path("uncatalogued/name/", uncatalogued.name, name="uncatalogued_name"),
    path("uncatalogued/name/<slug:verb>/", uncatalogued.run_action, name="uncatalogued_action"),
    path("catalog/review/", review.index, name="review"),
    path("catalog/review/<int:pk>/", review.edit, name="review_edit"),
    path("sources/", sources.index, name="sources"),
    path("sources/add/", sources_edit.add, name="source_add"),
    path("sources/<slug:slug>/", sources.source, name="source"),
    path("sources/<slug:slug>/edit/", sources_edit.edit, name="source_edit"),
    path("sources/<slug:slug>/status/", sources.status, name="source_status"),
    path("sources/<slug:slug>/<slug:verb>/", sources_edit.source_action, name="source_act"),
    path("guides/", guides.index, name="guides"),
    path("patterns/", component_gallery.show, name="patterns"),
    path("theme/", system.theme, name="theme"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/setup/<str:token>/", setup_views.setup, name="setup"),
    path("favicon.ico", system.favicon, name="favicon"),
    path("healthz", system.healthz, name="healthz"),
    path("readyz", system.readyz, name="readyz"),
]
