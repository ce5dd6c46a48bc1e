"""Catalog files: what goes in comes out, errors name their place, and nothing is stored by halves."""

import contextlib
import io
import json
from datetime import UTC, date, datetime

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.catalog import serializers, snapshot
from dashboard.catalog.choices import Confidence, Kind, MilestoneKind, OnSunset, Precision
from dashboard.catalog.documents import CatalogError
from dashboard.catalog.files import transfer
from dashboard.catalog.files.parse import parse_file
from dashboard.catalog.models import Alias, CatalogVersion, Entry, Platform, Revision, Vendor
from dashboard.core.models import AuditEntry
from tests.thorough import examples

pytestmark = pytest.mark.django_db

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)
TODAY = NOW.date()
EVENT = """
platform: {slug: openai, name: OpenAI API, url: https://example.com/dates, case_sensitive: true}
vendors: {openai: OpenAI}
entries:
  - id: ada
    vendor: openai
    kind: completion
    released: 2020-06-11
    aliases:
      - ada:2020-05-03
      - {name: ada-old, from: 2022-01-01, to: 2022-12-31, note: "how it was: then"}
    history:
      - known: 2023-07-06
        source: https://example.com/blog
        milestones: {announced: 2023-07-06, sunset: 2024-01-04}
        on_sunset: redirects
        replacements: [ada-002]
      - known: 2023-11-01
        source: https://example.com/dates
        replacements: [babbage-002, azure-openai/ada]
  - id: ada-002
  - id: babbage-002
    history:
      - known: 2023-08-22
        source: https://example.com/dates
        milestones:
          sunset:
            - {on: 2026-09-28, precision: month}
            - {on: 2026-08-01, region: eu-west-1, precision: tentative}
            - {on: null, region: us-east-1}
  - {id: ada, platform: azure-openai}
platforms:
  - {slug: azure-openai, name: Azure OpenAI, case_sensitive: false}
"""


def bring(text, suffix=".yaml", **options):
    stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return transfer.import_file(stream, suffix, now=NOW, origin="file", **options)


def problems(text, suffix=".yaml"):
    with pytest.raises(CatalogError) as caught:
        bring(text, suffix)
    assert not Entry.objects.exists()
    return [str(problem) for problem in caught.value.problems]


def wipe():
    for model in (Revision, Entry, Platform, Vendor):
        model.objects.all().delete()


def test_a_file_becomes_a_catalog_that_remembers_who_said_what_when():
    result = bring(EVENT)
    assert (result.entries_added, result.revisions, result.aliases) == (4, 3, 2)
    july, november = (snapshot.load(day) for day in (date(2023, 7, 6), date(2023, 11, 1)))
    assert serializers.replacement_ids(july.get("openai", "ada"), july) == ["ada-002"]
    assert serializers.replacement_ids(november.get("openai", "ada"), november) == [
        "babbage-002",
        "azure-openai/ada",
    ]
    assert november.get("openai", "ada").on_sunset == "redirects"
    assert november.get("openai", "ada").sunset_on == date(2024, 1, 4)


def test_the_same_file_again_changes_nothing():
    bring(EVENT)
    before = snapshot.version(), AuditEntry.objects.count()
    assert not bring(EVENT).changed
    assert (snapshot.version(), AuditEntry.objects.count()) == before


def test_a_file_adds_and_updates_and_never_removes():
    bring(EVENT)
    result = bring(
        """
platform: openai
entries:
  - id: ada
    note: Gone for good
    history:
      - {known: 2023-12-01, source: "https://example.com/x", milestones: {sunset: 2024-02-04}}
"""
    )
    assert (result.entries_added, result.entries_changed, result.revisions) == (0, 1, 1)
    ada = Entry.objects.get(name="ada", platform__slug="openai")
    assert (ada.note, ada.kind, ada.released_on) == ("Gone for good", "completion", date(2020, 6, 11))
    assert ada.aliases.count() == 2
    assert ada.revisions.count() == 3
    assert Entry.objects.count() == 4
    change = AuditEntry.objects.get(action="changed")
    [(old, new)] = [(old, new) for name, old, new in change.changes if name == "sunset"]
    assert (old["on"], new["on"]) == ("2024-01-04", "2024-02-04")
    assert Platform.objects.get(slug="openai").name == "OpenAI API"


