"""Databases: a gateway's own tables by preset, or any table whose columns are named."""

from datetime import datetime

from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.base import (
    Connector,
    ConnectorError,
    Detail,
    EnqueueFile,
    PollResult,
    Progress,
    Sample,
)
from dashboard.usage.connectors.secrets import variable_name
from dashboard.usage.connectors.sync_window import window_progress
from dashboard.usage.models import Source

__all__ = ["PRESETS", "SqlConnector", "check_preset"]

PRESETS = {
    "litellm-spendlogs": "LiteLLM_SpendLogs",
    "litellm-daily": "LiteLLM_DailyTeamSpend",
    "langfuse": "observations",
    "helicone": "request_response_rmt",
}
"""The table that each preset reads unless another is named."""


class SqlConnector(Connector):
    kind = "sql"
    label = gettext_lazy("Database")
    description = gettext_lazy("The tables of a gateway, or any table of calls")
    stores_window = True
    has_history = True
    has_format = False
    items_label = gettext_lazy("Tables")
    item_label = gettext_lazy("Table")
    no_items = (gettext_lazy("Nothing was read yet"), gettext_lazy("Tables appear here with the first poll."))

    def validate(self, source: Source) -> None:
        config = source.config
        variable_name(config.get("url"))
        check_preset(config.get("preset"))
        if not config.get("preset") and not (config.get("table") and config.get("columns")):
            raise ConnectorError("Name a preset, or a table and its columns")

    def poll(self, source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
        from dashboard.usage.connectors.sql import poller

        return poller.poll_table(source, now)

    def preview(self, source: Source, now: datetime) -> Sample:
        from dashboard.usage.connectors.sql import preview

        return preview.sample_table(source.config, now)

    def progress(self, source: Source, now: datetime) -> Progress | None:
        return window_progress(source, now)

    def describe(self, source: Source) -> list[Detail]:
        labels = {"preset": gettext_lazy("Preset"), "table": gettext_lazy("Table")}
        return [
            Detail(label, (str(source.config[key]),), is_code=key == "table")
            for key, label in labels.items()
            if source.config.get(key)
        ]


def check_preset(preset: object) -> None:
    """Raises ConnectorError for a preset that does not exist; none at all is right."""
    if preset and preset not in PRESETS:
        raise ConnectorError(f"preset must be one of {', '.join(PRESETS)}")
