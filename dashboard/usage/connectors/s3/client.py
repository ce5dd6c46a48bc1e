"""A bucket of Amazon S3 or of any store that speaks its language: listed in order of the keys, read by key.

Every trouble becomes a DeliveryError, which ends a poll, or an Unread, which says why one object could not be
had. Neither repeats a secret.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from urllib3.exceptions import HTTPError

from dashboard.usage.connectors.secrets import read_secret, variable_name
from dashboard.usage.connectors.sync_window import ConnectorError
from dashboard.usage.records import clean

__all__ = ["Bucket", "ObjectError", "StoredObject", "open_bucket", "validate_access"]

PAGE = 1000  # the most that a store lists at once
THREADS = 8
CHUNK = 1 << 20
TIMEOUT = 30
ADVICE = {
    "NoSuchBucket": "there is no such bucket",
    "AccessDenied": "these credentials may not do that (s3:ListBucket and s3:GetObject are needed)",
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key",
    "ExpiredToken": "the credentials have expired",
    "PermanentRedirect": "the bucket is in another region",
    "IllegalLocationConstraintException": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the bucket is in another region",
}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing names it; another content under the same key has another ETag."""

    key: str
    etag: str
    size: int
    modified: datetime


class ObjectError(Exception):
    """Why an object could not be had. `gone`: it was deleted or overwritten since it was listed."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


def validate_access(config: Mapping[str, Any]) -> None:
    """Whether a configuration can name a bucket and credentials. Raises DeliveryError or SecretError."""
    bucket = config.get("bucket")
    if not isinstance(bucket, str) or not 3 <= len(bucket) <= 255 or "/" in bucket:
        raise ConnectorError("bucket must be the name of a bucket, without s3:// and without a prefix")
    endpoint = config.get("endpoint_url")
    if endpoint:
        parts = urlsplit(str(endpoint))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise ConnectorError("endpoint_url must be an address such as https://minio.example:9000")
    keys = [name for name in ("access_key", "secret_key") if config.get(name)]
    if len(keys) == 1 or (config.get("session_token") and not keys):
        raise ConnectorError("Name both access_key and secret_key, or neither for the machine's own credentials")
    for name in (*keys, *(["session_token"] if config.get("session_token") else [])):
        variable_name(config[name])


@contextmanager
def open_bucket(config: Mapping[str, Any], *, attempts: int = 4, timeout: int = TIMEOUT) -> Iterator["Bucket"]:
    """The bucket that a configuration names. Raises DeliveryError or SecretError, then and while it is used."""
    validate_access(config)
    endpoint = config.get("endpoint_url") or None
    keys = {
        name: read_secret(config[field])
        for name, field in (
            ("aws_access_key_id", "access_key"),
            ("aws_secret_access_key", "secret_key"),
            ("aws_session_token", "session_token"),
        )
        if config.get(field)
    }
    # Stores beside Amazon's have no host name per bucket, and know fewer checksums.
    style = config.get("addressing") or ("path" if endpoint else "auto")
    settings = Config(
        connect_timeout=10,
        read_timeout=timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=THREADS,
        s3={"addressing_style": style},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="sundial",
    )
    with _told():
        session = boto3.session.Session(region_name=config.get("region") or None, **keys)
        region = session.region_name or "us-east-1"
        client = session.client("s3", region_name=region, endpoint_url=endpoint, config=settings)
    try:
        yield Bucket(client, str(config["bucket"]))
    finally:
        client.close()


class Bucket:
    """Safe to use from several threads."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def page(self, prefix: str, after: str) -> tuple[list[StoredObject], bool]:
        """Up to 1,000 objects whose keys sort behind `after`, and whether there are more."""
        with _told():
            answer = self._client.list_objects_v2(
                Bucket=self.name, Prefix=prefix, MaxKeys=PAGE, **({"StartAfter": after} if after else {})
            )
        found = answer.get("Contents") or []
        listed = [StoredObject(o["Key"], o.get("ETag", ""), o.get("Size", 0), o["LastModified"]) for o in found]
        return listed, bool(answer.get("IsTruncated")) and bool(listed)

    def bytes_of(self, listed: StoredObject) -> bytes:
        """The whole of a small object, as it was when it was listed. Raises Unread or DeliveryError."""
        with _unread(), self._body(listed) as body:
            data: bytes = body.read(listed.size + 1)
        return _whole(data, listed)

    def beginning_of(self, listed: StoredObject, most: int) -> bytes:
        """The first `most` bytes of an object. Raises Unread or DeliveryError."""
        with _unread(), self._body(listed) as body:
            data: bytes = body.read(most)
        return data

    def save(self, listed: StoredObject, path: Path) -> None:
        """Write a large object to a file, piece by piece. Raises Unread or DeliveryError."""
        written = 0
        with _unread(), self._body(listed) as body, path.open("wb") as file:
            for piece in body.iter_chunks(CHUNK):
                written += len(piece)
                if written > listed.size:
                    break
                file.write(piece)
        if written != listed.size:
            raise ObjectError("its length is not the one that was listed")

    @contextmanager
    def _body(self, listed: StoredObject) -> Iterator[Any]:
        matching = {"IfMatch": listed.etag} if listed.etag else {}
        body = self._client.get_object(Bucket=self.name, Key=listed.key, **matching)["Body"]
        try:
            yield body
        finally:
            body.close()


def _whole(data: bytes, listed: StoredObject) -> bytes:
    if len(data) != listed.size:
        raise ObjectError("its length is not the one that was listed")
    return data


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong with the store as a whole."""
    try:
        yield
    except ClientError as refusal:
        raise ConnectorError(_refusal(refusal)) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise ConnectorError(
            "There are no credentials for the object store: name access_key and secret_key"
        ) from None
    except (BotoCoreError, HTTPError, OSError, ValueError) as trouble:
        raise ConnectorError(f"The object store cannot be reached: {clean(trouble, 250)}") from None


@contextmanager
def _unread() -> Iterator[None]:
    """What goes wrong with one object; what is wrong with the store is told as such."""
    try:
        with _told_of_object():
            yield
    except ClientError as refusal:
        code = str(refusal.response.get("Error", {}).get("Code", ""))
        status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status in {404, 412} or code in {"NoSuchKey", "PreconditionFailed"}:
            raise ObjectError("it was deleted or overwritten after it was listed", gone=True) from None
        if code in {"InvalidObjectState", "AccessDenied"} or str(code).startswith("KMS."):
            words = "it is archived" if code == "InvalidObjectState" else "these credentials may not read it"
            raise ObjectError(words) from None
        raise ConnectorError(_refusal(refusal)) from None


@contextmanager
def _told_of_object() -> Iterator[None]:
    try:
        yield
    except (ReadTimeoutError, HTTPError) as trouble:
        raise ObjectError(f"it did not arrive: {clean(trouble, 150)}") from None
    except HTTPClientError as trouble:
        raise ConnectorError(f"The object store cannot be reached: {clean(trouble, 250)}") from None
    except BotoCoreError as trouble:
        raise ObjectError(f"it did not arrive: {clean(trouble, 150)}") from None


def _refusal(refusal: ClientError) -> str:
    error = refusal.response.get("Error", {})
    code = clean(error.get("Code"), 60)
    status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    words = ADVICE.get(code) or ("these credentials may not do that" if status == 403 else "")
    return f"The object store answers {code or status}{f': {words}' if words else ''}"
