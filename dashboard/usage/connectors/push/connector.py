"""Files and OpenTelemetry that others send over the API."""

from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.base import Connector

__all__ = ["PushConnector"]


class PushConnector(Connector):
    kind = "push"
    label = gettext_lazy("Pushed to Sundial")
    description = gettext_lazy("Files and OpenTelemetry that others send to Sundial")
    not_polled_reason = "it takes what is pushed to it"
    accepts_push = True
    items_label = gettext_lazy("Deliveries")
    item_label = gettext_lazy("Delivery")
    no_items = (gettext_lazy("Nothing was pushed yet"), gettext_lazy("Deliveries appear here as they come in."))
