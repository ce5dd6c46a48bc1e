"""The shipped catalog keeps its rules, and its past is not rewritten.

Two golden files say what was once shipped: every id, and every sunset with the number of revisions behind
it. After a change that is meant, `GOLDEN=write pytest tests/catalog/test_data.py` brings them up to
date; it refuses, as the tests do, to forget an entry or a date that changed without a revision.
"""

import os
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from tests.catalog.shipped import RULES, Shipped, read, shipped

GOLDEN = Path(__file__).parents[1] / "golden"
IDS = GOLDEN / "catalog_ids.txt"
SUNSETS = GOLDEN / "catalog_sunsets.txt"

EVENT = "openai-2024-01-04.yaml"
BASE_MODELS = ["ada", "babbage", "curie", "davinci"]


@cache
def catalog() -> list[Shipped]:
    return shipped()


# Rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
def test_the_shipped_catalog_keeps_the_rule(name: str) -> None:
    assert list(RULES[name](catalog())) == []


HEAD = "platform: {slug: acme, name: Acme, url: https://acme.example}\nvendors: {acme: Acme}\nentries:\n"
SAID = "history: [{known: 2024-01-02, source: https://acme.example, milestones: {sunset: 2024-06-01}}]"


def line(**fields: str) -> str:
    """One well-formed entry in flow style, with fields added or put in place of its own."""
    given = {"id": "one", "vendor": "acme", "kind": "chat", "confidence": "high", "history": SAID[9:]} | fields
    return "  - {" + ", ".join(f"{name}: {value}" for name, value in given.items()) + "}\n"


def said(**fields: str) -> str:
    given = {"known": "2024-01-02", "source": "https://acme.example"} | fields
    return "{" + ", ".join(f"{name}: {value}" for name, value in given.items() if value) + "}"


BROKEN = [
    ("only_known_fields", line(colour="red"), "unknown entry field colour"),
    ("only_known_words", line(kind="chatty"), "unknown kind chatty"),
    ("only_known_words", line(vendor="other"), "unknown vendor other"),
    ("only_known_words", line(confidence="sure"), "unknown confidence sure"),
    ("only_known_fields", line(aliases="[{name: uno, until: 2024-01-01}]"), "unknown alias field until"),
    ("only_known_fields", line(history=f"[{said(date='2024-01-01')}]"), "unknown revision field date"),
    ("only_known_words", line(history=f"[{said(on_sunset='explodes')}]"), "unknown on_sunset explodes"),
    ("only_known_words", line(history=f"[{said(milestones='{end: 2024-01-01}')}]"), "unknown milestone end"),
    (
        "only_known_words",
        line(history=f"[{said(milestones='{sunset: {on: 2024-03-01, precision: about}}')}]"),
        "unknown precision about",
    ),
    ("every_date_is_a_date_with_a_source", line(history="[]"), "nobody is named"),
    ("every_date_is_a_date_with_a_source", line(history=f"[{said(source='')}]"), "without a source"),
    ("every_date_is_a_date_with_a_source", line(history=f"[{said(known='soon')}]"), "soon is no date"),
    ("every_date_is_a_date_with_a_source", line(released="2024-01"), "released is no date"),
    (
        "every_date_is_a_date_with_a_source",
        line(history=f"[{said(milestones='{sunset: {on: 2024-06}}')}]"),
        "2024-06 is no date",
    ),
    ("replacements_are_entries", line(history=f"[{said(replacements='[two]')}]"), "two is no entry"),
    ("replacements_are_entries", line(history=f"[{said(replacements='[openai/two]')}]"), "is no entry"),
    ("replacements_are_entries", line(history=f"[{said(replacements='[one]')}]"), "replaced by itself"),
    ("a_name_has_one_owner", line(aliases="[uno]") + line(id="two", aliases="[uno]"), "belongs to one"),
    ("a_name_has_one_owner", line() + line(id="two", aliases="[one]"), "belongs to one"),
    ("a_name_has_one_owner", line(aliases="[one]"), "belongs to one"),
    ("an_entry_stands_once", line() + line(), "stands in acme.yaml and acme.yaml"),
    ("ids_stand_in_order", line(id="two") + line(id="one"), "one stands after two"),
    (
        "history_runs_forward",
        line(history=f"[{said()}, {said(known='2023-01-02')}]"),
        "out of order",
    ),
    (
        "nothing_ends_before_it_begins_or_is_announced",
        line(history=f"[{said(milestones='{announced: 2024-02-01, sunset: 2024-01-31}')}]"),
        "ends on 2024-01-31, before 2024-02-01",
    ),
    ("nothing_ends_before_it_begins_or_is_announced", line(released="2024-06-02"), "before 2024-06-02"),
    (
        "floors_and_firm_dates_are_kept_apart",
        line(
            history="[{known: 2024-01-02, source: https://acme.example, milestones: "
            "{sunset: [{on: 2024-06-01}, {on: 2024-06-01, precision: not_before, region: eu}]}}]"
        ),
        "both firm and a floor",
    ),
    (
        "floors_and_firm_dates_are_kept_apart",
        line(history=f"[{said(milestones='{sunset: [{on: 2024-06-01}, {on: 2024-07-01}]}')}]"),
        "one step twice",
    ),
    (
        "advice_that_leads_nowhere_says_so",
        line() + line(id="two", history=f"[{said(replacements='[one]')}]"),
        "does not say that nothing follows",
    ),
]


