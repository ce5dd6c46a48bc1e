"""The sums above traffic equal sums over the raw rollups, whatever happened to the days they are of."""

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from django.db import connection

from dashboard.catalog import snapshot
from dashboard.catalog.models import Alias, Milestone
from dashboard.findings import scan
from dashboard.findings.deadlines.applications import application_progress, rank_applications
from dashboard.findings.deadlines.summary import all_summaries, deadline_summary, list_summaries
from dashboard.findings.due_dates import finding_due
from dashboard.findings.models import CallRegions, Finding, OpenPeriod, ScannedEntry
from dashboard.findings.name_resolution import with_resolution
from dashboard.usage import retention
from dashboard.usage.attribution import reattribute
from dashboard.usage.health import source_health
from dashboard.usage.models import ApplicationRule, CalledName, DailyRollup, StaleDay
from dashboard.web.common import calls
from tests.factories import NOW, make_application, make_entry, make_revision, make_source, make_usage

pytestmark = pytest.mark.django_db

SUNSET = date(2024, 1, 4)
TODAY = date(2023, 12, 8)
DAY = timedelta(days=1)

RESOLUTION = "findings_resolution r ON r.name_id = d.name_id AND r.from_day <= d.day AND r.to_day > d.day"
ENTRIES = f"""
SELECT d.day, r.entry_id, SUM(d.calls), SUM(d.errors), SUM(d.gone), SUM(d.input_tokens), SUM(d.output_tokens),
    SUM(d.cost_nano)
FROM usage_dailyrollup d LEFT JOIN {RESOLUTION} GROUP BY d.day, r.entry_id
"""
NAMES = "SELECT day, name_id, SUM(calls) FROM usage_dailyrollup GROUP BY day, name_id"
SOURCES = """
SELECT source_id, day, SUM(calls), SUM(input_tokens) FROM usage_dailyrollup GROUP BY source_id, day
"""
CALLERS = f"""
SELECT application_id, entry_id, MIN(day), MAX(day) FROM (
    SELECT d.day, i.application_id, r.entry_id
    FROM usage_dailyrollup d JOIN usage_identity i ON i.id = d.identity_id
    JOIN {RESOLUTION} WHERE r.entry_id IS NOT NULL
    GROUP BY d.day, i.application_id, r.entry_id
    HAVING SUM(d.calls) > 0 OR SUM(d.calls) IS NULL AND (
        SUM(d.input_tokens) > 0 OR SUM(d.output_tokens) > 0 OR SUM(d.cost_nano) > 0)
) AS calling GROUP BY application_id, entry_id
"""
TRAFFIC = f"""
SELECT d.day, i.application_id, r.entry_id, SUM(d.calls), SUM(d.errors), SUM(d.gone), SUM(d.input_tokens),
    SUM(d.output_tokens), SUM(d.cost_nano)
FROM usage_dailyrollup d JOIN usage_identity i ON i.id = d.identity_id
LEFT JOIN {RESOLUTION} GROUP BY d.day, i.application_id, r.entry_id
"""
REGIONS = f"""
SELECT DISTINCT d.day, i.application_id, r.entry_id, r.region
FROM usage_dailyrollup d JOIN usage_identity i ON i.id = d.identity_id LEFT JOIN {RESOLUTION}
"""
COLUMNS = "calls, errors, gone, input_tokens, output_tokens, cost_nano"


