"""Every number of a deadline equals plain SQL over the rollups, and nothing after the day asked about counts."""

import random
from datetime import date, timedelta

import pytest
from django.db import connection

from dashboard.catalog import snapshot
from dashboard.core.fields import day_number
from dashboard.findings import scan
from dashboard.findings.deadlines.summary import burndown_days, deadline_summary, list_summaries
from tests.factories import NOW, as_day, make_entry, make_source, make_usage, report_only

pytestmark = pytest.mark.django_db

SUNSET = date(2024, 1, 4)
TODAY = date(2023, 8, 20)


@pytest.fixture
def models():
    instruct = make_entry("openai/gpt-3.5-turbo-instruct")
    dates = {"announced": "2023-07-06", "sunset": SUNSET, "replacements": [instruct]}
    return {
        "davinci": make_entry("openai/davinci", on_sunset="fails", **dates),
        "ada": make_entry("openai/ada", on_sunset="redirects", **dates),
        "instruct": instruct,
    }


def look(as_of=TODAY):
    day = as_day(as_of)
    known = snapshot.load(day)
    return known.deadlines["openai", SUNSET], known


def sql(question: str, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return cursor.fetchall()


def calls_by_day(names: list[str], first: date, last: date) -> dict[int, int]:
    """Straight from the rollups, by name as called."""
    marks = ", ".join(["%s"] * len(names))
    rows = sql(
        "SELECT d.day, SUM(d.calls) FROM usage_dailyrollup d JOIN usage_calledname n ON n.id = d.name_id"
        f" WHERE n.called_as IN ({marks}) AND d.day BETWEEN %s AND %s GROUP BY d.day",
        *names,
        day_number(first),
        day_number(last),
    )
    return {day: int(calls) for day, calls in rows}


def test_every_number_equals_plain_sql_over_the_rollups(models):
    rng = random.Random(20240104)
    for number in range(8):
        start = as_day("2023-06-01") + timedelta(days=rng.randint(0, 40))
        for offset in range(rng.randint(10, 90)):
            model = rng.choice(list(models.values()))
            make_usage(f"app {number}", model, start + timedelta(days=offset), rng.randint(1, 500))
    scan.run(NOW, TODAY)
    found = deadline_summary(*look())

    old, new = ["davinci", "ada"], ["gpt-3.5-turbo-instruct"]
    from_day = date(2023, 6, 22)
    daily = calls_by_day(old, from_day, TODAY - timedelta(days=1))
    numbers = range(day_number(from_day), day_number(TODAY) - 6)
    highest = max(sum(daily.get(n + i, 0) for i in range(7)) for n in numbers) / 7
    week = (TODAY - timedelta(days=7), TODAY - timedelta(days=1))
    remaining = sum(calls_by_day(old, *week).values()) / 7
    replaced = sum(calls_by_day(new, *week).values()) / 7
    assert found.measured_from == from_day
    assert found.baseline == pytest.approx(highest)
    assert found.remaining == pytest.approx(remaining)
    assert found.progress == pytest.approx(1 - remaining / highest)
    assert found.replacement_share == pytest.approx(replaced / (replaced + remaining))
    assert found.failing_per_day == pytest.approx(sum(calls_by_day(["davinci"], *week).values()) / 7)
    assert sum(a.remaining for a in found.applications) == pytest.approx(remaining)
    assert found.applications_total == len(found.applications)
    assert found.applications_done == sum(a.done for a in found.applications)

    points = burndown_days(*look(), date(2023, 7, 1), date(2024, 1, 10))
    assert points[-1].day == TODAY
    old_days = calls_by_day(old, date(2023, 7, 1), TODAY)
    new_days = calls_by_day(new, date(2023, 7, 1), TODAY)
    assert [p.retiring for p in points] == [old_days.get(day_number(p.day), 0) for p in points]
    assert [p.replacement for p in points] == [new_days.get(day_number(p.day), 0) for p in points]
    assert points[-1].applications_remaining == found.applications_total - found.applications_done


def test_nothing_after_the_day_asked_about_shows(models):
    make_usage("shop", models["davinci"], "2023-07-01", 100, days=40)
    make_usage("late", models["davinci"], "2023-08-25", 900, days=40)
    scan.run(NOW, date(2023, 12, 8))
    found = deadline_summary(*look())
    assert [a.slug for a in found.applications] == ["shop"]
    assert found.baseline == 100
    assert found.applications[0].last_call_on == date(2023, 8, 9)


def test_an_application_is_done_when_its_findings_have_resolved(models):
    gateway = make_source()
    make_usage("shop", models["davinci"], "2023-07-01", 70, days=20, source=gateway)
    make_usage("store", models["ada"], "2023-07-01", 30, days=60, source=gateway)
    report_only(gateway, "2023-07-01", days=60)
    scan.run(NOW, TODAY)
    found = deadline_summary(*look())
    assert (found.applications_done, found.applications_total) == (1, 2)
    store, shop = found.applications
    assert (store.slug, store.status, store.forecast.verdict) == ("store", "open", "stalled")
    assert (shop.slug, shop.status, shop.done, shop.progress) == ("shop", "resolved", True, 1.0)
    assert shop.forecast.verdict == "done"
    assert [p.applications_remaining for p in burndown_days(*look(), date(2023, 7, 26), date(2023, 7, 29))] == [
        2,
        2,
        1,
        1,
    ]


def test_after_the_sunset_failed_calls_are_those_that_were_seen(models):
    make_usage("shop", models["davinci"], "2023-12-25", 50, days=20, errors=2, gone=1)
    make_usage("shop", models["ada"], "2024-01-04", 10, days=10)
    scan.run(NOW, date(2024, 1, 12))
    assert deadline_summary(*look("2024-01-04")).failing_per_day == 50, "expected, while nothing has failed yet"
    assert deadline_summary(*look("2024-01-12")).failing_per_day == 2, "seen; redirected calls do not fail"


def test_a_source_without_a_call_count_is_measured_in_tokens(models):
    make_usage("shop", models["davinci"], "2023-07-01", None, input_tokens=60, output_tokens=40, days=60)
    scan.run(NOW, TODAY)
    found = deadline_summary(*look())
    assert (found.measure, found.incomplete, found.remaining) == ("tokens", False, 100)
    assert found.applications[0].measure == "tokens"


def test_calls_and_tokens_that_cannot_be_compared_are_told(models):
    make_usage("shop", models["davinci"], "2023-07-01", 10, days=60)
    make_usage("store", models["ada"], "2023-07-01", None, input_tokens=100, days=60)
    scan.run(NOW, TODAY)
    found = deadline_summary(*look())
    assert (found.measure, found.incomplete, found.remaining) == ("calls", True, 10)


def test_the_list_agrees_with_the_single_deadline_at_a_fixed_number_of_queries(models, django_assert_num_queries):
    make_usage("shop", models["davinci"], "2023-07-01", 100, days=60)
    for n in range(20):
        extra = make_entry(f"openai/old-{n}", announced="2023-07-01", sunset=SUNSET + timedelta(days=n + 1))
        make_usage("shop", extra, "2023-08-01", 5)
    scan.run(NOW, TODAY)
    deadline, known = look()
    with django_assert_num_queries(4):
        found = list_summaries(known)
    assert len(found) == 21
    one = deadline_summary(deadline, known)
    assert (found[0].baseline, found[0].remaining, found[0].forecast) == (
        one.baseline,
        one.remaining,
        one.forecast,
    )
    assert list_summaries(known, past=True) == []
    assert [d.sunset_on for d in list_summaries(known, limit=2)] == [SUNSET, SUNSET + timedelta(days=1)]


def test_a_deadline_without_any_usage_answers(models):
    found = deadline_summary(*look())
    assert (found.applications_total, found.progress, found.forecast.verdict) == (0, None, "unknown")
    assert burndown_days(*look(), date(2023, 8, 19), date(2023, 8, 30))[-1].retiring == 0
