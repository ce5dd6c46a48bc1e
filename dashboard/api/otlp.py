"""POST /v1/traces, /v1/metrics and /v1/logs: what OpenTelemetry's exporters speak, OTLP over HTTP.

Answers in the encoding of the request, as the protocol says: an Export…ServiceResponse, with what was rejected,
or a google.rpc.Status. An exporter retries after 429 and 503 only.
Specification: opentelemetry.io/docs/specs/otlp.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from dashboard.api import uploads
from dashboard.api.auth import INGEST_ROLES, authenticate, require_role
from dashboard.api.errors import ApiError
from dashboard.api.imports import STATUS_BY_ERROR
from dashboard.api.otlp_responses import failure_response, success_response
from dashboard.core import clock
from dashboard.usage.connectors.push import otlp_batches, upload
from dashboard.usage.formats.otlp.requests import SIGNALS, Signal
from dashboard.usage.ingest.decompress import gunzip
from dashboard.usage.ingest.errors import ContentError, ContentTooLargeError

__all__ = ["logs", "metrics", "traces"]

log = logging.getLogger(__name__)

MAX_BYTES = 32 << 20  # of a request, as sent and decompressed
RETRY_SECONDS = 5
TYPES = {"application/json": True, "application/x-protobuf": False, "application/protobuf": False}


def receiver(signal: Signal) -> Callable[[HttpRequest], HttpResponse]:
    """The view of one kind of telemetry. It needs a token and takes no session, so no CSRF check."""

    def receive(request: HttpRequest) -> HttpResponse:
        is_json = TYPES.get(request.content_type or "", True)
        try:
            rejected, reasons = _ingest(request, signal)
        except ApiError as error:
            return _error_response(error.status, error.detail, is_json=is_json)
        except upload.SourcePausedError as error:
            return _error_response(503, str(error), is_json=is_json)  # the exporter keeps it for a while
        except upload.PushError as error:
            return _error_response(STATUS_BY_ERROR[type(error)], str(error), is_json=is_json)
        except (OperationalError, InterfaceError):
            return _error_response(503, "The database is busy: send it again", is_json=is_json)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return _error_response(500, "Something broke here; the server's log says what", is_json=is_json)
        return success_response(signal.name, rejected, "; ".join(reasons[:5]), is_json=is_json)

    vars(receive).update(login_required=False, reads_as_of=True, csrf_exempt=True)
    return receive


traces, metrics, logs = (receiver(SIGNALS[name]) for name in ("traces", "metrics", "logs"))


def _ingest(request: HttpRequest, signal: Signal) -> tuple[int, list[str]]:
    """Count the request's records; how many were rejected, and why. Raises ApiError, PushError."""
    if request.method != "POST":
        raise ApiError(405, f"{request.method} is not possible here")
    require_role(authenticate(request), INGEST_ROLES)
    if request.content_type not in TYPES:
        raise ApiError(415, f"Content-Type must be one of {', '.join(TYPES)}")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise ApiError(415, "Content-Encoding must be gzip, or none")
    source = upload.otlp_source(request.GET.get("source", ""))
    body = uploads.read_body(request, MAX_BYTES)
    size = len(body)
    try:
        body = gunzip(body, MAX_BYTES) if encoding == "gzip" else body
        records = signal.records(body, is_json=TYPES[request.content_type])
    except ContentTooLargeError as error:
        raise ApiError(413, f"The body {error}") from None
    except ContentError as error:
        raise ApiError(400, f"The body {error}") from None
    except ValueError as error:
        raise ApiError(400, f"The body is {error}") from None

    def add(batch: Any) -> None:
        signal.format.add(records, batch)

    counts, reasons = otlp_batches.import_batch(
        source, request.path, f"otlp-{signal.name}", add, size, clock.latest()
    )
    return counts.rejected, reasons


def _error_response(status: int, message: str, *, is_json: bool) -> HttpResponse:
    response = failure_response(status, message, is_json=is_json)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Sundial"'
    if status == 405:
        response["Allow"] = "POST"
    if status == 503:
        response["Retry-After"] = RETRY_SECONDS
    return response
