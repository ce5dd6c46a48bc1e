"""Aggregated sources: the last value told of each bucket counts, once."""

import json
from datetime import date

from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from dashboard.usage.buckets import DAY, HOUR, RUNNING_TOTAL, add_bucket_value, key_digest
from dashboard.usage.ingest import aggregates
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.pipeline import import_file
from dashboard.usage.models import AggregateRow, DailyRollup, HourlyRollup, StaleDay
from dashboard.usage.records import BucketValue, Called, Caller
from tests.thorough import examples
from tests.usage.conftest import NOW, calls, make_source, totals

NOON = 1704369600  # 2024-01-04T12:00Z
MIDNIGHT = NOON - 12 * HOUR


def told(calls: int | None, key: str = "a", start: int = NOON, seconds: int = HOUR, *, by: str = "", tokens=None):
    return BucketValue(
        key_digest(key),
        start,
        seconds,
        Caller(by or f"app-{key}"),
        Called("openai", "gpt-4"),
        (calls, None, None, tokens, None, None),
    )


def deliver(source, *readings: BucketValue) -> None:
    delivery: dict = {}
    for reading in readings:
        add_bucket_value(delivery, reading)
    with transaction.atomic():
        aggregates.replace_buckets(source, delivery.values(), Dimensions(source))


def test_a_bucket_told_again_counts_what_was_told_last(source):
    deliver(source, told(5, tokens=50), told(7, "b"))
    deliver(source, told(8, tokens=None))
    assert totals(source) == {
        ("2024-01-04", "app-a", "gpt-4"): (8, 0),
        ("2024-01-04", "app-b", "gpt-4"): (7, None),
    }


def test_telling_the_same_again_changes_nothing_and_makes_no_day_stale(source):
    deliver(source, told(5))
    StaleDay.objects.all().delete()
    deliver(source, told(5))
    assert calls(source) == 5
    assert not StaleDay.objects.exists()
    deliver(source, told(6))
    assert [stale.day for stale in StaleDay.objects.all()] == [date(2024, 1, 4)]


def test_rows_of_one_key_in_one_delivery_are_summed(source):
    deliver(source, told(5), told(3))
    deliver(source, told(5), told(3))
    assert calls(source) == 8


def test_an_unknown_number_of_calls_stays_unknown_until_it_is_told(source):
    deliver(source, told(None, tokens=9))
    assert list(DailyRollup.objects.values_list("calls", "input_tokens")) == [(None, 9)]
    deliver(source, told(0, tokens=9))
    assert list(HourlyRollup.objects.values_list("calls", "input_tokens")) == [(0, 9)]


def test_a_key_whose_caller_changes_moves_with_all_it_told(source):
    deliver(source, told(5))
    deliver(source, told(6, by="renamed"))
    assert totals(source) == {("2024-01-04", "renamed", "gpt-4"): (6, None)}


def test_a_day_counts_in_the_width_it_was_told_in_last(source):
    deliver(source, told(9, start=MIDNIGHT, seconds=DAY))
    deliver(source, told(4), told(5, start=NOON + HOUR))
    assert calls(source) == 9
    assert HourlyRollup.objects.count() == 2
    deliver(source, told(11, start=MIDNIGHT, seconds=DAY))
    assert calls(source) == 11
    assert AggregateRow.objects.count() == 1


def test_values_of_other_sources_are_left_alone(source):
    other = make_source("other")
    deliver(source, told(5))
    deliver(other, told(7))
    deliver(source, told(6))
    assert (calls(source), calls(other)) == (6, 7)


def test_of_a_counter_the_growth_counts_in_the_hour_it_grew_in(source):
    deliver(source, told(10, seconds=RUNNING_TOTAL), told(25, start=NOON + 2 * HOUR, seconds=RUNNING_TOTAL))
    hours = HourlyRollup.objects.order_by("hour").values_list("calls", flat=True)
    assert list(hours) == [10, 15]
    deliver(source, told(18, start=NOON + HOUR, seconds=RUNNING_TOTAL))
    assert list(hours.all()) == [10, 8, 7]


def test_a_delivery_that_fails_leaves_nothing(source):
    deliver(source, told(5))
    with transaction.atomic():
        aggregates.replace_buckets(source, [told(9)], Dimensions(source))
        transaction.set_rollback(True)
    assert calls(source) == 5


KEYS = st.sampled_from("ab")
HOURS = st.integers(0, 3).map(lambda n: NOON + n * HOUR)
ROWS = st.builds(told, st.none() | st.integers(0, 50), KEYS, HOURS, tokens=st.none() | st.integers(0, 9))
DELIVERIES = st.lists(st.lists(ROWS, max_size=4), max_size=6)


