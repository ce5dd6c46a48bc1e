"""What the configuration of an object store means: bucket, credentials, prefixes and days."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dashboard.core.http.addresses import PrivateAddressError, check_literal
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.secrets import (
    Destination,
    check_destinations,
    parse_destination,
    variable_name,
)

__all__ = ["S3Settings", "parse_config", "store_destination", "validate_access"]

WINDOW_DAYS, MOST_DAYS = 3, 60
MOST_PREFIXES = 50
AMAZON = Destination("s3.amazonaws.com", 443)
MACHINE_CREDENTIALS = "AWS_SECRET_ACCESS_KEY"
"""Stands for the machine's own credentials, wherever boto3 finds them."""
SKIPPED = ("*/BedrockModelInvocationLogs/*/data/*", "*amazon-bedrock-logs-permission-check", "*/audit-*.json")


@dataclass(frozen=True)
class S3Settings:
    """The prefixes to list, the days listed with every poll, and glob patterns of keys to leave out."""

    prefixes: tuple[str, ...]
    window: timedelta
    skipped: tuple[str, ...]


def parse_config(config: Mapping[str, Any]) -> S3Settings:
    """What to list. Raises ConnectorError or SecretError."""
    validate_access(config)
    prefixes = _texts(config, "prefixes" if "prefixes" in config else "prefix", [""]) or [""]
    if len(prefixes) > MOST_PREFIXES or any(len(prefix) > 1000 for prefix in prefixes):
        raise ConnectorError(f"prefix must be at most {MOST_PREFIXES} texts of at most 1000 characters")
    if any(a != b and a.startswith(b) for a in prefixes for b in prefixes):
        raise ConnectorError("One prefix lies inside another: name the outer one")
    window = config.get("window_days", WINDOW_DAYS)
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= MOST_DAYS:
        raise ConnectorError(f"window_days must be a whole number from 1 to {MOST_DAYS}")
    skipped = _texts(config, "skip", SKIPPED)
    return S3Settings(tuple(dict.fromkeys(prefixes)), timedelta(days=window), tuple(skipped))


def validate_access(config: Mapping[str, Any]) -> None:
    """Check that a configuration names a bucket and credentials. Raises ConnectorError or SecretError."""
    bucket = config.get("bucket")
    if not isinstance(bucket, str) or not 3 <= len(bucket) <= 255 or "/" in bucket:
        raise ConnectorError("bucket must be the name of a bucket, without s3:// and without a prefix")
    destination = store_destination(config)
    keys = [name for name in ("access_key", "secret_key") if config.get(name)]
    if len(keys) == 1 or (config.get("session_token") and not keys):
        raise ConnectorError("Name both access_key and secret_key, or neither for the machine's own credentials")
    for name in (*keys, *(["session_token"] if config.get("session_token") else [])):
        check_destinations(variable_name(config[name]), [destination])
    if not keys and config.get("endpoint_url"):
        check_destinations(MACHINE_CREDENTIALS, [destination])


def store_destination(config: Mapping[str, Any]) -> Destination:
    """Where a store is. Raises ConnectorError for an address that is none or that lies in a private network."""
    endpoint = config.get("endpoint_url")
    if not endpoint:
        return AMAZON
    try:
        destination = parse_destination(str(endpoint))
    except ValueError:
        raise ConnectorError("endpoint_url must be an address such as https://minio.example:9000") from None
    try:
        check_literal(destination.host, destination.port)
    except PrivateAddressError as error:
        raise ConnectorError(str(error)) from None
    return destination


def _texts(config: Mapping[str, Any], field: str, default: Collection[str]) -> list[str]:
    value = config.get(field)
    value = list(default) if value is None else [value] if isinstance(value, str) else value
    if not isinstance(value, list) or len(value) > 100 or not all(isinstance(text, str) for text in value):
        raise ConnectorError(f"{field} must be a text or a list of texts")
    return value
