"""Every address of Sundial."""

from django.contrib import admin
from django.urls import include, path

from dashboard.api import otlp

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("dashboard.api.urls")),
    # Where exporters of OpenTelemetry send to, below an endpoint that is just the host.
    path("v1/traces", otlp.traces, name="otlp_traces"),
    path("v1/metrics", otlp.metrics, name="otlp_metrics"),
    path("v1/logs", otlp.logs, name="otlp_logs"),
    path("", include("dashboard.web.urls")),
]

handler400 = "dashboard.error_handlers.bad_request"
handler403 = "dashboard.error_handlers.forbidden"
handler404 = "dashboard.error_handlers.not_found"
handler500 = "dashboard.error_handlers.server_error"
