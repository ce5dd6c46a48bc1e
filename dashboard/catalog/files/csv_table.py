"""The catalog as one CSV table: a row per platform, vendor, entry, alias, revision and milestone.

Pure. The column `row` is the kind of a row; a milestone belongs to the revision above it. A list of replacements
has one per line within the cell. Text that a spreadsheet would take for a formula is written with an apostrophe
in front, which reading removes.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from dashboard.catalog.documents import AliasDoc, Document, EntryDoc, Key, RevisionDoc
from dashboard.catalog.files.yaml_json import Node, raise_problem
from dashboard.core.csv_safety import guard_formula, unguard_formula

__all__ = ["parse_csv", "write_csv"]

COLUMNS = (
    "row",
    "platform",
    "id",
    "name",
    "url",
    "case_sensitive",
    "vendor",
    "kind",
    "released",
    "confidence",
    "note",
    "from",
    "to",
    "known",
    "source",
    "source_day",
    "on_sunset",
    "replacements",
    "milestone",
    "region",
    "on",
    "precision",
)
NO_REPLACEMENTS = "(none)"

# The columns that each kind of row uses, by the name that the field has in a YAML file.
_PLATFORM = {"slug": "platform", "name": "name", "url": "url", "case_sensitive": "case_sensitive"}
_ENTRY = {name: name for name in ("platform", "id", "vendor", "kind", "released", "confidence", "note")}
_ALIAS = {name: name for name in ("name", "from", "to", "source", "note")}
_REVISION = {name: name for name in ("known", "source", "source_day", "note", "on_sunset")}
_MILESTONE = {"kind": "milestone", "region": "region", "on": "on", "precision": "precision"}


def parse_csv(text: str, file: str) -> Node:
    """The rows as the tree that a YAML file with the same content would give. Raises CatalogError."""
    platforms: list[Node] = []
    vendors: dict[str, Node] = {}
    entries: dict[Key, Node] = {}
    revision: tuple[Key, Node] | None = None
    for line, cells in _rows(text, file):
        kind, key = cells["row"], (cells["platform"], cells["id"])
        if kind == "platform":
            platforms.append(_fields(cells, _PLATFORM, line))
        elif kind == "vendor":
            vendors[cells["vendor"]] = Node(cells["name"], line)
        elif kind == "entry":
            if key in entries:
                raise_problem(file, line, "csv_entry_twice", name="/".join(key))
            entries[key] = _fields(cells, _ENTRY, line)
        elif kind in {"alias", "revision", "milestone"}:
            entry = entries.get(key)
            if not entry:
                raise_problem(file, line, "csv_no_entry", name="/".join(key))
            if kind == "alias":
                _append(entry, "aliases", _fields(cells, _ALIAS, line))
            elif kind == "revision":
                revision = key, _revision(cells, line)
                _append(entry, "history", revision[1])
            elif not revision or revision[0] != key:
                raise_problem(file, line, "csv_no_revision", name="/".join(key))
            else:
                _append(revision[1], "milestones", _fields(cells, _MILESTONE, line, keep=("on",)))
        else:
            raise_problem(file, line, "csv_row_kind", kind=repr(kind))
    return Node(
        {
            "platforms": Node(platforms, 1),
            "vendors": Node(vendors, 1),
            "entries": Node(list(entries.values()), 1),
        },
        1,
    )


def write_csv(document: Document) -> str:
    """A document as CSV, in its order."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n", restval="")
    writer.writeheader()
    for row in _rows_of(document):
        writer.writerow(
            {name: guard_formula(str(value)) for name, value in row.items() if value not in {None, ""}}
        )
    return out.getvalue()


def _rows(text: str, file: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of each row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        unknown = [name for name in header if name not in COLUMNS]
        if unknown or len(set(header)) < len(header) or not {"row", "platform", "id"} <= set(header):
            raise_problem(file, 1, "csv_columns", names=", ".join(COLUMNS[3:]))
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(header):
                raise_problem(file, line, "csv_cells", cells=len(cells), columns=len(header))
            if any(cells):
                plain = (unguard_formula(cell) for cell in cells)
                yield line, {**dict.fromkeys(COLUMNS, ""), **dict(zip(header, plain, strict=False))}
            line = reader.line_num + 1
    except csv.Error as problem:
        raise_problem(file, line, "not_csv", reason=str(problem))


def _fields(cells: dict[str, str], names: dict[str, str], line: int, keep: tuple[str, ...] = ()) -> Node:
    """The cells that are filled in, by field; those to `keep` are None when empty."""
    return Node(
        {
            name: Node(cells[column] or None, line)
            for name, column in names.items()
            if cells[column] or name in keep
        },
        line,
    )


def _revision(cells: dict[str, str], line: int) -> Node:
    node = _fields(cells, _REVISION, line)
    if cells["replacements"]:
        listed = [] if cells["replacements"] == NO_REPLACEMENTS else cells["replacements"].splitlines()
        node.value["replacements"] = Node([Node(text, line) for text in listed], line)
    return node


def _append(parent: Node, name: str, child: Node) -> None:
    parent.value.setdefault(name, Node([], child.line)).value.append(child)


def _rows_of(document: Document) -> Iterator[dict[str, object]]:
    for platform in document.platforms.values():
        yield {
            "row": "platform",
            "platform": platform.slug,
            "name": platform.name,
            "url": platform.url,
            "case_sensitive": "true" if platform.case_sensitive else "false",
        }
    for slug, name in document.vendors.items():
        yield {"row": "vendor", "vendor": slug, "name": name}
    for entry in document.entries:
        yield from _rows_of_entry(entry)


def _rows_of_entry(entry: EntryDoc) -> Iterator[dict[str, object]]:
    key = {"platform": entry.platform, "id": entry.id}
    yield {
        "row": "entry",
        **key,
        "vendor": entry.vendor,
        "kind": entry.kind,
        "released": entry.released_on,
        "confidence": entry.confidence,
        "note": entry.note,
    }
    yield from ({**key, **row} for row in _alias_rows(entry.aliases))
    for revision in entry.history:
        yield from ({**key, **row} for row in _revision_rows(revision))


def _alias_rows(aliases: Iterable[AliasDoc]) -> Iterator[dict[str, object]]:
    for alias in aliases:
        yield {
            "row": "alias",
            "name": alias.name,
            "from": alias.from_on,
            "to": alias.to_on,
            "source": alias.source_url,
            "note": alias.note,
        }


def _revision_rows(revision: RevisionDoc) -> Iterator[dict[str, object]]:
    listed = None if revision.references is None else "\n".join(revision.references) or NO_REPLACEMENTS
    yield {
        "row": "revision",
        "known": revision.known_on,
        "source": revision.source_url,
        "source_day": revision.source_day,
        "note": revision.note,
        "on_sunset": revision.on_sunset,
        "replacements": listed,
    }
    for step in revision.milestones:
        yield {
            "row": "milestone",
            "milestone": step.kind,
            "region": step.region,
            "on": step.on,
            "precision": step.precision,
        }