def test_a_dry_run_tells_what_would_change_and_stores_nothing():
    result = bring(EVENT, dry_run=True)
    assert result.entries_added == 4
    assert "openai/ada: added" in result.changes
    assert not Entry.objects.exists()
    assert snapshot.version() == 0


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".csv"])
def test_an_export_imported_into_an_empty_catalog_exports_the_same_bytes(suffix):
    bring(EVENT)
    first, as_yaml = transfer.export_text(suffix, TODAY), transfer.export_text(".yaml", TODAY)
    wipe()
    bring(first, suffix)
    assert transfer.export_text(suffix, TODAY) == first
    assert transfer.export_text(".yaml", TODAY) == as_yaml


def test_the_json_export_is_a_list_in_the_apis_shape():
    bring(EVENT)
    items = {(item["platform"], item["id"]): item for item in json.loads(transfer.export_text(".json", TODAY))}
    ada = items["openai", "ada"]
    assert ada["stage"] == "deprecated"
    assert (ada["announced_on"], ada["sunset_date"], ada["sunset_precision"]) == (
        "2023-07-06",
        "2024-01-04",
        "day",
    )
    assert ada["replacements"] == ["babbage-002", "azure-openai/ada"]
    assert ada["aliases"] == ["ada-old", "ada:2020-05-03"]
    assert [r["known_on"] for r in ada["revisions"]] == ["2023-07-06", "2023-11-01"]
    assert ada["milestones"][1] == {
        "kind": "sunset",
        "region": None,
        "on": "2024-01-04",
        "precision": "day",
        "source_url": "https://example.com/blog",
    }


def test_a_model_as_the_api_tells_it_holds_nothing_learned_later():
    bring(EVENT)
    known = snapshot.load(date(2023, 10, 31))
    item = serializers.model_json(known.get("openai", "ada"), known)
    assert [r["known_on"] for r in item["revisions"]] == [date(2023, 7, 6)]
    assert item["replacements"] == ["ada-002"]


text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=30).map(
    str.strip
)
word = text.filter(bool)
day = st.dates(date(2000, 1, 1), date(2199, 12, 31))
url = st.sampled_from(["https://example.com/a", "http://example.com/b?c=d#e"])


def some(**fields):
    """A mapping with any of some fields."""
    return st.fixed_dictionaries({}, optional=fields)


def step(kind):
    return st.one_of(
        day,
        st.none(),
        st.lists(
            st.fixed_dictionaries(
                {"on": day | st.none(), "region": word.map(lambda t: t[:40].strip()).filter(bool)},
                optional={"precision": st.sampled_from(Precision.values)},
            ),
            min_size=1,
            max_size=2,
            unique_by=lambda s: s["region"],
        ),
    )


revision = st.builds(
    dict.__or__,
    st.fixed_dictionaries({"known": day, "source": url}),
    some(
        source_day=day,
        note=text,
        on_sunset=st.sampled_from(OnSunset.values),
        milestones=some(**{k: step(k) for k in MilestoneKind.values if k not in {"announced", "sunset"}}),
        replacements=st.lists(st.sampled_from(["other", "groq/third", "//groq/third"]), max_size=2, unique=True),
    ),
)
entry = st.builds(
    dict.__or__,
    st.just({"id": "first"}),
    some(
        vendor=st.just("maker"),
        kind=st.sampled_from(Kind.values),
        released=day,
        confidence=st.sampled_from(Confidence.values),
        note=text,
        aliases=st.lists(
            st.builds(
                dict.__or__,
                st.fixed_dictionaries({"name": word.map(lambda t: f"alias {t}")}),
                some(note=text, source=url),
            ),
            max_size=3,
            unique_by=lambda alias: alias["name"],
        ),
        history=st.lists(revision, max_size=3),
    ),
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry, st.sampled_from([".yaml", ".json", ".csv"]))
def test_whatever_an_entry_holds_survives_a_round_trip(transactional_wipe, first, suffix):
    wipe()
    document = {
        "platforms": [{"slug": "openai", "name": "OpenAI"}, {"slug": "groq", "name": "Groq"}],
        "entries": [
            {"platform": "openai", **first},
            {"platform": "openai", "id": "other"},
            {"platform": "openai", "id": "groq/third"},
            {"platform": "groq", "id": "third"},
        ],
    }
    bring(yaml.safe_dump(document, allow_unicode=True))
    exported, as_yaml = transfer.export_text(suffix, TODAY), transfer.export_text(".yaml", TODAY)
    assert not bring(exported, suffix).changed
    wipe()
    bring(exported, suffix)
    assert transfer.export_text(suffix, TODAY) == exported
    assert transfer.export_text(".yaml", TODAY) == as_yaml


