"""Every kind of source, by the name stored in `Source.kind`. One line per kind; connectors load on first use."""

from functools import cache

from django.utils.module_loading import import_string

from dashboard.usage.connectors.base import Connector, Words

__all__ = ["CONNECTORS", "connector_for", "kind_label", "kinds", "polled_kinds", "push_kinds"]

CONNECTORS = {
    "watch": "dashboard.usage.connectors.files.connector.FilesConnector",
    "sql": "dashboard.usage.connectors.sql.connector.SqlConnector",
    "http": "dashboard.usage.connectors.usage_api.connector.UsageApiConnector",
    "s3": "dashboard.usage.connectors.s3.connector.S3Connector",
    "push": "dashboard.usage.connectors.push.connector.PushConnector",
    "import": "dashboard.usage.connectors.manual_import.connector.ImportConnector",
}


def connector_for(kind: str) -> Connector:
    """The connector of a kind; of a kind that is not registered (any more), one that reads nothing."""
    path = CONNECTORS.get(kind)
    return _load(path) if path else _unknown(kind)


def kinds() -> list[tuple[str, Words]]:
    """(kind, label) of every kind, in the order in which forms offer them."""
    return [(kind, connector_for(kind).label) for kind in CONNECTORS]


def kind_label(kind: str) -> Words:
    return connector_for(kind).label


def polled_kinds() -> list[str]:
    return [kind for kind in CONNECTORS if connector_for(kind).is_polled]


def push_kinds() -> list[str]:
    return [kind for kind in CONNECTORS if connector_for(kind).accepts_push]


@cache
def _load(path: str) -> Connector:
    connector: Connector = import_string(path)()
    return connector


def _unknown(kind: str) -> Connector:
    class UnknownConnector(Connector):
        label = kind
        not_polled_reason = f"there is no connector for the kind {kind}"
        is_complete = True

    return UnknownConnector()
