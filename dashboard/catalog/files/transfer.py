"""Catalog files in and out: YAML, JSON and CSV by suffix, and the files that Sundial ships."""

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction

from dashboard.catalog import serializers, snapshot
from dashboard.catalog.changes.apply import SHIPPED, ImportResult, apply_document
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.documents import CatalogError, Document
from dashboard.catalog.files.parse import MAX_BYTES, parse_file
from dashboard.catalog.files.write import to_csv, to_yaml
from dashboard.catalog.models import CatalogVersion

__all__ = ["DATA", "CatalogError", "ImportResult", "export_text", "import_file", "load_shipped"]

DATA = Path(__file__).parents[1] / "data"


def import_file(
    source: Path | str | BinaryIO,
    suffix: str = "",
    *,
    now: datetime,
    origin: str,
    by: Any = None,
    dry_run: bool = False,
) -> ImportResult:
    """Import one file into the catalog: all or nothing, append-only, idempotent.

    `source` is a path or an open binary stream, `suffix` its format (by default the path's). Raises
    CatalogError naming file, line and field of every problem, OSError when the file cannot be read.
    """
    if isinstance(source, Path | str):
        path = Path(source)
        name, suffix = path.name, suffix or path.suffix
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    else:
        name = getattr(source, "name", "") or f"upload{suffix}"
        content = source.read(MAX_BYTES + 1)
    return apply_document(parse_file(content, suffix, name), now=now, origin=origin, by=by, dry_run=dry_run)


def load_shipped(now: datetime, *, folder: Path = DATA, again: bool = False) -> ImportResult:
    """Load every file that Sundial ships, as one document; does nothing while they are as last loaded.

    What a person typed stays. `again` compares even if the files have not changed.
    """
    contents = {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
    digest = hashlib.sha256(settings.VERSION.encode())
    for name, content in contents.items():
        digest.update(f"{name} {len(content)} ".encode())
        digest.update(content)
    if not again and CatalogVersion.objects.filter(shipped=digest.hexdigest()).exists():
        return ImportResult()
    document = Document.joined(parse_file(content, ".yaml", name) for name, content in contents.items())
    with transaction.atomic():
        result = apply_document(document, now=now, origin=SHIPPED)
        snapshot.lock()
        CatalogVersion.objects.update(shipped=digest.hexdigest())
    return result


def export_text(suffix: str, as_of: date) -> str:
    """The whole catalog as YAML, CSV, or a JSON list of entries in the API's shape as of a day.

    Lossless whatever the day: all revisions are in it. Raises ValueError for another suffix.
    """
    suffix = suffix.lower()
    if suffix in {".yaml", ".yml"}:
        return to_yaml(load_catalog().document)
    if suffix == ".csv":
        return to_csv(load_catalog().document)
    if suffix == ".json":
        return json.dumps(serializers.export(as_of), indent=2, ensure_ascii=False, default=str) + "\n"
    raise ValueError(f"a catalog file ends in .yaml, .json or .csv, not {suffix!r}")
