"""A bucket of Amazon S3 or of another store with its API: listed in order of the keys, read by key.

Every error becomes a ConnectorError, which ends a poll, or an ObjectError, which says why one object could not be
read. Neither repeats a secret.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from urllib3.exceptions import HTTPError

from dashboard.core.http.addresses import PrivateAddressError, check_host
from dashboard.core.http.transport import PublicConnection
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.s3.config import store_destination, validate_access
from dashboard.usage.connectors.secrets import read_secret
from dashboard.usage.records import clean

__all__ = ["Bucket", "ObjectError", "StoredObject", "open_bucket"]

log = logging.getLogger(__name__)

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
    """An object as a listing shows it; other content under the same key has another ETag."""

    key: str
    etag: str
    size: int
    modified: datetime


class ObjectError(Exception):
    """Why an object could not be read. `is_gone`: it was deleted or overwritten since it was item."""

    def __init__(self, reason: str, *, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.is_gone = is_gone


@contextmanager
def open_bucket(config: Mapping[str, Any], *, attempts: int = 4, timeout: int = TIMEOUT) -> Iterator["Bucket"]:
    """The bucket of a configuration. Raises ConnectorError or SecretError, here and while it is used."""
    validate_access(config)
    endpoint = config.get("endpoint_url") or None
    destination = store_destination(config)
    keys = {
        name: read_secret(config[field], destination)
        for name, field in (
            ("aws_access_key_id", "access_key"),
            ("aws_secret_access_key", "secret_key"),
            ("aws_session_token", "session_token"),
        )
        if config.get(field)
    }
    # Other stores than Amazon's have no host name per bucket, and fewer checksums.
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
    with _store_errors():
        session = boto3.session.Session(region_name=config.get("region") or None, **keys)
        region = session.region_name or "us-east-1"
        client = session.client("s3", region_name=region, endpoint_url=endpoint, config=settings)
        _refuse_private_networks(client)
    try:
        yield Bucket(client, str(config["bucket"]))
    finally:
        client.close()


def _refuse_private_networks(client: Any) -> None:
    """Check every address that a client connects to; botocore has no option for that."""
    session = client._endpoint.http_session  # noqa: SLF001
    session._pool_classes_by_scheme.update(http=_PublicPool, https=_PublicTlsPool)  # noqa: SLF001
    at = urlsplit(client.meta.endpoint_url)
    with _store_errors():  # where a proxy connects, nothing else can be seen
        check_host(at.hostname or "", at.port or 443)


class _PublicAwsConnection(PublicConnection, AWSHTTPConnection):
    pass


class _PublicAwsTlsConnection(PublicConnection, AWSHTTPSConnection):
    pass


class _PublicPool(AWSHTTPConnectionPool):
    ConnectionCls = _PublicAwsConnection


class _PublicTlsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _PublicAwsTlsConnection


class Bucket:
    """Safe to use from several threads."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def list_page(self, prefix: str, after: str) -> tuple[list[StoredObject], bool]:
        """Up to 1,000 objects whose keys sort after `after`, and whether there are more."""
        with _store_errors():
            answer = self._client.list_objects_v2(
                Bucket=self.name, Prefix=prefix, MaxKeys=PAGE, **({"StartAfter": after} if after else {})
            )
        contents = answer.get("Contents") or []
        items = [StoredObject(o["Key"], o.get("ETag", ""), o.get("Size", 0), o["LastModified"]) for o in contents]
        return items, bool(answer.get("IsTruncated")) and bool(items)

    def read_object(self, item: StoredObject) -> bytes:
        """The whole of a small object, as it was when it was listed. Raises ObjectError or ConnectorError."""
        with _object_errors(), self._body(item) as body:
            data: bytes = body.read(item.size + 1)
        return _whole(data, item)

    def read_start(self, item: StoredObject, most: int) -> bytes:
        """The first `most` bytes of an object. Raises ObjectError or ConnectorError."""
        with _object_errors(), self._body(item) as body:
            data: bytes = body.read(most)
        return data

    def download(self, item: StoredObject, path: Path) -> None:
        """Write a large object to a file, piece by piece. Raises ObjectError or ConnectorError."""
        written = 0
        with _object_errors(), self._body(item) as body, path.open("wb") as file:
            for piece in body.iter_chunks(CHUNK):
                written += len(piece)
                if written > item.size:
                    break
                file.write(piece)
        if written != item.size:
            raise ObjectError("its length is not the one that was listed")

    @contextmanager
    def _body(self, item: StoredObject) -> Iterator[Any]:
        matching = {"IfMatch": item.etag} if item.etag else {}
        body = self._client.get_object(Bucket=self.name, Key=item.key, **matching)["Body"]
        try:
            yield body
        finally:
            body.close()


def _whole(data: bytes, item: StoredObject) -> bytes:
    if len(data) != item.size:
        raise ObjectError("its length is not the one that was listed")
    return data


@contextmanager
def _store_errors() -> Iterator[None]:
    """Errors of the store as a whole."""
    try:
        yield
    except ClientError as refusal:
        raise ConnectorError(_refusal(refusal)) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise ConnectorError(
            "There are no credentials for the object store: name access_key and secret_key"
        ) from None
    except (ParamValidationError, ValueError) as error:
        raise ConnectorError(f"The object store cannot be asked: {clean(error, 250)}") from None
    except (BotoCoreError, HTTPError, OSError, PrivateAddressError) as error:
        raise _unreachable(error) from None


@contextmanager
def _object_errors() -> Iterator[None]:
    """Errors of one object as ObjectError, of the store as ConnectorError."""
    try:
        with _transfer_errors():
            yield
    except ClientError as refusal:
        code = str(refusal.response.get("Error", {}).get("Code", ""))
        status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status in {404, 412} or code in {"NoSuchKey", "PreconditionFailed"}:
            raise ObjectError("it was deleted or overwritten after it was listed", is_gone=True) from None
        if code in {"InvalidObjectState", "AccessDenied"} or str(code).startswith("KMS."):
            words = "it is archived" if code == "InvalidObjectState" else "these credentials may not read it"
            raise ObjectError(words) from None
        raise ConnectorError(_refusal(refusal)) from None


@contextmanager
def _transfer_errors() -> Iterator[None]:
    try:
        yield
    except (ReadTimeoutError, HTTPError) as error:
        raise ObjectError(f"it did not arrive: {clean(error, 150)}") from None
    except (HTTPClientError, PrivateAddressError) as error:
        raise _unreachable(error) from None
    except BotoCoreError as error:
        raise ObjectError(f"it did not arrive: {clean(error, 150)}") from None


def _unreachable(error: Exception) -> ConnectorError:
    """One sentence for closed ports, silent ones and those that speak something else; the log has the reason."""
    cause = getattr(error, "kwargs", {}).get("error", error)
    if isinstance(cause, PrivateAddressError):
        return ConnectorError(str(cause))
    log.warning("the object store cannot be reached: %s", clean(error, 250))
    return ConnectorError("The object store cannot be reached at this address")


def _refusal(refusal: ClientError) -> str:
    error = refusal.response.get("Error", {})
    code = clean(error.get("Code"), 60)
    status = refusal.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    words = ADVICE.get(code) or ("these credentials may not do that" if status == 403 else "")
    return f"The object store answers {code or status}{f': {words}' if words else ''}"
