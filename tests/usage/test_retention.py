"""Hourly sums and ids go when old, daily sums never; what is filled in late stays protected."""

from datetime import timedelta

import pytest

from dashboard.usage import retention
from dashboard.usage.ingest import import_file
from dashboard.usage.models import DailyRollup, HourlyRollup, RejectedLine, SeenIds
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
    monkeypatch.setattr(retention, "MOST", 2)
    load(source, write("a.jsonl", LINES))
    later = NOW + timedelta(days=60)
    assert prune(later) == Pruned(8, 0, 0, finished=False)
    assert prune(later).hourly == 2
