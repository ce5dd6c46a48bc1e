"""What a source's configuration must hold, by its kind; asked before it is saved."""

from collections.abc import Mapping
from typing import Any

from dashboard.usage.connectors.s3 import connector as s3_connector
from dashboard.usage.connectors.secrets import variable_name
from dashboard.usage.connectors.sql.presets import PRESETS
from dashboard.usage.connectors.sync_window import ConnectorError
from dashboard.usage.connectors.usage_api import connector
from dashboard.usage.models import SourceKind

__all__ = ["check"]


def check(kind: str, config: Mapping[str, Any]) -> None:
    """Raises DeliveryError or SecretError, in words for whoever fills in the form; asks nobody anything."""
    if kind == SourceKind.HTTP:
        connector.parse_config(config)
        variable_name(config.get("key"))
    elif kind == SourceKind.S3:
        s3_connector.parse_config(config)
    elif kind == SourceKind.SQL:
        variable_name(config.get("url"))
        if config.get("preset") not in {None, "", *PRESETS}:
            raise ConnectorError(f"preset must be one of {', '.join(PRESETS)}")
        if not config.get("preset") and not (config.get("table") and config.get("columns")):
            raise ConnectorError("Name a preset, or a table and its columns")
