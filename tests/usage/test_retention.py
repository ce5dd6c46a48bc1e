"""Hourly sums and ids go when old, daily sums never; what is filled in late stays protected."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from dashboard.usage import retention
from dashboard.usage.ingest import aggregates
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.pipeline import import_file
from dashboard.usage.models import AggregateRow, DailyRollup, HourlyRollup, RejectedLine, SeenIds, SyncWindow
from dashboard.usage.records import BucketValue, Called, Caller
from dashboard.usage.retention import Pruned, prune
from tests.usage.conftest import NOW, line

pytestmark = pytest.mark.django_db
LINES = b"".join(line(n, hour=n) for n in range(10)) + b"{not json\n"


def load(source, path, now=NOW):
    return import_file(source, path, format="sundial", now=now)


def test_nothing_goes_within_the_window(source, write, settings):
    settings.SUNDIAL_HOURLY_DAYS = 62
    load(source, write("a.jsonl", LINES))
    assert prune(NOW) == Pruned(0, 0, 0, finished=True)


def test_hours_go_after_the_window_and_days_stay(source, write, settings):
    settings.SUNDIAL_HOURLY_DAYS = 62
    load(source, write("a.jsonl", LINES))
    assert prune(NOW + timedelta(days=34)).hourly == 0  # 2024-01-04 is the oldest day that is kept
    assert prune(NOW + timedelta(days=35)) == Pruned(10, 0, 0, finished=True)
    assert HourlyRollup.objects.count() == 0
    assert sum(DailyRollup.objects.values_list("calls", flat=True)) == 10


def test_old_logs_filled_in_late_are_not_counted_again_after_pruning(source, write, settings):
    settings.SUNDIAL_HOURLY_DAYS = 5
    load(source, write("a.jsonl", LINES))
    prune(NOW)
    backwards = b"".join(reversed(LINES.splitlines(keepends=True)))
    again = load(source, write("b.jsonl", backwards), NOW + timedelta(days=4))
    assert (again.accepted, again.duplicates) == (0, 10)


def test_ids_go_when_both_their_hour_and_their_reading_are_old(source, write, settings):
    settings.SUNDIAL_HOURLY_DAYS = 5
    load(source, write("a.jsonl", LINES))
    assert prune(NOW + timedelta(days=5)).seen == 0
    assert prune(NOW + timedelta(days=6)).seen == 10
    assert not SeenIds.objects.exists()


def test_rejected_lines_go_after_ninety_days(source, write):
    load(source, write("a.jsonl", LINES))
    assert prune(NOW + timedelta(days=90)).rejected == 0
    assert prune(NOW + timedelta(days=91)).rejected == 1
    assert not RejectedLine.objects.exists()


def test_a_run_is_bounded_and_the_next_one_goes_on(source, write, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 4)
    monkeypatch.setattr(retention, "MAX_BATCHES", 2)
    load(source, write("a.jsonl", LINES))
    later = NOW + timedelta(days=60)
    assert prune(later) == Pruned(8, 0, 0, finished=False)
    assert prune(later).hourly == 2


def told(source, day: str, seconds: int = 3600, calls: int = 5, key: str = "a", reported_on=NOW) -> None:
    """One delivery of one bucket, as an aggregated source tells it."""
    start = int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp())
    reading = BucketValue(key, start, seconds, Caller("shop"), Called("openai", "gpt-4"), (calls, *[None] * 5))
    with transaction.atomic():
        aggregates.replace_buckets(source, [reading], Dimensions(source), reported_on.date())


def days_kept() -> list[str]:
    return [f"{start:%m-%d}" for start in AggregateRow.objects.order_by("start").values_list("start", flat=True)]


def test_buckets_of_aggregated_sources_go_behind_the_hours_and_the_longest_window(source, settings):
    settings.SUNDIAL_HOURLY_DAYS = 5
    for day in ("2024-01-11", "2024-01-12", "2024-01-13"):
        told(source, day)
    later = datetime(2024, 2, 2, tzinfo=UTC)
    assert prune(later).aggregated == 0, "they were told yesterday"
    assert prune(later + timedelta(days=5)).aggregated == 3
    assert sum(DailyRollup.objects.values_list("calls", flat=True)) == 15


def test_buckets_in_the_longest_window_are_kept_however_long_ago_they_were_told(source, settings):
    settings.SUNDIAL_HOURLY_DAYS = 5
    for day in ("2024-01-11", "2024-01-12", "2024-01-13"):
        told(source, day, reported_on=NOW - timedelta(days=19))
    assert prune(NOW).aggregated == 1
    assert days_kept() == ["01-12", "01-13"]


def test_a_table_that_was_not_asked_for_long_keeps_what_it_will_be_asked_for_again(source, settings):
    settings.SUNDIAL_HOURLY_DAYS = 5
    for day in ("2024-01-01", "2024-01-12", "2024-01-20"):
        told(source, day)
    until = int(datetime(2024, 1, 20, 7, tzinfo=UTC).timestamp())
    SyncWindow.objects.create(source=source, name="log", until=until)
    assert prune(NOW + timedelta(days=400)).aggregated == 1
    assert days_kept() == ["01-12", "01-20"]


def test_the_newest_total_of_a_counter_stays_so_that_it_grows_from_there(source, settings):
    settings.SUNDIAL_HOURLY_DAYS = 5
    for day, total in (("2024-01-01", 5), ("2024-01-02", 8), ("2024-01-03", 9)):
        told(source, day, seconds=0, calls=total)
    assert prune(NOW + timedelta(days=100)).aggregated == 2
    told(source, "2024-05-01", seconds=0, calls=12)
    assert sum(DailyRollup.objects.values_list("calls", flat=True)) == 12
    assert days_kept() == ["01-03", "05-01"]
