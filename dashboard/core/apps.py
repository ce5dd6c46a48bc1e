from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["CoreConfig"]


class CoreConfig(AppConfig):
    name = "dashboard.core"
    verbose_name = _("Audit log")
