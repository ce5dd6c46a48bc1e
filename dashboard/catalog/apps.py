from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

__all__ = ["CatalogConfig"]


class CatalogConfig(AppConfig):
    name = "dashboard.catalog"
    verbose_name = _("Catalog")

    def ready(self) -> None:
        from dashboard.catalog.changes.audit_fields import ENTRY_MODEL, EntryRenderer
        from dashboard.core.audit import register_renderer

        register_renderer(EntryRenderer(ENTRY_MODEL))