@pytest.mark.parametrize(("name", "entries", "complaint"), BROKEN)
def test_a_rule_catches_what_breaks_it(name: str, entries: str, complaint: str) -> None:
    found = list(RULES[name](read(HEAD + entries, "acme.yaml")))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_content_with_a_sound_file(name: str) -> None:
    living = line(id="two", history=f"[{said()}]")
    sound = line(history=f"[{said(milestones='{sunset: 2024-06-01}', replacements='[two]')}]")
    assert list(RULES[name](read(HEAD + sound + living, "acme.yaml"))) == []


def test_a_platform_that_folds_case_owns_a_name_in_every_case() -> None:
    head = HEAD.replace("{slug", "{case_sensitive: false, slug")
    found = list(RULES["a_name_has_one_owner"](read(head + line() + line(id="two", aliases="[ONE]"), "acme.yaml")))
    assert found == ["acme.yaml: two: the name ONE belongs to one"]


def test_the_same_model_ends_on_each_platform_on_its_own_day() -> None:
    days = {entry.key: entry.sunset.on.isoformat() for entry in catalog() if entry.sunset}
    assert days["anthropic/claude-sonnet-4-5-20250929"] == "2026-11-30"
    assert days["aws-bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"] == "2027-04-08"
    assert days["gemini-api/gemini-2.5-pro"] == "2026-12-01"
    assert days["vertex-ai/gemini-2.5-pro"] == "2026-10-20"
    assert days["openai/text-davinci-003"] == "2024-01-04"
    assert days["azure-openai/text-davinci-003"] == "2024-06-14"


# The event ----------------------------------------------------------------------------------------


def event() -> dict[str, Shipped]:
    return {entry.id: entry for entry in catalog() if entry.file == EVENT}


def ending(kind: str) -> set[str]:
    return {
        entry.id
        for entry in event().values()
        if entry.raw["kind"] == kind and entry.sunset and entry.sunset.on.isoformat() == "2024-01-04"
    }


def test_the_event_of_2024_01_04_is_complete() -> None:
    assert len(ending("completion") - {"code-davinci-002"}) == 12
    assert "code-davinci-002" in ending("completion")
    assert len(ending("embedding")) == 16
    assert ending("edit") == {"code-davinci-edit-001", "text-davinci-edit-001"}
    assert ending("endpoint") == {"/v1/edits", "/v1/fine-tunes"}
    assert Counter(entry.raw["kind"] for entry in event().values()) == {
        "completion": 15,
        "embedding": 16,
        "edit": 2,
        "endpoint": 3,
    }


def test_the_announcement_is_the_first_word_on_each_of_its_models() -> None:
    announced = (ending("completion") | ending("embedding") | ending("edit")) - {"code-davinci-002"}
    for name in announced:
        first = event()[name].history[0]
        assert first["source"] == "https://openai.com/blog/gpt-4-api-general-availability"
        assert {kind: day.isoformat() for kind, day in first["milestones"].items()} == {
            "announced": "2023-07-06",
            "sunset": "2024-01-04",
        }
        assert first["on_sunset"] == ("redirects" if name in BASE_MODELS else "fails")


