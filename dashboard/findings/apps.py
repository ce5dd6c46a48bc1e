from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["FindingsConfig"]


class FindingsConfig(AppConfig):
    name = "dashboard.findings"
    verbose_name = _("Findings")
