"""Where a name says that a call went, and which sunset that caller meets."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.catalog.lifecycle import EntryState, Step
from dashboard.catalog.regions import due_date, due_date_varies, name_with_region, region_in_name

ARN = "arn:aws:bedrock:us-east-1"


@pytest.mark.parametrize(
    ("called_as", "platform", "region"),
    [
        ("anthropic.claude-v2:1", "aws-bedrock", ""),
        ("us.anthropic.claude-v2:1", "aws-bedrock", "us"),
        ("eu.anthropic.claude-v2:1", "", "eu"),
        ("apac.anthropic.claude-v2:1", "", "ap"),
        ("jp.anthropic.claude-v2:1", "", "ap-northeast-1"),
        ("global.anthropic.claude-v2:1", "", ""),
        ("us-gov.anthropic.claude-v2:1", "", "us-gov"),
        ("bedrock/us-west-2/anthropic.claude-v2:1", "", "us-west-2"),
        ("bedrock/converse/us.anthropic.claude-v2:1", "", "us"),
        (f"{ARN}::foundation-model/anthropic.claude-v2:1", "", "us-east-1"),
        (f"{ARN}:1:inference-profile/eu.anthropic.claude-v2:1", "", "eu"),
        (f"{ARN}:1:application-inference-profile/a1b2", "", "us-east-1"),
        ("projects/p/locations/us-east5/publishers/google/models/gemini-2.5-pro", "", "us-east5"),
        ("gpt-4", "openai", ""),
        ("us.gpt-4", "openai", ""),
        ("", "", ""),
    ],
)
def test_a_name_tells_its_region(called_as, platform, region):
    assert region_in_name(called_as, platform) == region


def entry(*steps: Step, as_of: date = date(2024, 1, 1)) -> EntryState:
    return EntryState(1, "aws-bedrock", "anthropic.claude-v2:1", "", "chat", "high", as_of, steps)


WEST = Step("sunset", date(2024, 3, 4), region="us-west-2")
PARIS = Step("sunset", date(2024, 5, 4), region="eu-west-3")
WORLD = Step("sunset", date(2024, 4, 4))
LOCKED = Step("lockout", date(2024, 2, 4))
WEST_LOCKED = Step("lockout", date(2024, 2, 9), region="us-west-2")


@pytest.mark.parametrize(
    ("steps", "regions", "idle", "first"),
    [
        ([WEST, PARIS, WORLD], ["us-west-2"], False, WEST),
        ([WEST, PARIS, WORLD], ["us"], False, WEST),
        ([WEST, PARIS, WORLD], ["eu"], False, PARIS),
        ([WEST, PARIS, WORLD], ["eu", ""], False, WORLD),
        ([WEST, PARIS, WORLD], ["eu", "us-west-2"], False, WEST),
        ([WEST, PARIS, WORLD], [""], False, WORLD),
        ([WEST, PARIS, WORLD], [], False, WORLD),
        ([WEST, PARIS, WORLD], ["ap-northeast-1"], False, WORLD),
        ([WEST, PARIS], [""], False, WEST),
        ([LOCKED, WORLD], [""], False, WORLD),
        ([LOCKED, WORLD], [""], True, LOCKED),
        ([LOCKED], [""], False, None),
        ([WEST_LOCKED, WORLD], ["us"], True, WEST_LOCKED),
        ([WEST_LOCKED, WORLD], ["us"], False, WORLD),
        ([WEST_LOCKED, WORLD], [""], True, WORLD),
        ([WEST_LOCKED, WORLD], ["eu"], True, WORLD),
        ([Step("lockout", date(2024, 9, 4)), WORLD], [""], True, WORLD),
        ([Step("sunset", None), Step("legacy", date(2024, 2, 1))], [""], True, None),
    ],
)
def test_the_earliest_end_that_applies_counts(steps, regions, idle, first):
    found = due_date(entry(*steps), regions, idle=idle)
    assert (found and found.step) == first
    if found:
        assert (found.on, found.days_left) == (first.on, (first.on - date(2024, 1, 1)).days)


@pytest.mark.parametrize(
    ("regions", "day", "come"),
    [
        (["us-west-2"], date(2024, 3, 3), False),
        (["us-west-2"], date(2024, 3, 4), True),
        ([""], date(2024, 3, 4), False),
        ([""], date(2024, 4, 4), True),
        (["eu"], date(2024, 4, 4), False),
        (["eu"], date(2024, 5, 4), True),
    ],
)
def test_calls_end_on_the_day_of_their_own_region(regions, day, come):
    assert due_date(entry(WEST, PARIS, WORLD, as_of=day), regions).has_come is come


def test_where_dates_are_by_region_only_somebody_somewhere_is_cut_off_with_the_last():
    assert not due_date(entry(WEST, PARIS, as_of=date(2024, 4, 1)), [""]).has_come
    assert due_date(entry(WEST, PARIS, as_of=date(2024, 5, 4)), [""]).has_come


def test_a_lock_out_counts_until_its_day_and_breaks_no_calls():
    on_its_day = due_date(entry(LOCKED, WORLD, as_of=date(2024, 2, 4)), [""], idle=True)
    assert (on_its_day.step, on_its_day.has_come) == (LOCKED, False)
    assert due_date(entry(LOCKED, WORLD, as_of=date(2024, 2, 5)), [""], idle=True).step == WORLD


def test_only_regions_and_lock_outs_make_ends_differ():
    assert not due_date_varies(entry(WORLD, Step("legacy", date(2024, 1, 1), region="eu-west-3")))
    assert due_date_varies(entry(WORLD, WEST))
    assert due_date_varies(entry(LOCKED))


def test_the_name_that_tells_the_region_is_named():
    names = ["anthropic.claude-v2:1", "eu.anthropic.claude-v2:1", "us.anthropic.claude-v2:1"]
    assert name_with_region(entry(WORLD), WEST, names) == "us.anthropic.claude-v2:1"
    assert name_with_region(entry(WORLD), WORLD, names) is None


told = st.sets(st.sampled_from(["", "us", "us-west-2", "eu", "eu-west-3", "ap"]), min_size=1)
known = st.sets(st.sampled_from([WEST, PARIS, WORLD, LOCKED]), min_size=1)


@given(known, told, told, st.booleans())
def test_who_calls_from_more_places_is_never_due_later(steps, some, more, idle):
    one, both = due_date(entry(*steps), some, idle=idle), due_date(entry(*steps), some | more, idle=idle)
    assert not one or both.on <= one.on


@given(st.text(max_size=60), st.sampled_from(["", "aws-bedrock", "vertex-ai", "openai"]))
def test_any_text_has_a_region_or_none(called_as, platform):
    assert len(region_in_name(called_as, platform)) <= 40