@pytest.fixture
def transactional_wipe(db):
    """Examples share one transaction; each starts by emptying the catalog."""


def test_errors_name_file_line_and_field_all_at_once():
    found = problems(
        """platform: {slug: openai, name: OpenAI}
entries:
  - id: ada
    kind: chatty
    colour: red
    history:
      - known: 2023-7-6
        source: ftp://example.com
        milestones:
          sunset: soon
      - source: https://example.com
  - vendor: openai
"""
    )
    places = {problem.partition(": ")[0]: problem for problem in found}
    assert sorted(places) == sorted(f"upload.yaml:{line}" for line in (4, 5, 7, 8, 10, 11, 12))
    for line, words in (
        (4, "entries[0].kind: must be one of chat, completion"),
        (5, "entries[0].colour: unknown field"),
        (7, "entries[0].history[0].known: must be a day such as 2024-01-04, not '2023-7-6'"),
        (8, "entries[0].history[0].source: must be an address"),
        (10, "entries[0].history[0].milestones.sunset: must be a day"),
        (11, "entries[0].history[1].known: missing"),
        (12, "entries[1].id: missing"),
    ):
        assert words in places[f"upload.yaml:{line}"]


ENTRY = "platform: {slug: openai, name: OpenAI}\nentries:\n"


@pytest.mark.parametrize(
    ("content", "suffix", "told"),
    [
        ("", ".yaml", "empty"),
        ("a: [", ".yaml", ": not YAML"),
        ("a: 1\na: 2", ".yaml", "upload.yaml:2: a is listed twice"),
        ("a: &x [1]\nb: *x", ".yaml", "anchors"),
        ("[" * 5000, ".yaml", "upload.yaml"),
        (b"\xff", ".yaml", "not UTF-8"),
        ("x", ".toml", "ends in .yaml, .json or .csv"),
        ("- 1", ".yaml", "must be a mapping"),
        ('[{"platform": "openai"}, 3]', ".json", "an entry must be an object"),
        ('[{"platform": "openai",\n}]', ".json", "upload.json:2: not JSON"),
        ('[{"platform": "openai", "id": "a"}] x', ".json", "not JSON"),
        ('[\n{"platform": "openai", "id": ""}]', ".json", "upload.json:2: entries[0].id: missing"),
        (
            "row,platform,id\nentry,openai\nalias,openai,b",
            ".csv",
            "upload.csv:3: row: openai/b has no entry row above",
        ),
        ("row,colour\n", ".csv", "upload.csv:1: columns must be"),
        ('row,platform,id\nentry,"open', ".csv", "upload.csv:2: not CSV"),
        ("row,platform,id\nthing,openai,x", ".csv", "'thing' is none of"),
        ("entries: [{id: a}]", ".yaml", "entries[0].platform: missing"),
        ("entries: [{id: a, platform: nowhere}]", ".yaml", "no platform 'nowhere'"),
        (
            ENTRY + "  - {id: a}\n  - {id: a}",
            ".yaml",
            "upload.yaml:4: entries[1].id: a already has an entry above",
        ),
        (
            ENTRY + "  - {id: a, history: [{known: 2023-01-01, source: 'https://x.y', replacements: [gpt-4x]}]}\n"
            "  - {id: gpt-4}",
            ".yaml",
            "no entry 'gpt-4x' in the catalog or in this file; close names are gpt-4",
        ),
        (
            ENTRY + "  - id: a\n    history:\n      - known: 2023-01-01\n        source: https://x.y\n"
            "        milestones: {announced: 2023-07-06, sunset: 2023-07-05}",
            ".yaml",
            "upload.yaml:5: entries[0].history[0].milestones.sunset: the sunset on 2023-07-05 is before",
        ),
        (
            ENTRY + "  - {id: a, history: [{known: 2023-01-01, source: 'https://x.y', replacements: [b]}]}\n"
            "  - {id: b, history: [{known: 2023-01-01, source: 'https://x.y', replacements: [a]}]}",
            ".yaml",
            "replacements form a circle: a → b → a",
        ),
        (ENTRY + "  - {id: a, aliases: [b]}\n  - {id: b}", ".yaml", "b is the id of an entry itself"),
        (ENTRY + "  - {id: a, aliases: [x]}\n  - {id: b, aliases: [x]}", ".yaml", "x already belongs to openai/"),
        (ENTRY + '  - {id: "a\\u0007"}', ".yaml", "holds a control character"),
        (
            "platform: {slug: azure-openai, case_sensitive: false}\nentries: [{id: Ada}, {id: ada}]",
            ".yaml",
            "differs from Ada only in case",
        ),
    ],
)
def test_a_file_that_is_wrong_says_so_and_stores_nothing(content, suffix, told):
    assert any(told in problem for problem in problems(content, suffix))


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from([".yaml", ".json", ".csv"])
)
def test_no_bytes_make_reading_fail_in_another_way(content, suffix):
    with contextlib.suppress(CatalogError):
        assert parse_file(content, suffix, "x").entries is not None


