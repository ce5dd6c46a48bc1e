from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["AccessConfig", "SignInsConfig"]


class AccessConfig(AppConfig):
    name = "dashboard.access"
    verbose_name = _("Access")
    default = True

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from dashboard.access.sign_in import remember_sign_in

        user_logged_in.connect(remember_sign_in, dispatch_uid="sundial.known-device")


class SignInsConfig(AxesConfig):
    """django-axes, under the name of what it keeps."""

    verbose_name = _("Sign-ins")
