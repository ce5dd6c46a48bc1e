"""Files imported once, by the command `usage import`."""

from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.base import Connector

__all__ = ["ImportConnector"]


class ImportConnector(Connector):
    kind = "import"
    label = gettext_lazy("Imported by hand")
    not_polled_reason = "its files were imported by hand"
    is_complete = True
    accepts_push = True
    has_local_files = True
