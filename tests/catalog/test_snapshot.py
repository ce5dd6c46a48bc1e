"""The catalog as known on a day: text-davinci-003 through its life, moved dates, and what was not known yet."""

from datetime import date

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.models import Alias, Entry, Platform
from dashboard.catalog.names.resolve import resolve
from dashboard.catalog.serializers import model_json
from tests.factories import NOW, make_entry, make_revision

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    instruct = make_entry("openai/gpt-3.5-turbo-instruct")
    make_entry(
        "openai/text-davinci-003",
        announced="2023-07-06",
        sunset="2024-01-04",
        on_sunset="fails",
        replacements=[instruct],
    )


@pytest.mark.parametrize(
    ("on", "stage", "days_left"),
    [
        (date(2023, 7, 5), "active", None),
        (date(2023, 7, 6), "deprecated", 182),
        (date(2024, 1, 3), "deprecated", 1),
        (date(2024, 1, 4), "retired", 0),
        (date(2024, 2, 4), "retired", -31),
    ],
)
def test_text_davinci_003_on_the_days_of_its_life(event, on, stage, days_left):
    state = snapshot.load(on).get("openai", "text-davinci-003")
    assert (state.stage, state.days_left) == (stage, days_left)


def test_nothing_said_later_shows_on_an_earlier_day(event):
    known = snapshot.load(date(2023, 7, 5))
    state = known.get("openai", "text-davinci-003")
    assert (state.on_sunset, known.replacements(state), state.source_url, state.first_known_on) == (
        "",
        [],
        "",
        None,
    )
    assert not known.deadlines
    assert not known.retiring


def test_a_moved_date_shows_from_the_day_it_was_said(event):
    entry = Entry.objects.get(name="text-davinci-003")
    make_revision(entry, "2023-11-06", sunset="2024-06-14")
    before, after = (snapshot.load(day) for day in (date(2023, 11, 5), date(2023, 11, 6)))
    assert list(before.deadlines) == [("openai", date(2024, 1, 4))]
    assert list(after.deadlines) == [("openai", date(2024, 6, 14))]
    state = after.get("openai", "text-davinci-003")
    assert state.first_known_on == date(2023, 7, 6)
    assert [r.id for r in after.replacements(state)] == ["gpt-3.5-turbo-instruct"]


def test_a_withdrawn_announcement_makes_an_entry_active_until_it_is_announced_again(event):
    entry = Entry.objects.get(name="text-davinci-003")
    make_revision(entry, "2023-09-01", withdraw=True)
    make_revision(entry, "2023-10-01", announced="2023-10-01", sunset="2024-06-14")
    assert snapshot.load(date(2023, 9, 1)).get("openai", "text-davinci-003").stage == "active"
    again = snapshot.load(date(2023, 10, 1))
    assert again.get("openai", "text-davinci-003").first_known_on == date(2023, 10, 1)
    assert again.deadlines["openai", date(2024, 6, 14)].known_on == date(2023, 10, 1)


def test_a_date_that_becomes_a_floor_is_no_deadline_any_more():
    entry = make_entry("openai/gpt-4", known="2023-07-06", sunset="2024-06-13")
    make_revision(entry, "2023-09-01", sunset="2024-06-13", precision="not_before")
    assert snapshot.load(date(2023, 8, 31)).deadlines
    later = snapshot.load(date(2023, 9, 1))
    assert not later.deadlines
    assert later.get("openai", "gpt-4").first_known_on is None


def test_an_entry_that_was_not_released_yet_is_not_listed():
    entry = make_entry("openai/gpt-4o")
    Entry.objects.filter(pk=entry.pk).update(released_on=date(2024, 5, 13))
    snapshot.bump(NOW)
    assert [e.id for e in snapshot.load(date(2024, 5, 12))] == []
    assert [e.id for e in snapshot.load(date(2024, 5, 13))] == ["gpt-4o"]
    assert snapshot.load(date(2024, 5, 12)).entries[entry.pk].id == "gpt-4o"


def test_a_changed_catalog_is_loaded_anew_and_an_unchanged_one_is_kept(event):
    first = snapshot.load(date(2023, 12, 8))
    assert snapshot.load(date(2023, 12, 8)) is first
    make_entry("openai/ada")
    assert snapshot.load(date(2023, 12, 8)).get("openai", "ada")
    assert snapshot.load(date(2023, 12, 8)).version == first.version + 1


def test_loading_takes_a_few_queries_however_many_entries_there_are(event, django_assert_max_num_queries):
    for number in range(20):
        make_entry(f"openai/m{number}", announced="2023-07-06", sunset="2024-01-04")
    with django_assert_max_num_queries(7):
        snapshot.load(date(2023, 12, 8))


def test_aliases_and_endpoints_resolve_through_the_snapshot(event):
    edits = make_entry("openai/v1-edits")
    Entry.objects.filter(pk=edits.pk).update(name="/v1/edits", kind="endpoint")
    Alias.objects.create(entry=Entry.objects.get(name="text-davinci-003"), name="td3")
    snapshot.bump(NOW)
    known = snapshot.load(date(2023, 12, 8))
    assert known.get("openai", "v1/edits").id == "/v1/edits"
    assert resolve("td3", "openai", "", known.names, on=known.as_of).how == "alias"
    assert resolve("", "openai", "/v1/edits", known.names, on=known.as_of).entry == edits.pk


def test_a_platform_goes_by_its_display_name(event):
    Platform.objects.filter(slug="openai").update(name="OpenAI API")
    snapshot.bump(NOW)
    known = snapshot.load(date(2023, 12, 8))
    assert known.platform_name("openai") == "OpenAI API"
    assert known.platform_name("nowhere") == "nowhere"
    entry = known.get("openai", "text-davinci-003")
    assert (entry.platform, entry.platform_name) == ("openai", "OpenAI API")
    assert [deadline.platform_name for deadline in known.deadlines.values()] == ["OpenAI API"]
    assert model_json(entry, known)["platform_name"] == "OpenAI API"
