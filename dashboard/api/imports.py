"""POST /api/v1/usage/import: a file of calls, counted while the sender waits."""

from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings

from dashboard.api import uploads
from dashboard.api.auth import INGEST_ROLES, ApiRequest, api
from dashboard.api.errors import ApiError
from dashboard.api.pagination import parse_choice, reject_unknown_parameters
from dashboard.core import clock
from dashboard.findings.enqueue import enqueue_scan
from dashboard.usage.connectors.push import upload
from dashboard.usage.connectors.tempdir import temporary_folder
from dashboard.usage.formats.registry import format_choices
from dashboard.usage.ingest.decompress import file_kind

__all__ = ["STATUS_BY_ERROR", "import_usage"]

STATUS_BY_ERROR: dict[type[upload.PushError], int] = {
    upload.UnknownSourceError: 404,
    upload.WrongSourceKindError: 409,
    upload.SourcePausedError: 409,
    upload.TryAgainError: 503,
    upload.PushError: 422,
}
ENCODINGS = {"": "", "identity": "", "gzip": "gz", "x-gzip": "gz", "zstd": "zst"}


@api("POST", roles=INGEST_ROLES, sessions=False)
def import_usage(request: ApiRequest) -> dict[str, Any]:
    """Into `?source=`, in `?format=` or the source's own; answers as `usage import --json` does."""
    reject_unknown_parameters(request, "source", "format")
    started, now = monotonic(), clock.latest()
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise ApiError(415, f"Content-Encoding may be gzip or zstd, not {encoding[:40]!r}")
    if not request.GET.get("source", "").strip():
        raise ApiError(400, "Name the source: ?source=NAME", parameter="source")
    wanted = parse_choice(request, "format", format_choices())
    try:
        source = upload.push_source(request.GET["source"])
        with temporary_folder() as room:
            path = room / "body"
            if not uploads.save_body(request, path, settings.SUNDIAL_PUSH_MAX_BYTES):
                raise ApiError(400, "The body is empty: send a file, with curl as --data-binary @FILE")
            _check_encoding(path, ENCODINGS[encoding])
            name = f"{now:%Y-%m-%d %H:%M:%S} {request.token.name if request.token else ''}".strip()
            counts = upload.import_upload(source, path, wanted or source.format, name, now)
    except upload.PushError as problem:
        raise ApiError(STATUS_BY_ERROR[type(problem)], str(problem)) from None
    if counts.accepted:
        enqueue_scan()
    return {"files": 1, **asdict(counts), "seconds": round(monotonic() - started, 3)}


def _check_encoding(path: Path, told: str) -> None:
    """What a file is can be seen from its first bytes; a header that says otherwise is a mistake."""
    if told and file_kind(path) != told:
        raise ApiError(400, "The body is not encoded as Content-Encoding says")
