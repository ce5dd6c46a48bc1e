"""Stage and days left, derived from the steps known on a day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.catalog.choices import MilestoneKind, Precision
from dashboard.catalog.lifecycle import EntryState, Step, earliest, effective_step, last_day, stage_of

ANNOUNCED = Step("announced", date(2023, 7, 6))
SUNSET = Step("sunset", date(2024, 1, 4))


@pytest.mark.parametrize(
    ("steps", "on", "stage"),
    [
        ((), date(2024, 1, 1), "active"),
        ((ANNOUNCED, SUNSET), date(2024, 1, 3), "deprecated"),
        ((ANNOUNCED, SUNSET), date(2024, 1, 4), "retired"),
        ((SUNSET,), date(2023, 1, 1), "deprecated"),
        ((Step("sunset", date(2024, 1, 4), "not_before"),), date(2025, 1, 1), "active"),
        ((Step("sunset", date(2024, 1, 4), "tentative"),), date(2025, 1, 1), "deprecated"),
        ((Step("sunset", date(2024, 1, 1), "month"),), date(2024, 1, 30), "deprecated"),
        ((Step("sunset", date(2024, 1, 1), "month"),), date(2024, 1, 31), "retired"),
        ((ANNOUNCED, Step("sunset", None)), date(2024, 1, 4), "deprecated"),
        ((Step("legacy", date(2023, 1, 1)),), date(2023, 1, 1), "legacy"),
        ((Step("legacy", date(2023, 1, 1)),), date(2022, 12, 31), "active"),
        ((Step("legacy", date(2023, 1, 1)), SUNSET), date(2023, 6, 1), "deprecated"),
    ],
)
def test_a_stage_follows_from_the_steps(steps, on, stage):
    assert stage_of(steps, on) == stage


def test_with_dates_by_region_only_an_entry_retires_with_its_last_region():
    east = Step("sunset", date(2024, 1, 4), region="us-east-1")
    west = Step("sunset", date(2024, 3, 4), region="us-west-2")
    assert stage_of((east, west), date(2024, 2, 1)) == "deprecated"
    assert stage_of((east, west), date(2024, 3, 4)) == "retired"
    assert earliest((west, east), "sunset") == east
    assert earliest((west, east, SUNSET), "sunset") == SUNSET


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
steps = st.builds(
    Step,
    kind=st.sampled_from(MilestoneKind.values),
    on=st.none() | days,
    precision=st.sampled_from(Precision.values),
    region=st.sampled_from(["", "us-east-1", "eu-west-1"]),
)
lives = st.lists(steps, max_size=8, unique_by=lambda step: (step.kind, step.region)).map(tuple)
ORDER = ["active", "legacy", "deprecated", "retired"]


@given(lives, days, st.integers(0, 4000))
def test_a_life_only_moves_forward(life, day, later):
    assert ORDER.index(stage_of(life, day)) <= ORDER.index(stage_of(life, day + timedelta(days=later)))


@given(lives, days)
def test_only_a_firm_date_retires_and_days_left_count_down_to_it(life, day):
    state = EntryState(1, "openai", "x", "", "chat", "high", day, steps=life)
    if state.stage == "retired":
        assert state.sunset_on is not None
        assert any(s.kind == "sunset" and (end := last_day(s)) and end <= day for s in life)
    if state.sunset_on is None:
        assert state.days_left is None
    else:
        assert day + timedelta(days=state.days_left) == state.sunset_on


# By region ---------------------------------------------------------------------------------------

EAST = Step("sunset", date(2024, 1, 4), region="us-east-1")
WEST = Step("sunset", date(2024, 3, 4), region="us-west-2")
PARIS = Step("sunset", date(2023, 12, 1), region="eu-west-3")
WORLD = Step("sunset", date(2024, 2, 4))


@pytest.mark.parametrize(
    ("known", "region", "due"),
    [
        ((EAST, WEST, WORLD), "us-west-2", WEST),
        ((EAST, WEST, WORLD), "us-east-1", EAST),
        ((EAST, WEST, WORLD), "us-east-2", WORLD),
        ((EAST, WEST, WORLD), "us", EAST),
        ((EAST, WEST, PARIS), "us", EAST),
        ((WEST, WORLD, PARIS), "ap", WORLD),
        ((EAST, WEST, WORLD), "", WORLD),
        ((EAST, WEST, PARIS), "", PARIS),
        ((EAST, WEST, PARIS), "ap-south-1", PARIS),
        ((Step("sunset", None, region="us-east-1"), WORLD), "us-east-1", WORLD),
        ((WORLD,), "u", WORLD),
        ((), "us-east-1", None),
    ],
)
def test_a_caller_meets_the_sunset_of_its_region_else_the_worldwide_else_the_earliest(known, region, due):
    assert effective_step(known, "sunset", region) == due


regional = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(["sunset", "announced"]),
        on=st.none() | days,
        region=st.sampled_from(["", "us-east-1", "us-west-2", "eu-west-1", "eu-west-3"]),
    ),
    max_size=8,
    unique_by=lambda step: (step.kind, step.region),
).map(tuple)


@given(regional, st.sampled_from(["", "us", "eu", "us-east-1", "eu-west-3", "ap-south-1"]))
def test_an_effective_sunset_is_one_that_was_said_and_none_that_applies_is_earlier(known, region):
    due = effective_step(known, "sunset", region)
    said = [step for step in known if step.kind == "sunset" and step.on]
    if not said:
        assert due is None
        return
    assert due in said
    own = [s for s in said if region and s.region and (s.region == region or s.region.startswith(f"{region}-"))]
    worldwide = [step for step in said if not step.region]
    assert due.on == min(step.on for step in own or worldwide or said)
    assert effective_step(known, "sunset", "") == earliest(known, "sunset")
    assert effective_step(tuple(reversed(known)), "sunset", region) == due
