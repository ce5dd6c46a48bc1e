from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["AccessConfig", "SignInsConfig"]


class AccessConfig(AppConfig):
    name = "dashboard.access"
    verbose_name = _("Access")
    default = True


class SignInsConfig(AxesConfig):
    """django-axes, under the name of what it keeps."""

    verbose_name = _("Sign-ins")
