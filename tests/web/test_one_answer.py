"""A question that pages, exports, commands and mail all answer has one answer."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from dashboard.alerts import outbox
from dashboard.catalog import snapshot
from dashboard.findings import scan
from dashboard.findings.deadlines.summary import list_summaries
from dashboard.findings.history import silent_sources
from dashboard.findings.models import EntryCaller, Finding
from dashboard.findings.traffic.source_coverage import sources_of_calls
from dashboard.web.common import call_series
from tests.factories import NOW, make_application, make_entry, make_source, make_usage, report_only
from tests.web.pages import csv_rows

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)


def make_ada():
    return make_entry("openai/ada", announced="2023-07-06", sunset="2024-01-04")


def findings_as_json() -> list[dict]:
    out = StringIO()
    call_command("findings", "--json", stdout=out)
    return json.loads(out.getvalue())


class TestCallsInTheLast7Days:
    def test_are_those_of_the_last_seven_complete_days_everywhere(self, viewer):
        """Each day has its own power of ten: the unfinished day and the eighth day back do not count."""
        ada = make_ada()
        make_application("shop", owner="shop@example.com")
        for power, day in enumerate(range(8, -1, -1)):
            make_usage("shop", ada, date(2023, 12, 8 - day) if day < 8 else date(2023, 11, 30), 10**power)
        scan.run(NOW, TODAY)
        finding = Finding.objects.get()
        expected = 11_111_110
        numbers = {
            "list": viewer.get("/findings/").context["rows"][0].calls_7d,
            "finding": viewer.get(finding.get_absolute_url()).context["page"].row.calls_7d,
            "application": viewer.get("/applications/shop/").context["page"].calls_7d,
            "model": viewer.get("/models/openai/ada/").context["model"].calls_7d,
            "overview": viewer.get("/").context["overview"].at_risk[0].calls,
            "csv": int(csv_rows(viewer.get("/findings/?format=csv"))[0]["calls_7d"]),
            "command": findings_as_json()[0]["calls_7d"],
            "mail": outbox.plan_digests(TODAY).digests[0].items[0].calls,
        }
        assert numbers == dict.fromkeys(numbers, expected)

    def test_of_an_application_that_called_today_only_are_none_yet(self, viewer):
        make_usage("shop", make_ada(), TODAY, 5)
        scan.run(NOW, TODAY)
        assert viewer.get("/findings/").context["rows"][0].calls_7d == 0
        assert viewer.get("/models/openai/ada/").context["model"].calls_7d == 0
        assert findings_as_json()[0]["calls_7d"] == 0

    def test_are_unknown_where_no_source_counts_them(self, viewer):
        make_usage("shop", make_ada(), "2023-12-06", calls=None, input_tokens=9)
        scan.run(NOW, TODAY)
        assert viewer.get("/findings/").context["rows"][0].calls_7d is None
        assert findings_as_json()[0]["calls_7d"] is None


class TestSilentSources:
    @pytest.fixture
    def weekly(self):
        """A source that reports on Mondays, the last time on 4 December 2023."""
        source = make_source("weekly")
        ada = make_ada()
        for monday in ("2023-11-06", "2023-11-13", "2023-11-20", "2023-11-27", "2023-12-04"):
            make_usage("shop", ada, monday, source=source)
        scan.run(NOW, TODAY)
        return source

    def silent(self, viewer, day: str) -> dict[str, bool]:
        on = date.fromisoformat(day)
        findings = Finding.objects.as_of(on, snapshot.load(on))
        rows = viewer.get(f"/sources/?as_of={day}").context["rows"]
        return {
            "overview": bool(viewer.get(f"/?as_of={day}").context["overview"].sources.silent),
            "sources": [row.state for row in rows] == ["silent"],
            "findings": bool(silent_sources(findings, on)),
        }

    def test_one_that_reports_every_monday_is_not_silent_on_thursday(self, viewer, weekly):
        assert set(self.silent(viewer, "2023-12-07").values()) == {False}

    def test_it_is_silent_once_it_misses_a_monday(self, viewer, weekly, settings):
        settings.SUNDIAL_TODAY = date(2023, 12, 13)
        assert set(self.silent(viewer, "2023-12-13").values()) == {True}

    def test_one_that_reports_daily_is_silent_after_two_days(self, viewer, settings):
        make_usage("shop", make_ada(), "2023-12-01", days=3)
        scan.run(NOW, TODAY)
        assert set(self.silent(viewer, "2023-12-05").values()) == {False}
        assert set(self.silent(viewer, "2023-12-06").values()) == {True}


class TestIsACall:
    def test_a_row_without_calls_tokens_or_cost_is_none_anywhere(self, viewer):
        """A source may list a model without any usage of it."""
        ada = make_ada()
        make_usage("shop", ada, "2023-12-01")
        report_only(make_source("empty"), "2023-12-01", days=7)
        make_usage("shop", ada, "2023-12-05", calls=None, source=make_source("empty"))
        scan.run(NOW, TODAY)
        last_call = date(2023, 12, 1)
        finding = Finding.objects.as_of(TODAY, snapshot.load(TODAY)).get()
        assert finding.open_periods.get().last_call_on == last_call
        assert finding.last_call_on == last_call
        (caller,) = viewer.get("/models/openai/ada/").context["model"].callers
        assert caller.last_on == last_call
        assert list(EntryCaller.objects.filter(entry=ada).values_list("first_on", "last_on")) == [
            (last_call, last_call)
        ]
        key = (finding.application_id, ada.pk, date(2023, 12, 5))
        assert sources_of_calls([key])[key] == {make_source().pk}

    def test_tokens_without_a_count_are_calls(self):
        make_usage("shop", make_ada(), "2023-12-05", calls=None, input_tokens=7)
        scan.run(NOW, TODAY)
        finding = Finding.objects.as_of(TODAY, snapshot.load(TODAY)).get()
        assert finding.last_call_on == finding.open_periods.get().last_call_on == date(2023, 12, 5)


def test_the_same_usage_is_measured_alike_in_mail_charts_and_deadlines():
    """Calls are counted on one day and not on the other; all of it has tokens."""
    ada = make_ada()
    shop = make_application("shop", owner="shop@example.com")
    make_usage(shop, ada, "2023-12-06", 40, input_tokens=400)
    make_usage("desk", ada, "2023-12-07", calls=None, input_tokens=500, source=make_source("uncounted"))
    make_usage(shop, ada, "2023-12-07", calls=None, input_tokens=500, source=make_source("uncounted"))
    scan.run(NOW, TODAY)
    (deadline,) = list_summaries(snapshot.load(TODAY))
    (mail,) = outbox.plan_digests(TODAY).digests
    stack = call_series.calls_by_application(ada.pk, TODAY, {shop.pk: 40, make_application("desk").pk: None})
    assert (deadline.measure, mail.items[0].measure, stack.measure) == ("tokens", "tokens", "tokens")
    assert mail.items[0].calls == 900
