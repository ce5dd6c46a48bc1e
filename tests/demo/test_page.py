"""Nothing on the demo's deadline page is made up: its numbers are plain SQL over the daily rollups."""

import csv
import io
import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from dashboard.core.fields import day_number
from dashboard.demo.applications import APPLICATIONS
from dashboard.demo.scenario import FIRST_DAY, SUNSET_ON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]

DAYS = [date(2023, 8, 15), date(2023, 12, 8), date(2024, 1, 8)]
PAGE = "/deadlines/openai/2024-01-04/"

# What the day takes away, by the names in the logs: known from the scenario, not from the catalog.
OLD = {stream.model for application in APPLICATIONS for stream in application.streams if stream.retires}
NAMES = sorted(OLD | {f"openai/{model}" for model in OLD})
COLUMNS = """
FROM usage_dailyrollup d
JOIN usage_calledname n ON n.id = d.name_id
JOIN usage_identity i ON i.id = d.identity_id
JOIN usage_application a ON a.id = i.application_id
WHERE (n.called_as IN ({names}) OR n.endpoint = '/v1/edits') AND d.day <= %s
"""


def sql(select, day, then=""):
    marks = ", ".join(["%s"] * len(NAMES))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {select} {COLUMNS.format(names=marks)} {then}", [*NAMES, day_number(day)])
        return cursor.fetchall()


def calls_per_day(as_of):
    """Calls to what retires by day, every day from the first on, the running day left out."""
    counted = {
        FIRST_DAY + timedelta(days=n - day_number(FIRST_DAY)): calls
        for n, calls in sql("d.day, SUM(d.calls)", as_of - timedelta(days=1), "GROUP BY d.day")
    }
    return [counted.get(FIRST_DAY + timedelta(days=n), 0) for n in range((as_of - FIRST_DAY).days)]


@pytest.fixture
def visit(client):
    user = get_user_model().objects.create_superuser("demo", "demo@acme.example", "a long password")
    client.force_login(user)

    def get(day, **query):
        answer = client.get(PAGE, {"as_of": day.isoformat(), **query})
        assert answer.status_code == 200
        return (answer.getvalue() if answer.streaming else answer.content).decode()

    return get


def stats(page):
    """The page's numbers by their label: (value, note)."""
    found = re.findall(r'<div class="stat">\s*<dt>(.*?)</dt>\s*<dd>(.*?)</dd>(.*?)</div>', page, re.DOTALL)
    return {unescape(label): (unescape(value), re.sub(r"<[^>]*>", "", rest)) for label, value, rest in found}


def number(text):
    return int(re.sub(r"\D", "", text))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_remaining_calls_and_progress_are_means_of_plain_sums(visit, day):
    shown = stats(visit(day))
    daily = calls_per_day(day)
    baseline = max(sum(daily[n : n + 7]) / 7 for n in range(len(daily) - 6))
    remaining = sum(daily[-7:]) / 7
    value, note = shown["Calls per day"]
    assert number(value) == round(remaining)
    assert number(note) == round(baseline)
    assert number(shown["Progress"][0]) == round((1 - remaining / baseline) * 100)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_applications_are_done_after_a_week_without_a_call(visit, day):
    done, total = map(int, stats(visit(day))["Applications done"][0].split(" / "))
    last = dict(sql("a.slug, MAX(d.day)", day, "AND d.calls > 0 GROUP BY a.slug"))
    quiet = {slug for slug, number in last.items() if day_number(day) - number > 7}
    # The partner proxy says nothing at all any more, which is no proof that nobody calls.
    assert total == len(last)
    assert done == len(quiet - {"partner-portal"})


def test_after_the_day_the_failing_calls_are_those_that_failed_in_the_logs(visit):
    day = date(2024, 1, 8)
    shown = number(stats(visit(day))["Calls that fail per day"][0])
    since = f"AND d.day >= {day_number(SUNSET_ON)}"
    failed, gone = sql("SUM(d.errors), SUM(d.gone)", day - timedelta(days=1), since)[0]
    assert shown == round(failed / (day - SUNSET_ON).days)
    assert 0.9 < gone / failed <= 1


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_every_point_of_the_burn_down_is_a_plain_sum(visit, day):
    rows = [row for row in csv.reader(io.StringIO(visit(day, format="csv"))) if re.match(r"\d{4}-", row[0])]
    points = {date.fromisoformat(row[0]): int(row[1]) for row in rows}
    counted = {day_number(FIRST_DAY): 0} | dict(sql("d.day, SUM(d.calls)", day, "GROUP BY d.day"))
    assert {day_number(on): calls for on, calls in points.items() if calls} == {
        on: calls for on, calls in counted.items() if calls
    }
    assert max(points) == day


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_every_application_shows_its_own_calls(visit, day):
    page = visit(day)
    week = sql(
        "a.name, SUM(d.calls)",
        day - timedelta(days=1),
        f"AND d.day >= {day_number(day) - 7} GROUP BY a.name",
    )
    for name, calls in week:
        row = re.search(rf">{re.escape(name)}</a>.*?</tr>", page, re.DOTALL)
        assert row, name
        _, now = re.findall(r'<td class="num"[^>]*>\s*([\d.,k]+)', row.group())
        assert now == str(round(calls / 7)), name
