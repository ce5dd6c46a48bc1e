"""Every page's address. Names are fixed: mails, feeds and other parts link by them."""

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path, register_converter
from django.views.i18n import set_language

from dashboard.web.converters import DayConverter
from dashboard.web.pages import (
    applications,
    deadlines,
    door,
    findings,
    frame,
    guides,
    models,
    overview,
    patterns,
    review,
    source_acts,
    sources,
    timeline,
    uncatalogued,
)

register_converter(DayConverter, "day")

urlpatterns = [
    path("", overview.show, name="overview"),
    path("timeline/", timeline.show, name="timeline"),
    path("deadlines/", deadlines.index, name="deadlines"),
    path("deadlines/<slug:platform>/<day:date>/", deadlines.show, name="deadline"),
    path("models/", models.index, name="models"),
    path("models/<slug:platform>/<path:entry_id>/", models.entry, name="model"),
    path("applications/", applications.index, name="applications"),
    path("applications/<slug:slug>/", applications.application, name="application"),
    path("findings/", findings.index, name="findings"),
    path("findings/<int:pk>/", findings.finding, name="finding"),
    path("findings/<int:pk>/<slug:verb>/", findings.act, name="finding_act"),
    path("uncatalogued/", uncatalogued.index, name="uncatalogued"),
    path("uncatalogued/undo/", uncatalogued.undo, name="uncatalogued_undo"),
    path("uncatalogued/name/", uncatalogued.name, name="uncatalogued_name"),
    path("uncatalogued/name/<slug:verb>/", uncatalogued.act, name="uncatalogued_act"),
    path("catalog/review/", review.index, name="review"),
    path("catalog/review/<int:pk>/", review.edit, name="review_edit"),
    path("sources/", sources.index, name="sources"),
    path("sources/add/", source_acts.add, name="source_add"),
    path("sources/<slug:slug>/", sources.source, name="source"),
    path("sources/<slug:slug>/edit/", source_acts.edit, name="source_edit"),
    path("sources/<slug:slug>/status/", sources.status, name="source_status"),
    path("sources/<slug:slug>/<slug:verb>/", source_acts.act, name="source_act"),
    path("guides/", guides.index, name="guides"),
    path("patterns/", patterns.show, name="patterns"),
    path("theme/", frame.theme, name="theme"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/first/<str:token>/", door.first, name="first"),
    path("favicon.ico", frame.favicon, name="favicon"),
    path("healthz", frame.healthz, name="healthz"),
    path("readyz", frame.readyz, name="readyz"),
]
