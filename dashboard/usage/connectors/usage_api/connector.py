"""Usage APIs of providers: OpenAI and Anthropic."""

from datetime import datetime

from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.base import Connector, Detail, EnqueueFile, PollResult, Progress, Sample
from dashboard.usage.connectors.secrets import check_destinations, parse_destination, variable_name
from dashboard.usage.connectors.sync_window import window_progress
from dashboard.usage.connectors.usage_api import poller, preview
from dashboard.usage.connectors.usage_api.providers import parse_config
from dashboard.usage.models import Source

__all__ = ["UsageApiConnector"]


class UsageApiConnector(Connector):
    kind = "http"
    label = gettext_lazy("Usage API")
    description = gettext_lazy("What a provider reports of an organization’s usage")
    stores_window = True
    has_history = True
    has_format = False
    items_label = gettext_lazy("Endpoints")
    item_label = gettext_lazy("Endpoint")
    no_items = (gettext_lazy("Nothing was read yet"), gettext_lazy("Endpoints appear here with the first poll."))

    def validate(self, source: Source) -> None:
        _provider, base, _endpoints = parse_config(source.config)
        check_destinations(variable_name(source.config.get("key")), [parse_destination(base)])

    def poll(self, source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
        return poller.poll_endpoints(source, now)

    def preview(self, source: Source, now: datetime) -> Sample:
        return preview.sample_endpoint(source.config, now)

    def progress(self, source: Source, now: datetime) -> Progress | None:
        return window_progress(source, now)

    def describe(self, source: Source) -> list[Detail]:
        return [Detail(gettext_lazy("Provider"), (str(source.config.get("provider", "")),), is_code=False)]
