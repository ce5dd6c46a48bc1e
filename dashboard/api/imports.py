"""POST /api/v1/usage/import: a file of calls, counted while the sender waits."""

from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from dashboard.access.models import ApiToken
from dashboard.api import uploads
from dashboard.api.auth import INGEST_ROLES, BearerToken
from dashboard.api.errors import ApiError, problems
from dashboard.api.parameters import choices, reject_unknown_parameters
from dashboard.api.schemas import ImportCounts
from dashboard.core import clock
from dashboard.findings.enqueue import enqueue_scan
from dashboard.usage.connectors.push import upload
from dashboard.usage.connectors.tempdir import temporary_folder
from dashboard.usage.formats.registry import format_choices
from dashboard.usage.ingest.decompress import file_kind

__all__ = ["STATUS_BY_ERROR", "router"]

router = Router(tags=["usage"])

STATUS_BY_ERROR: dict[type[upload.PushError], int] = {
    upload.UnknownSourceError: 404,
    upload.WrongSourceKindError: 409,
    upload.SourcePausedError: 409,
    upload.TryAgainError: 503,
    upload.PushError: 422,
}
ENCODINGS = {"": "", "identity": "", "gzip": "gz", "x-gzip": "gz", "zstd": "zst"}


class ImportQuery(Schema):
    source: str = Field(
        "",
        description="the short name of a source of the kind push or import",
        json_schema_extra={"x-required": True},
    )
    format: choices("format", format_choices()) = Field("", description="the source's own when absent")  # type: ignore[valid-type]


@router.post(
    "usage/import",
    auth=BearerToken(INGEST_ROLES),
    response={200: ImportCounts, **problems(400, 404, 409, 411, 413, 415, 422, 503, 507)},
    url_name="import",
    operation_id="importUsage",
    summary="Count the calls in a file",
    description="The body is the file as it is, plain, gzip, zstd or Parquet, also in chunks. The same bytes sent "
    "again count as duplicates. `Content-Encoding` may say gzip or zstd, but need not.",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def import_usage(request: HttpRequest, query: Query[ImportQuery]) -> dict[str, Any]:
    """Into `?source=`, in `?format=` or the source's own; answers as `usage import --json` does."""
    reject_unknown_parameters(request, query)
    started, now = monotonic(), clock.latest()
    token: ApiToken = request.auth  # type: ignore[attr-defined]
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise ApiError(415, f"Content-Encoding may be gzip or zstd, not {encoding[:40]!r}")
    if not query.source.strip():
        raise ApiError(400, "Name the source: ?source=NAME", parameter="source")
    try:
        source = upload.push_source(query.source)
        with temporary_folder() as folder:
            path = folder / "body"
            if not uploads.save_body(request, path, settings.SUNDIAL_PUSH_MAX_BYTES):
                raise ApiError(400, "The body is empty: send a file, with curl as --data-binary @FILE")
            _check_encoding(path, ENCODINGS[encoding])
            name = f"{now:%Y-%m-%d %H:%M:%S} {token.name}"
            counts = upload.import_upload(source, path, query.format or source.format, name, now)
    except upload.PushError as error:
        raise ApiError(STATUS_BY_ERROR[type(error)], str(error)) from None
    if counts.accepted:
        enqueue_scan()
    return {"files": 1, **asdict(counts), "seconds": round(monotonic() - started, 3)}


def _check_encoding(path: Path, declared: str) -> None:
    """What a file is can be seen from its first bytes; a header that says otherwise is a mistake."""
    if declared and file_kind(path) != declared:
        raise ApiError(400, "The body is not encoded as Content-Encoding says")
