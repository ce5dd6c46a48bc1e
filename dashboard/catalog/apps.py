from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["CatalogConfig"]


class CatalogConfig(AppConfig):
    name = "dashboard.catalog"
    verbose_name = _("Catalog")
