"""What a source's configuration must hold, by its kind; asked before it is saved."""

from collections.abc import Mapping
from typing import Any

from dashboard.usage.models import SourceKind
from dashboard.usage.sources import http, s3
from dashboard.usage.sources.delivery import DeliveryError
from dashboard.usage.sources.secrets import name_of
from dashboard.usage.sources.tables import PRESETS

__all__ = ["check"]


def check(kind: str, config: Mapping[str, Any]) -> None:
    """Raises DeliveryError or SecretError, in words for whoever fills in the form; asks nobody anything."""
    if kind == SourceKind.HTTP:
        http.checked(config)
        name_of(config.get("key"))
    elif kind == SourceKind.S3:
        s3.checked(config)
    elif kind == SourceKind.SQL:
        name_of(config.get("url"))
        if config.get("preset") not in {None, "", *PRESETS}:
            raise DeliveryError(f"preset must be one of {', '.join(PRESETS)}")
        if not config.get("preset") and not (config.get("table") and config.get("columns")):
            raise DeliveryError("Name a preset, or a table and its columns")