def rows(question: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return sorted(cursor.fetchall(), key=repr)


def check() -> None:
    """Every table of sums holds what plain SQL over the rollups says, and nothing else."""
    raw = {question: rows(question) for question in (TRAFFIC, ENTRIES, NAMES, SOURCES, CALLERS)}
    kept = {
        TRAFFIC: f"SELECT day, application_id, entry_id, {COLUMNS} FROM findings_traffic",
        ENTRIES: f"SELECT day, entry_id, {COLUMNS} FROM findings_entrytraffic",
        NAMES: "SELECT day, name_id, calls FROM findings_nametraffic",
        SOURCES: "SELECT source_id, day, calls, input_tokens FROM usage_sourceday",
        CALLERS: "SELECT application_id, entry_id, first_on, last_on FROM findings_entrycaller",
    }
    for question, stored in kept.items():
        assert {tuple(map(_whole, row)) for row in rows(stored)} == {
            tuple(map(_whole, row)) for row in raw[question]
        }
        assert len(rows(stored)) == len(raw[question])
    told: dict[tuple, set[str]] = defaultdict(set)
    for *key, region in rows(REGIONS):
        told[tuple(key)].add(region or "")
    kept_regions = rows("SELECT day, application_id, entry_id, regions FROM findings_traffic")
    assert {tuple(key): set((regions or "").split(",")) for *key, regions in kept_regions} == told


def test_a_source_shows_its_calls_before_and_after_the_scan(world):
    def shown():
        return [(one.source.pk, one.calls[-2:]) for one in source_health(TODAY, NOW)]

    def raw():
        days = (TODAY - DAY, TODAY)
        found = DailyRollup.objects.filter(day__in=days, calls__gt=0).values_list("source", "day", "calls")
        sums = defaultdict(int)
        for source, day, n in found:
            sums[source, day] += n
        return {(pk, tuple(sums[pk, day] for day in days)) for pk in {source for source, _ in sums}}

    scan.run(NOW, TODAY)
    assert raw() <= set(shown())
    source = DailyRollup.objects.filter(calls__gt=0).first().source
    make_usage("app-9", "house-model", TODAY, 7, source=source)
    assert raw() <= set(shown()), "the day is stale"
    scan.run(NOW, TODAY)
    assert raw() <= set(shown())


def _whole(value):
    return value if value is None else int(value)


@pytest.fixture
def world():
    """Two months of a few applications and models, one name nobody knows, one source that counts no calls."""
    new = make_entry("openai/new")
    dates = {"announced": "2023-10-20", "sunset": SUNSET, "replacements": [new]}
    old = [make_entry(f"openai/old-{n}", **dates) for n in range(2)]
    dice = random.Random(3)
    for number in range(5):
        for called in (*old, new, "house-model"):
            start = TODAY - timedelta(days=dice.randrange(20, 60))
            measures = {"input_tokens": 40} if number == 4 else {"errors": 1}
            count = None if number == 4 else dice.randrange(1, 90)
            days = dice.randrange(1, 20)
            make_usage(f"app {number}", called, start, count, days=days, **measures)
    scan.run(NOW, TODAY)
    return {"old": old, "new": new}


def test_after_a_scan(world):
    check()


def test_after_a_scan_of_nothing_new_and_of_one_changed_row(world):
    for calls_now in (7, 9):
        row = DailyRollup.objects.filter(calls__gt=0).order_by("pk")[3]
        DailyRollup.objects.filter(pk=row.pk).update(calls=calls_now)
        StaleDay.objects.create(day=row.day)
        scan.run(NOW, TODAY)
        check()


def test_after_a_back_fill_before_and_between(world):
    make_usage("app 0", world["old"][0], TODAY - timedelta(days=100), 5, days=3)
    make_usage("newcomer", world["new"], TODAY - timedelta(days=30), 5, days=25)
    scan.run(NOW, TODAY)
    check()


def test_after_applications_were_told_apart_anew(world):
    one = make_application("platform")
    ApplicationRule.objects.create(field="consumer", pattern="app 1", application=one)
    ApplicationRule.objects.create(field="consumer", pattern="app 2", application=one)
    reattribute(NOW)
    scan.run(NOW, TODAY)
    check()


def test_after_a_name_came_to_mean_something_and_back(world):
    alias = Alias.objects.create(platform=world["new"].platform, entry=world["new"], name="house-model")
    snapshot.bump(NOW)
    CalledName.objects.filter(called_as="house-model").update(platform="openai")
    scan.run(NOW, TODAY)
    check()
    alias.delete()
    snapshot.bump(NOW)
    scan.run(NOW, TODAY)
    check()


def test_after_an_alias_moved_from_one_model_to_another(world):
    """On days before the move it counts for the one, from then on for the other; also when the day is edited."""
    platform = world["new"].platform
    CalledName.objects.filter(called_as="house-model").update(platform="openai")
    moved = TODAY - timedelta(days=30)
    first = Alias.objects.create(platform=platform, entry=world["old"][0], name="house-model", to_on=moved - DAY)
    second = Alias.objects.create(platform=platform, entry=world["old"][1], name="house-model", from_on=moved)
    make_usage("mover", "house-model", moved - timedelta(days=3), 7, days=6)
    for day in (moved, moved + timedelta(days=2), moved - timedelta(days=1)):
        Alias.objects.filter(pk=first.pk).update(to_on=day - DAY)
        Alias.objects.filter(pk=second.pk).update(from_on=day)
        snapshot.bump(NOW)
        scan.run(NOW, TODAY)
        check()


def test_calls_that_move_to_another_region_today_change_no_sum_but_the_due_date(world):
    """A day on which a pair calls as before is passed over by the scan only if it calls from where it did."""
    name = "anthropic.claude-v2"
    entry = make_entry(f"aws-bedrock/{name}", announced="2023-07-06", sunset="2024-07-04")
    sooner = make_revision(entry, "2023-07-07")
    Milestone.objects.create(revision=sooner, kind="sunset", on="2024-01-04", region="eu-west-3")
    snapshot.bump(NOW)
    make_usage("shop", name, TODAY - timedelta(days=9), 5, days=10, platform="aws-bedrock")
    scan.run(NOW, TODAY)
    check()
    make_usage("shop", f"eu.{name}", TODAY, 5, platform="aws-bedrock")
    DailyRollup.objects.filter(name__called_as=name, day=TODAY).update(calls=0)
    StaleDay.objects.create(day=TODAY)
    scan.run(NOW, TODAY)
    check()
    known = snapshot.load(TODAY)
    found = Finding.objects.as_of(TODAY, known).get(application__name="shop")
    assert finding_due(found, known).on == date(2024, 1, 4)
    assert CallRegions.objects.get(finding=found).from_on == TODAY


def test_after_rollups_went_and_after_pruning(world):
    retention.prune(NOW)
    gone = DailyRollup.objects.filter(name__called_as="old-0")
    StaleDay.objects.bulk_create([StaleDay(day=day) for day in set(gone.values_list("day", flat=True))])
    gone.delete()
    scan.run(NOW, TODAY)
    check()


def test_open_periods_after_many_scans_are_those_of_one_scan_of_it_all(world):
    """Also where a scan passes over pairs that only call more or less often."""
    dice = random.Random(8)
    pks = list(DailyRollup.objects.exclude(name__called_as="house-model").values_list("pk", flat=True))
    for step in range(12):
        for pk in dice.sample(pks, 4):
            row = DailyRollup.objects.get(pk=pk)
            DailyRollup.objects.filter(pk=pk).update(calls=dice.choice([0, 3, None]))
            StaleDay.objects.create(day=row.day)
        make_usage(
            f"app {step % 5}", world["old"][step % 2], TODAY - timedelta(days=step % 4), dice.choice([0, 2])
        )
        scan.run(NOW, TODAY)
    fields = ("finding__application", "finding__entry", "number", "opened_on", "last_call_on", "resolved_on")
    step_by_step = set(OpenPeriod.objects.values_list(*fields))
    Finding.objects.all().delete()
    ScannedEntry.objects.all().delete()
    scan.run(NOW, TODAY)
    assert step_by_step == set(OpenPeriod.objects.values_list(*fields))
    assert step_by_step


def test_who_called_lately_is_right_on_every_day(world):
    """Also between two calls of somebody who paused for longer than a month."""
    make_usage("app 0", world["new"], TODAY - timedelta(days=200), 5)
    make_usage("app 0", world["new"], TODAY - timedelta(days=120), 5)
    scan.run(NOW, TODAY)
    days = [TODAY - timedelta(days=n) for n in range(0, 260, 3)]
    pairs = set(
        with_resolution(DailyRollup.objects.all())
        .exclude(resolution__entry=None)
        .values_list("day", "identity__application", "resolution__entry")
    )
    for day in days:
        first = day - timedelta(days=29)
        expected: dict[int, set[int]] = {}
        for on, application, entry in pairs:
            if first <= on <= day:
                expected.setdefault(entry, set()).add(application)
        found = calls.usage_by_entry(day)
        assert {pk: usage.applications for pk, usage in found.items()} == {
            pk: len(some) for pk, some in expected.items()
        }


def test_a_page_of_applications_is_a_slice_of_them_all(world):
    for day in (TODAY, TODAY - timedelta(days=25)):
        known = snapshot.load(day)
        deadline = known.deadlines["openai", SUNSET]
        whole = deadline_summary(deadline, known)
        ranked = rank_applications(deadline, known, whole.measured_from)
        assert [one.remaining for one in ranked] == pytest.approx([one.remaining for one in whole.applications])
        for start in range(len(ranked)):
            page = application_progress(ranked[start : start + 2], deadline, known, whole.measured_from)
            assert page == list(whole.applications[start : start + 2])


def test_both_lists_of_deadlines_at_once_are_the_lists(world):
    past = make_entry("openai/older", announced="2023-09-01", sunset="2023-11-01")
    make_usage("app 1", past, "2023-10-25", 9, days=30, source=make_source("other"))
    scan.run(NOW, TODAY)
    known = snapshot.load(TODAY)
    assert all_summaries(known, 10) == (list_summaries(known), list_summaries(known, past=True, limit=10))