def test_what_the_deprecations_page_lists_names_the_page() -> None:
    never_listed = {"curie-instruct-beta", "davinci-instruct-beta"}
    for name in (ending("completion") | ending("embedding") | ending("edit")) - never_listed:
        words = [r for r in event()[name].history if r["source"].endswith("/api/docs/deprecations")]
        assert words[-1]["source_day"].year == 2026


def test_later_words_of_the_event_are_revisions_of_their_own() -> None:
    advice = {name: [r["replacements"] for r in event()[name].history if "replacements" in r] for name in event()}
    assert advice["ada"] == [["ada-002"], ["babbage-002"]]
    assert advice["curie"] == [["curie-002"], ["davinci-002"]]
    assert advice["text-davinci-edit-001"] == [["gpt-3.5-turbo"], ["gpt-4"], ["gpt-4o"]]
    assert advice["text-similarity-ada-001"] == [["text-embedding-ada-002"], ["text-embedding-3-small"]]
    fates = [revision.get("on_sunset") for revision in event()["davinci"].history]
    assert fates == ["redirects", None, "fails"]  # the page, read in between, says nothing of it
    assert event()["/v1/fine-tunes"].history[0]["known"].isoformat() == "2023-08-22"


def test_names_that_never_came_have_no_end_and_say_so() -> None:
    for name in ("ada-002", "curie-002"):
        assert event()[name].sunset is None
        assert "Never became available" in event()[name].raw["note"]


def test_the_completions_endpoint_is_legacy_without_an_end() -> None:
    history = event()["/v1/completions"].history
    assert [list(revision["milestones"]) for revision in history] == [["legacy"]]


# The past -----------------------------------------------------------------------------------------


def dates(entries: Iterable[Shipped]) -> dict[str, tuple[str, int]]:
    """By key: the sunset as known last, and how many revisions stand behind it."""
    return {
        entry.key: (f"{entry.sunset.on} {entry.sunset.precision}" if entry.sunset else "-", len(entry.history))
        for entry in entries
    }


def rewritten(golden: dict[str, tuple[str, int]], now: dict[str, tuple[str, int]]) -> list[str]:
    """What was shipped once and is gone, or says another day without a revision that says so."""
    complaints = [f"{key} is gone" for key in sorted(golden.keys() - now.keys())]
    for key in sorted(golden.keys() & now.keys()):
        (then, revisions), (day, count) = golden[key], now[key]
        if count < revisions:
            complaints.append(f"{key} lost a revision")
        elif day != then and count == revisions:
            complaints.append(f"{key} went from {then} to {day} without a revision")
    return complaints


def read_sunsets() -> dict[str, tuple[str, int]]:
    rows = (text.split(" | ") for text in SUNSETS.read_text().splitlines())
    return {key: (day, int(revisions)) for key, day, revisions in rows}


def test_no_entry_is_forgotten() -> None:
    assert set(IDS.read_text().splitlines()) - {entry.key for entry in catalog()} == set()


def test_no_date_changes_without_a_revision() -> None:
    assert rewritten(read_sunsets(), dates(catalog())) == []


def test_the_golden_files_are_up_to_date() -> None:
    now = dates(catalog())
    if os.environ.get("GOLDEN") == "write" and not rewritten(read_sunsets(), now):
        IDS.write_text("".join(f"{key}\n" for key in sorted(now)))
        SUNSETS.write_text("".join(f"{key} | {day} | {count}\n" for key, (day, count) in sorted(now.items())))
    assert read_sunsets() == now
    assert IDS.read_text().splitlines() == sorted(now)


@pytest.mark.parametrize(
    ("golden", "now", "complaints"),
    [
        ({"a/b": ("-", 1)}, {}, ["a/b is gone"]),
        ({"a/b": ("2024-01-04 day", 2)}, {"a/b": ("2024-01-04 day", 1)}, ["a/b lost a revision"]),
        (
            {"a/b": ("2024-01-04 day", 1)},
            {"a/b": ("2024-02-04 day", 1)},
            ["a/b went from 2024-01-04 day to 2024-02-04 day without a revision"],
        ),
        ({"a/b": ("2024-01-04 day", 1)}, {"a/b": ("2024-02-04 day", 2), "a/c": ("-", 1)}, []),
    ],
)
def test_a_rewritten_past_is_noticed(
    golden: dict[str, tuple[str, int]], now: dict[str, tuple[str, int]], complaints: list[str]
) -> None:
    assert rewritten(golden, now) == complaints
