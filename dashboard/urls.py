"""Every address of Sundial."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("dashboard.api.urls")),
    path("", include("dashboard.web.urls")),
]

handler400 = "dashboard.web.pages.errors.bad_request"
handler403 = "dashboard.web.pages.errors.forbidden"
handler404 = "dashboard.web.pages.errors.not_found"
handler500 = "dashboard.web.pages.errors.server_error"