class Deliveries(HypothesisTestCase):
    @settings(max_examples=examples(40), deadline=None)
    @given(DELIVERIES, st.data())
    def test_however_deliveries_come_and_repeat_each_bucket_has_its_last_value(self, deliveries, data):
        source = make_source()
        last: dict = {}
        for delivery in deliveries:
            for _ in range(data.draw(st.integers(1, 2))):
                deliver(source, *delivery)
            summed: dict = {}
            for reading in delivery:
                add_bucket_value(summed, reading)
            last |= summed
        for measure, index in (("calls", 0), ("input_tokens", 3)):
            wanted = sum(reading.measures[index] or 0 for reading in last.values())
            for table in (HourlyRollup, DailyRollup):
                found = table.objects.filter(source=source).values_list(measure, flat=True)
                assert sum(number or 0 for number in found) == wanted

    @settings(max_examples=examples(20), deadline=None)
    @given(st.permutations([(n * HOUR, 3 * n + 1) for n in range(5)]), st.integers(1, 5))
    def test_in_whatever_order_a_counter_is_told_its_growth_is_the_same(self, points, size):
        source = make_source()
        for at in range(0, len(points), size):
            batch = [
                told(total, start=NOON + after, seconds=RUNNING_TOTAL) for after, total in points[at : at + size]
            ]
            deliver(source, *batch)
            deliver(source, *batch)
        hourly = HourlyRollup.objects.filter(source=source).order_by("hour").values_list("calls", flat=True)
        assert list(hourly) == [1, 3, 3, 3, 3]


def page(*buckets: tuple[str, dict[str, int]]) -> bytes:
    """A page of OpenAI's usage API: days and the requests of each project."""
    data = []
    for day, projects in buckets:
        start = int((date.fromisoformat(day) - date(1970, 1, 1)).total_seconds())
        results = [
            {"num_model_requests": number, "project_id": project, "model": "gpt-4", "input_tokens": number}
            for project, number in projects.items()
        ]
        data.append({"object": "bucket", "start_time": start, "end_time": start + DAY, "results": results})
    return json.dumps({"object": "page", "data": data, "has_more": False}, indent=2).encode()


def bring(source, path, format_name="auto"):
    return import_file(source, path, format=format_name, now=NOW)


def test_a_page_that_comes_again_with_more_replaces_the_one_before(source, write):
    first = write("1.json", page(("2024-01-03", {"a": 5}), ("2024-01-04", {"a": 2})))
    bring(source, first)
    bring(source, write("2.json", page(("2024-01-04", {"a": 9, "b": 1}))))
    expected = {
        ("2024-01-03", "a", "gpt-4"): (5, 5),
        ("2024-01-04", "a", "gpt-4"): (9, 9),
        ("2024-01-04", "b", "gpt-4"): (1, 1),
    }
    assert totals(source) == expected
    again = bring(source, first)  # known by its content, though newer pages came since
    assert (again.accepted, again.duplicates) == (0, 2)
    assert totals(source) == expected


def test_a_page_with_a_bucket_longer_than_what_is_looked_at_is_told_and_read_whole(source, write):
    projects = {f"project-{n}": n for n in range(900)}
    counts = bring(source, write("long.json", page(("2024-01-04", projects))))
    assert counts.accepted == 900
    assert calls(source) == sum(range(900))


def test_a_csv_of_sums_replaces_and_one_of_calls_adds_up(source, write):
    sums = b"date,application,model,calls\n2024-01-04,search,gpt-4,%d\n2024-01-04,search,gpt-4,1\n"
    bring(source, write("sums.csv", sums % 5))
    bring(source, write("sums-later.csv", sums % 8))
    assert calls(source) == 9
    log = make_source("log")
    rows = b"ts,application,model,id\n2024-01-04T09:10:00Z,search,gpt-4,1\n2024-01-04T09:20:00Z,search,gpt-4,%d\n"
    bring(log, write("calls.csv", rows % 2))
    bring(log, write("calls-later.csv", rows % 3))
    assert calls(log) == 3


def test_columns_of_any_csv_can_be_named(write, db):
    source = make_source(
        platform="openai", config={"columns": {"When": "date", "LLM": "model", "Hits": "calls", "Squad": "team"}}
    )
    bring(
        source, write("x.csv", b'When;LLM;Hits;Squad\n2024-01-04;gpt-4;"7";Search\n2024-01-04;gpt-4;x;\n'), "csv"
    )
    assert totals(source) == {("2024-01-04", "Search", "gpt-4"): (7, None)}


def test_rows_of_the_tag_table_are_refused_since_it_counts_calls_twice(source, write):
    rows = b"tag,date,api_key,model,custom_llm_provider,api_requests\nx,2024-01-04,k,gpt-4,openai,5\n"
    counts = bring(source, write("tags.csv", rows))
    assert (counts.accepted, counts.rejected) == (0, 1)
    assert calls(source) == 0
