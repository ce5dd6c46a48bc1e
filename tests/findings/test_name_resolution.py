"""A name whose meaning changes on a day: each call counts for what the name meant when it was made."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from dashboard.catalog import snapshot
from dashboard.catalog.models import Alias
from dashboard.findings import name_resolution, scan
from dashboard.findings.models import Finding, Resolution, Traffic
from dashboard.findings.traffic import usage_report
from dashboard.usage.models import DailyRollup, HourlyRollup, StaleDay
from tests.factories import NOW, as_day, make_entry, make_source, make_usage, report_only
from tests.thorough import examples

pytestmark = pytest.mark.django_db

TODAY = date(2023, 8, 1)


@pytest.fixture
def june():
    return make_entry("openai/gpt-4-0613", announced="2023-07-01", sunset="2024-06-13")


@pytest.fixture
def january():
    return make_entry("openai/gpt-4-0125")


def point(name: str, entry, first: str | date | None = None, last: str | date | None = None) -> Alias:
    alias = Alias.objects.create(
        entry=entry, name=name, from_on=first and as_day(first), to_on=last and as_day(last)
    )
    snapshot.bump(NOW)
    return alias


def move(alias: Alias, **days: str) -> None:
    """Edit the days of an alias."""
    for field, day in days.items():
        setattr(alias, field, as_day(day))
    alias.save()
    snapshot.bump(NOW)


def calls() -> dict[tuple[str, str | None], int]:
    rows = Traffic.objects.values_list("day", "entry__name", "calls")
    return {(day.isoformat(), name): n for day, name, n in rows}


def test_calls_before_the_move_count_for_the_old_snapshot_and_later_ones_for_the_new(june, january):
    point("gpt-4", june, None, "2023-07-19")
    point("gpt-4", january, "2023-07-20")
    make_usage("shop", "gpt-4", "2023-07-18", 5, days=4, platform="openai")
    scan.run(NOW, TODAY)
    assert calls() == {
        ("2023-07-18", "gpt-4-0613"): 5,
        ("2023-07-19", "gpt-4-0613"): 5,
        ("2023-07-20", "gpt-4-0125"): 5,
        ("2023-07-21", "gpt-4-0125"): 5,
    }


@pytest.mark.parametrize(
    ("called_as", "platform", "deployments"),
    [
        ("openai/gpt-4-latest", "", {}),
        ("ft:gpt-4-latest:acme::x", "openai", {}),
        ("prod", "openai", {"prod": "gpt-4-latest"}),
        ("GPT-4@latest", "azure-openai", {}),
    ],
)
def test_a_move_is_seen_through_whatever_dresses_the_alias(called_as, platform, deployments):
    host = platform or "openai"
    old, new = make_entry(f"{host}/gpt-4-1"), make_entry(f"{host}/gpt-4-2")
    if host == "azure-openai":
        old.platform.case_sensitive = False
        old.platform.save()
    point("gpt-4-latest", old, None, "2023-07-19")
    point("gpt-4-latest", new, "2023-07-20")
    source = make_source("gateway", deployments=deployments)
    make_usage("shop", called_as, "2023-07-19", 5, days=2, platform=platform, source=source)
    scan.run(NOW, TODAY)
    assert calls() == {("2023-07-19", "gpt-4-1"): 5, ("2023-07-20", "gpt-4-2"): 5}


def test_a_name_that_means_one_thing_has_one_row(june, january):
    point("gpt-4", june)
    make_usage("shop", "gpt-4", "2023-07-18", platform="openai")
    make_usage("shop", january, "2023-07-18")
    make_usage("shop", "mystery", "2023-07-18")
    scan.run(NOW, TODAY)
    assert Resolution.objects.count() == 3
    assert set(Resolution.objects.values_list("from_day", "to_day")) == {(date.min, date.max)}


def test_an_alias_that_goes_on_to_the_same_entry_is_one_meaning(june):
    point("gpt-4", june, None, "2023-07-10")
    point("gpt-4", june, "2023-07-11")
    make_usage("shop", "gpt-4", "2023-07-01", days=30, platform="openai")
    scan.run(NOW, TODAY)
    assert Resolution.objects.count() == 1


def test_between_two_spans_of_an_alias_a_name_means_nothing(june, january):
    point("gpt-4", june, None, "2023-07-10")
    point("gpt-4", january, "2023-07-12")
    make_usage("shop", "gpt-4", "2023-07-10", 5, days=3, platform="openai")
    scan.run(NOW, TODAY)
    assert calls() == {
        ("2023-07-10", "gpt-4-0613"): 5,
        ("2023-07-11", None): 5,
        ("2023-07-12", "gpt-4-0125"): 5,
    }


def test_the_finding_of_the_old_snapshot_ends_with_the_move(june, january):
    gateway = make_source()
    point("gpt-4", june, None, "2023-07-09")
    point("gpt-4", january, "2023-07-10")
    make_usage("shop", "gpt-4", "2023-07-01", days=31, platform="openai", source=gateway)
    scan.run(NOW, TODAY)
    (period,) = Finding.objects.get().open_periods.all()
    assert (period.opened_on, period.last_call_on, period.resolved_on) == (
        date(2023, 7, 1),
        date(2023, 7, 9),
        date(2023, 7, 17),
    )


def test_a_move_that_is_put_to_another_day_makes_only_the_days_between_anew(june, january):
    old = point("gpt-4", june, None, "2023-07-09")
    new = point("gpt-4", january, "2023-07-10")
    make_usage("shop", "gpt-4", "2023-07-01", 5, days=31, platform="openai")
    scan.run(NOW, TODAY)
    move(new, from_on="2023-07-20")
    move(old, to_on="2023-07-19")
    name_resolution.refresh(snapshot.load(TODAY))
    stale = set(StaleDay.objects.values_list("day", flat=True))
    assert stale == {date(2023, 7, 10) + timedelta(days=n) for n in range(10)}
    assert scan.run(NOW, TODAY).days == 10
    meant = dict(calls().keys())
    assert (meant["2023-07-19"], meant["2023-07-20"]) == ("gpt-4-0613", "gpt-4-0125")
    assert scan.run(NOW, TODAY) == scan.ScanResult(), "and then there is nothing left to do"


def test_a_move_that_is_taken_back_leaves_one_meaning(june, january):
    old = point("gpt-4", june, None, "2023-07-09")
    point("gpt-4", january, "2023-07-10").delete()
    old.to_on = None
    old.save()
    snapshot.bump(NOW)
    make_usage("shop", "gpt-4", "2023-07-08", 5, days=4, platform="openai")
    scan.run(NOW, TODAY)
    assert {name for _, name in calls()} == {"gpt-4-0613"}
    assert Resolution.objects.count() == 1


def test_a_deployment_that_is_mapped_to_a_fixed_snapshot_forgets_the_moves(june, january):
    source = make_source()
    point("gpt-4", june, None, "2023-07-09")
    point("gpt-4", january, "2023-07-10")
    make_usage("shop", "gpt-4", "2023-07-09", 5, days=2, platform="openai", source=source)
    scan.run(NOW, TODAY)
    source.deployments = {"gpt-4": "gpt-4-0613"}
    source.save()
    name_resolution.invalidate(source)
    assert scan.run(NOW, TODAY).days == 1
    assert {name for _, name in calls()} == {"gpt-4-0613"}
    assert Resolution.objects.count() == 1


def test_a_report_by_entry_parts_the_calls_of_one_name(june, january):
    point("gpt-4", june, None, "2023-07-09")
    point("gpt-4", january, "2023-07-10")
    make_usage("shop", "gpt-4", "2023-07-01", 1, days=31, platform="openai")
    scan.run(NOW, TODAY)
    rows = usage_report.usage_rows(date(2023, 7, 1), date(2023, 7, 31), ["entry", "called_as"])
    assert {row.keys: row.calls for row in rows} == {
        ("gpt-4-0613", "gpt-4"): 9,
        ("gpt-4-0125", "gpt-4"): 22,
    }


def test_quiet_days_are_judged_by_the_sources_that_carried_the_old_meaning(june, january):
    """The name goes on elsewhere; that the new snapshot is called proves nothing about the old one's source."""
    silent, loud = make_source("silent"), make_source("loud")
    point("gpt-4", june, None, "2023-07-09")
    point("gpt-4", january, "2023-07-10")
    make_usage("shop", "gpt-4", "2023-07-05", days=2, platform="openai", source=silent)
    make_usage("shop", "gpt-4", "2023-07-10", days=20, platform="openai", source=loud)
    scan.run(NOW, TODAY)
    assert Finding.objects.get().open_periods.get().resolved_on is None
    report_only(silent, "2023-07-07", days=7)
    scan.run(NOW, TODAY)
    assert Finding.objects.get().open_periods.get().resolved_on == date(2023, 7, 14)


