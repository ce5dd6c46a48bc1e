"""From a catalog file to a `Document`: the schema of the YAML, JSON and CSV files.

Pure. Every problem names file, line and field, and all of them are reported at once. References to
replacements stay as written; whether they exist is for `changes.merge`, which sees the whole catalog.
"""

from collections.abc import Callable, Iterable
from datetime import date

from dashboard.catalog.choices import Confidence, Kind, MilestoneKind, OnSunset, Precision
from dashboard.catalog.documents import (
    AliasDoc,
    CatalogError,
    Document,
    EntryDoc,
    MilestoneDoc,
    PlatformDoc,
    RevisionDoc,
)
from dashboard.catalog.files.csv_table import parse_csv
from dashboard.catalog.files.values import SLUG, FieldReader, ProblemReport
from dashboard.catalog.files.yaml_json import Node, parse_json, parse_yaml, raise_problem

__all__ = ["MAX_BYTES", "SUFFIXES", "parse_file"]

MAX_BYTES = 32 * 1024 * 1024
SUFFIXES: dict[str, Callable[[str, str], Node]] = {
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".json": parse_json,
    ".csv": parse_csv,
}


def parse_file(content: bytes, suffix: str, file: str) -> Document:
    """The document in a file's bytes; `suffix` gives its format. Raises CatalogError."""
    tree_of = SUFFIXES.get(suffix.lower())
    if not tree_of:
        raise_problem(file, 0, "suffix", text=repr(suffix))
    if len(content) > MAX_BYTES:
        raise_problem(file, 0, "too_large", n=MAX_BYTES // 1024 // 1024)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise_problem(file, content.count(b"\n", 0, problem.start) + 1, "not_utf8")
    schema = _Schema(file)
    try:
        document = schema.document(tree_of(text, file))
    except RecursionError:
        raise_problem(file, 0, "nested_too_deeply")
    if schema.problems:
        raise CatalogError(schema.problems)
    return document


class _Schema(ProblemReport):
    """The schema of a catalog file."""

    def document(self, root: Node) -> Document:
        fields = FieldReader(self, root, "", ("platform", "platforms", "vendors", "entries"))
        document = Document()
        default = ""
        if "platform" in fields.values:
            default = self.platform(fields.values["platform"], "platform", document)
        for node, path in fields.items("platforms"):
            self.platform(node, path, document)
        vendors = fields.values.get("vendors")
        if vendors and vendors.value:
            names = FieldReader(self, vendors, "vendors", vendors.value if isinstance(vendors.value, dict) else ())
            for slug in names.values:
                if not SLUG.fullmatch(slug):
                    names.problem(slug, "vendor_slug")
                document.vendors[slug] = names.text(slug, 100, required=True)
        seen: set[tuple[str, str]] = set()
        for node, path in fields.items("entries"):
            entry = self.entry(node, path, default)
            if entry.id and entry.key in seen:
                self.problem(node, f"{path}.id", "entry_twice", name=entry.id)
            seen.add(entry.key)
            document.entries.append(entry)
        return document

    def platform(self, node: Node, path: str, document: Document) -> str:
        """Read one platform; a bare text refers to one that the catalog has."""
        if isinstance(node.value, str):
            node = Node({"slug": node}, node.line)
        fields = FieldReader(self, node, path, ("slug", "name", "url", "case_sensitive"))
        slug = fields.slug("slug", required=True)
        document.platforms[slug] = PlatformDoc(
            slug=slug,
            name=fields.text("name", 100),
            url=fields.url("url"),
            case_sensitive=fields.truth("case_sensitive", default=True),
            at=self.place(node, path),
        )
        return slug

    def entry(self, node: Node, path: str, platform: str) -> EntryDoc:
        known = ("platform", "id", "vendor", "kind", "released", "confidence", "note", "aliases", "history")
        fields = FieldReader(self, node, path, known)
        given = {"released_on" if name == "released" else name for name in fields.values}
        return EntryDoc(
            platform=fields.slug("platform", required=not platform) or platform,
            id=fields.text("id", 200, required=True),
            vendor=fields.slug("vendor"),
            kind=fields.choice("kind", Kind.values, Kind.CHAT),
            released_on=fields.day("released"),
            confidence=fields.choice("confidence", Confidence.values, Confidence.HIGH),
            note=fields.text("note", 10_000, lines=True),
            aliases=tuple(self.alias(*item) for item in fields.items("aliases")),
            history=tuple(self.revision(*item) for item in fields.items("history")),
            given=frozenset(given & {"vendor", "kind", "released_on", "confidence", "note"}),
            at=self.place(node, path),
        )

    def alias(self, node: Node, path: str) -> AliasDoc:
        if isinstance(node.value, str):
            node = Node({"name": node}, node.line)
        fields = FieldReader(self, node, path, ("name", "from", "to", "source", "note"))
        from_on, to_on = fields.day("from"), fields.day("to")
        if from_on and to_on and from_on > to_on:
            fields.problem("to", "alias_span")
        return AliasDoc(
            name=fields.text("name", 200, required=True),
            from_on=from_on,
            to_on=to_on,
            source_url=fields.url("source"),
            note=fields.text("note", 300),
            at=self.place(node, path),
        )

    def revision(self, node: Node, path: str) -> RevisionDoc:
        known = ("known", "source", "source_day", "note", "milestones", "on_sunset", "replacements")
        fields = FieldReader(self, node, path, known)
        listed = fields.values.get("replacements")
        references = None
        if listed and listed.value is not None:
            items = fields.items("replacements")
            references = tuple(text for item, where in items if (text := self.text(item, where, 300)))
        return RevisionDoc(
            known_on=fields.day("known", required=True) or date.min,
            source_url=fields.url("source", required=True),
            source_day=fields.day("source_day"),
            note=fields.text("note", 10_000, lines=True),
            milestones=self.milestones(fields),
            on_sunset=fields.choice("on_sunset", OnSunset.values, ""),
            references=references,
            at=self.place(node, path),
        )

    def milestones(self, revision: FieldReader) -> tuple[MilestoneDoc, ...]:
        """A mapping of kind to a day, a mapping or a list of mappings; or a list of mappings with `kind`."""
        node = revision.values.get("milestones")
        milestones: dict[tuple[str, str], MilestoneDoc] = {}
        for kind, item, path in self.milestone_items(revision, node):
            step = self.milestone(kind, item, path)
            if (step.kind, step.region) in milestones:
                self.problem(item, path, "milestone_twice", kind=step.kind)
            milestones[step.kind, step.region] = step
        return tuple(milestones.values())

    def milestone_items(self, revision: FieldReader, node: Node | None) -> Iterable[tuple[str, Node, str]]:
        if node is None or node.value is None:
            return
        if isinstance(node.value, list):
            yield from (("", item, path) for item, path in revision.items("milestones"))
            return
        by_kind = FieldReader(self, node, revision.name("milestones"), MilestoneKind.values)
        for kind, value in by_kind.values.items():
            if isinstance(value.value, list):
                yield from ((kind, item, path) for item, path in by_kind.items(kind))
            else:
                yield kind, value, by_kind.name(kind)

    def milestone(self, kind: str, node: Node, path: str) -> MilestoneDoc:
        if not isinstance(node.value, dict):
            day = None if node.value is None else self.day(node, path)
            return MilestoneDoc(kind, day)
        fields = FieldReader(
            self, node, path, ("on", "precision", "region") if kind else ("kind", "on", "precision", "region")
        )
        if "on" not in fields.values:
            fields.problem("on", "missing_or_null")
        if not kind:
            fields.text("kind", 40, required=True)
        return MilestoneDoc(
            kind=kind or fields.choice("kind", MilestoneKind.values, ""),
            on=fields.day("on"),
            precision=fields.choice("precision", Precision.values, Precision.DAY),
            region=fields.text("region", 40),
        )
