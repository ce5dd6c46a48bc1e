from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["AlertsConfig"]


class AlertsConfig(AppConfig):
    name = "dashboard.alerts"
    verbose_name = _("Alerts")