moves = st.lists(st.integers(0, 20), max_size=4, unique=True).map(sorted)


@fuzz(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=moves, then=moves)
def test_however_an_alias_moves_every_day_counts_for_what_the_name_meant_on_it(june, january, first, then):
    start = date(2023, 7, 1)
    if not Traffic.objects.exists():
        make_usage("shop", "gpt-4", start, 1, days=22, platform="openai")
    for days in (first, then):
        Alias.objects.all().delete()
        for number, (day, end) in enumerate(zip(days, [*days[1:], None], strict=False)):
            last = None if end is None else start + timedelta(days=end - 1)
            point("gpt-4", (june, january)[number % 2], start + timedelta(days=day), last)
        snapshot.bump(NOW)
        scan.run(NOW, TODAY)
        meant = {row.day: row.entry_id for row in Traffic.objects.all()}
        for offset in range(22):
            on = start + timedelta(days=offset)
            since = [n for n, day in enumerate(days) if day <= offset]
            expected = (june, january)[since[-1] % 2].pk if since else None
            assert meant[on] == expected, (on, days)
        assert scan.run(NOW, TODAY) == scan.ScanResult()


def test_a_report_by_the_hour_knows_the_day_of_each_hour(june, january):
    point("gpt-4", june, None, "2023-07-09")
    point("gpt-4", january, "2023-07-10")
    make_usage("shop", "gpt-4", "2023-07-09", 1, days=2, platform="openai")
    daily = DailyRollup.objects.order_by("day").first()
    for at in (datetime(2023, 7, 9, 23, tzinfo=UTC), datetime(2023, 7, 10, 0, tzinfo=UTC)):
        HourlyRollup.objects.create(
            hour=at, source=daily.source, identity=daily.identity, name=daily.name, calls=1
        )
    scan.run(NOW, TODAY)
    rows = usage_report.usage_rows(date(2023, 7, 9), date(2023, 7, 10), ["hour", "entry"])
    assert [row.keys[1] for row in rows] == ["gpt-4-0613", "gpt-4-0125"]