def test_many_problems_are_cut_short_and_counted():
    with pytest.raises(CatalogError, match="and 10 more"):
        bring(ENTRY + "  - {colour: red, id: a}\n" + "".join(f"  - {{id: a{i}, kind: x}}\n" for i in range(29)))


def test_formulas_do_not_reach_a_spreadsheet():
    bring(ENTRY + "  - {id: '@cf/meta', note: '=1+1'}")
    exported = transfer.export_text(".csv", TODAY)
    assert ",'=1+1," in exported
    wipe()
    bring(exported, ".csv")
    assert Entry.objects.get().note == "=1+1"
    assert Entry.objects.get().name == "@cf/meta"


def test_shipped_files_load_once_and_again_only_when_they_change(tmp_path):
    (tmp_path / "a.yaml").write_text(EVENT)
    assert transfer.load_shipped(NOW, folder=tmp_path).entries_added == 4
    version = snapshot.version()
    assert not transfer.load_shipped(NOW, folder=tmp_path).changed
    (tmp_path / "b.yaml").write_text("platform: openai\nentries: [{id: curie}]\n")
    assert transfer.load_shipped(NOW, folder=tmp_path).entries_added == 1
    assert snapshot.version() == version + 1
    assert CatalogVersion.objects.count() == 1


def test_shipped_files_leave_alone_what_a_person_typed(tmp_path):
    (tmp_path / "a.yaml").write_text(EVENT)
    transfer.load_shipped(NOW, folder=tmp_path)
    bring("platform: openai\nentries: [{id: ada, note: ours, aliases: [gpt-9]}]")
    (tmp_path / "a.yaml").write_text(
        EVENT.replace("    kind: completion", "    kind: chat\n    note: theirs")
        + "  - {slug: groq, name: Groq}\n"
    )
    (tmp_path / "b.yaml").write_text("platform: openai\nentries: [{id: curie, aliases: [gpt-9]}]")
    result = transfer.load_shipped(NOW, folder=tmp_path)
    ada = Entry.objects.get(name="ada", platform__slug="openai")
    assert (ada.note, ada.kind) == ("ours", "chat")
    assert Alias.objects.get(name="gpt-9").entry == ada
    assert any("gpt-9" in warning for warning in result.warnings)
    (tmp_path / "b.yaml").write_text("platform: openai\nentries: [{id: gpt-9}]")
    assert transfer.load_shipped(NOW, folder=tmp_path).entries_added == 1
