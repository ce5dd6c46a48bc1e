"""Undo reads structured values from the audit log: no wording, no language, and any edit goes back."""

from datetime import date, timedelta

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.changes.audit_fields import audit_values
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.changes.undo import DERIVED_FIELDS, can_undo, undo
from dashboard.catalog.documents import (
    AliasDoc,
    CatalogError,
    Document,
    EntryDoc,
    MilestoneDoc,
    PlatformDoc,
    RevisionDoc,
)
from dashboard.catalog.models import Entry
from dashboard.core.audit import render_changes
from dashboard.core.models import AuditEntry
from tests.factories import NOW

TODAY = date(2023, 12, 8)
SOURCE = "https://example.com/deprecations"
OLD = EntryDoc(
    "openai",
    "davinci",
    vendor="openai",
    kind="completion",
    aliases=(AliasDoc("davinci-latest", date(2023, 1, 1), None, SOURCE, 'says "latest" [sic] <2023>'),),
    history=(
        RevisionDoc(
            date(2023, 7, 6),
            SOURCE,
            milestones=(
                MilestoneDoc("announced", date(2023, 7, 6)),
                MilestoneDoc("sunset", date(2024, 1, 4)),
                MilestoneDoc("sunset", date(2024, 2, 1), "month", "us-east-1"),
            ),
            on_sunset="fails",
            references=("davinci-002", "azure-openai/gpt-4"),
        ),
    ),
)
CATALOG = Document(
    platforms={slug: PlatformDoc(slug, slug) for slug in ("openai", "azure-openai")},
    entries=[OLD, EntryDoc("openai", "davinci-002"), EntryDoc("azure-openai", "gpt-4")],
)


def store(entry: EntryDoc) -> AuditEntry:
    apply_document(Document(entries=[entry]), now=NOW, origin="file")
    return AuditEntry.objects.filter(model="catalog.entry").latest("pk")


def values() -> dict:
    """What the audit log would keep now, without what follows from other fields and without withdrawn dates."""
    record = next(doc for doc in load_catalog().document.entries if doc.key == OLD.key)
    return {
        name: value
        for name, value in audit_values(record).items()
        if name not in DERIVED_FIELDS and not (isinstance(value, dict) and value["on"] is None)
    }


@pytest.fixture
def entry(db) -> Entry:
    apply_document(CATALOG, now=NOW, origin="file")
    return Entry.objects.get(name="davinci")


def moved(day: date = date(2024, 6, 14), **changes) -> EntryDoc:
    revision = RevisionDoc(
        date(2023, 12, 1), SOURCE + "/new", milestones=(MilestoneDoc("sunset", day),), **changes
    )
    return EntryDoc("openai", "davinci", history=(revision,))


def test_what_was_recorded_in_another_language_is_undone(entry):
    before = values()
    with override("zh-hans"):
        change = store(moved(on_sunset="redirects"))
        undone = undo(entry, change, now=NOW, today=TODAY, by=None)
    assert undone == ["sunset", "on_sunset"]
    assert values() == before


def test_an_entry_keeps_values_and_each_reader_gets_them_in_their_language(entry):
    change = store(moved(on_sunset="redirects"))
    assert change.after["sunset"] == {"kind": "sunset", "region": "", "on": "2024-06-14", "precision": "day"}
    assert change.after["replacements"] == [{"id": "davinci-002"}, {"platform": "azure-openai", "id": "gpt-4"}]
    english = {c.name: (c.label, c.before, c.after) for c in render_changes(change)}
    assert english["sunset"] == ("Sunset", "2024-01-04", "2024-06-14")
    assert english["on_sunset"] == ("On sunset", "Calls fail", "Calls are redirected")
    with override("zh-hans"):
        chinese = {c.name: c.label for c in render_changes(change)}
    assert chinese["sunset"] == "下线"


def test_undoing_the_same_change_again_and_again_works_within_one_minute(entry):
    store(moved())
    for expected in ("2024-01-04", "2024-06-14", "2024-01-04", "2024-06-14"):
        latest = AuditEntry.objects.filter(model="catalog.entry").latest("pk")
        undo(entry, latest, ["sunset"], now=NOW, today=TODAY, by=None)
        assert values()["sunset"]["on"] == expected


def test_values_that_are_none_of_the_catalogs_are_refused(entry):
    change = AuditEntry(
        at=NOW, model="catalog.entry", action="changed", before={"mood": "good"}, after={"mood": None}
    )
    with pytest.raises(CatalogError, match="cannot be undone"):
        undo(entry, change, now=NOW, today=TODAY, by=None)


DAYS = st.integers(0, 1000).map(lambda n: date(2023, 1, 1) + timedelta(days=n))
MILESTONES = st.builds(
    MilestoneDoc,
    kind=st.sampled_from(["legacy", "closed_to_new", "lockout", "sunset"]),
    on=st.none() | DAYS.map(lambda day: day + timedelta(days=400)),
    precision=st.sampled_from(["day", "month", "not_before", "tentative"]),
    region=st.sampled_from(["", "us-east-1", "eu (west)", "@"]),
).map(lambda step: step if step.on else MilestoneDoc(step.kind, None, region=step.region))
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(str.strip)
ALIASES = st.builds(
    AliasDoc,
    name=st.sampled_from(["a", 'b "c"', "d [2023..]", "davinci-latest"]),
    from_on=st.none() | DAYS,
    source_url=st.sampled_from(["", SOURCE]),
    note=TEXTS,
)
REVISIONS = st.builds(
    RevisionDoc,
    known_on=st.just(date(2023, 12, 1)),
    source_url=st.just(SOURCE + "/new"),
    note=TEXTS,
    milestones=st.lists(MILESTONES, max_size=4, unique_by=lambda step: (step.kind, step.region)).map(tuple),
    on_sunset=st.sampled_from(["", "fails", "redirects"]),
    references=st.none() | st.sampled_from([(), ("davinci-002",), ("//azure-openai/gpt-4", "davinci-002")]),
)
EDITS = st.builds(
    EntryDoc,
    platform=st.just("openai"),
    id=st.just("davinci"),
    vendor=st.sampled_from(["", "openai", "microsoft"]),
    kind=st.sampled_from(["chat", "completion", "other"]),
    released_on=st.none() | DAYS,
    confidence=st.sampled_from(["high", "low"]),
    note=TEXTS,
    aliases=st.lists(ALIASES, max_size=2, unique_by=lambda alias: alias.name).map(tuple),
    history=st.lists(REVISIONS, max_size=1).map(tuple),
    given=st.frozensets(st.sampled_from(["vendor", "kind", "released_on", "confidence", "note"])),
)


class AnyEdit(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(edit=EDITS)
    def test_undoing_any_edit_restores_the_record(self, edit: EntryDoc) -> None:
        apply_document(CATALOG, now=NOW, origin="file")
        before = values()
        try:
            result = apply_document(Document(entries=[edit]), now=NOW, origin="file")
        except CatalogError:
            return  # a rule of the catalog refused it
        change = AuditEntry.objects.filter(model="catalog.entry").latest("pk")
        if not result.changed or not any(can_undo(change, name) for name, _, _ in change.changes):
            return
        undo(Entry.objects.get(name="davinci"), change, now=NOW, today=TODAY, by=None)
        assert values() == before
