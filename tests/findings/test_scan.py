"""From rollups and catalog to findings, through `scan.run`."""

from datetime import date, timedelta

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.models import Alias
from dashboard.findings import name_resolution, scan
from dashboard.findings.models import Finding, OpenPeriod, Resolution, StalePair, Traffic
from dashboard.findings.traffic import daily
from dashboard.usage.models import DailyRollup, Identity, StaleDay
from tests.factories import (
    NOW,
    as_day,
    make_application,
    make_entry,
    make_revision,
    make_source,
    make_usage,
    report_only,
)

pytestmark = pytest.mark.django_db

TODAY = date(2023, 8, 1)


@pytest.fixture
def davinci():
    return make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04", on_sunset="fails")


def run(as_of: str | date = TODAY) -> scan.ScanResult:
    return scan.run(NOW, as_day(as_of))


def statuses(as_of: str | date = TODAY) -> list[tuple[str, str, str]]:
    day = as_day(as_of)
    found = Finding.objects.as_of(day, snapshot.load(day)).order_by("application__slug", "entry__name")
    return [(f.application.slug, f.entry.name, f.status) for f in found.select_related("application", "entry")]


def test_calling_a_retiring_model_opens_a_finding(davinci):
    make_usage("shop", davinci, "2023-07-20", 5)
    assert run() == scan.ScanResult(resolved_names=1, days=1, opened=1)
    assert statuses() == [("shop", "davinci", "open")]


def test_a_second_scan_changes_nothing(davinci):
    make_usage("shop", davinci, "2023-07-20", 5)
    run()
    before = list(OpenPeriod.objects.values()), list(Traffic.objects.values()), list(Finding.objects.values())
    assert run() == scan.ScanResult()
    assert (
        list(OpenPeriod.objects.values()),
        list(Traffic.objects.values()),
        list(Finding.objects.values()),
    ) == before


def test_a_model_that_nobody_retires_is_no_finding():
    make_usage("shop", make_entry("openai/gpt-4"), "2023-07-20", 5)
    run()
    assert statuses() == []


def test_a_failed_attempt_counts_and_a_day_with_zero_calls_does_not(davinci):
    make_usage("shop", davinci, "2023-07-20", 3, errors=3)
    make_usage("idle", davinci, "2023-07-20", 0)
    run()
    assert statuses() == [("shop", "davinci", "open")]


def test_a_source_without_call_counts_opens_findings_by_its_tokens(davinci):
    make_usage("shop", davinci, "2023-07-20", None, input_tokens=10)
    make_usage("idle", davinci, "2023-07-20", None, input_tokens=0)
    run()
    assert statuses() == [("shop", "davinci", "open")]


def test_quiet_days_resolve_a_finding_without_any_new_traffic_of_it(davinci):
    gateway = make_source()
    make_usage("shop", davinci, "2023-07-20", source=gateway)
    run("2023-07-21")
    report_only(gateway, "2023-07-21", days=7)
    result = run("2023-07-28")
    assert result.resolved == 1
    assert statuses("2023-07-28") == [("shop", "davinci", "resolved")]
    assert statuses("2023-07-27") == [("shop", "davinci", "open")], "as of a day earlier it was still open"


def test_a_silent_source_resolves_nothing_even_when_others_report(davinci):
    make_usage("shop", davinci, "2023-07-20", source=make_source("gateway"))
    report_only(make_source("other"), "2023-07-01", days=60)
    run("2023-08-30")
    assert statuses("2023-08-30") == [("shop", "davinci", "open")]


def test_both_gateways_of_an_application_must_have_reported(davinci):
    one, two = make_source("one"), make_source("two")
    make_usage("shop", davinci, "2023-07-20", source=one)
    make_usage("shop", davinci, "2023-07-19", source=two)
    report_only(one, "2023-07-21", days=20)
    run("2023-08-10")
    assert statuses("2023-08-10") == [("shop", "davinci", "open")]
    report_only(two, "2023-07-21", days=20)
    run("2023-08-10")
    assert statuses("2023-08-10") == [("shop", "davinci", "resolved")]


def test_a_gateway_that_was_left_long_ago_is_not_waited_for(davinci):
    old, new = make_source("old"), make_source("new")
    make_usage("shop", davinci, "2023-07-10", source=old)
    make_usage("shop", davinci, "2023-07-11", days=40, source=new)
    report_only(new, "2023-08-20", days=10)
    run("2023-08-30")
    assert statuses("2023-08-30") == [("shop", "davinci", "resolved")]


def test_calls_that_come_back_show_as_regressed(davinci):
    gateway = make_source()
    make_usage("shop", davinci, "2023-07-10", source=gateway)
    report_only(gateway, "2023-07-11", days=20)
    run("2023-07-20")
    make_usage("shop", davinci, "2023-07-25", source=gateway)
    assert run("2023-07-31").regressed == 1
    assert statuses("2023-07-31") == [("shop", "davinci", "regressed")]
    assert statuses("2023-07-20") == [("shop", "davinci", "resolved")]


def test_an_announcement_opens_findings_for_calls_seen_before_it():
    model = make_entry("openai/ada")
    make_usage("shop", model, "2023-06-01", days=60)
    run()
    assert statuses() == []
    make_revision(model, "2023-07-06", announced="2023-07-06", sunset="2024-01-04")
    run()
    assert statuses() == [("shop", "ada", "open")]
    assert OpenPeriod.objects.get().opened_on == date(2023, 7, 6)
    assert statuses("2023-07-05") == []


def test_a_withdrawn_sunset_takes_its_findings_away_from_that_day_on(davinci):
    make_usage("shop", davinci, "2023-07-10", days=30)
    run()
    make_revision(davinci, "2023-07-20", withdraw=True)
    run()
    assert statuses() == []
    assert statuses("2023-07-19") == [("shop", "davinci", "open")]


def test_answers_reach_past_today_when_usage_does(davinci):
    """A replayed story has usage beyond the pinned today; asking as of a later day must answer."""
    gateway = make_source()
    make_usage("shop", davinci, "2023-07-10", source=gateway)
    make_usage("late", davinci, "2023-07-20", source=gateway)
    report_only(gateway, "2023-07-11", days=30)
    assert run("2023-07-12") == scan.ScanResult(resolved_names=1, days=30 + 1, opened=1)
    assert statuses("2023-07-12") == [("shop", "davinci", "open")]
    assert statuses("2023-07-19") == [("shop", "davinci", "resolved")]
    assert statuses("2023-07-20") == [("late", "davinci", "open"), ("shop", "davinci", "resolved")]


def test_a_scan_that_dies_after_the_sums_is_finished_by_the_next_one(davinci):
    make_usage("shop", davinci, "2023-07-20")
    name_resolution.refresh(snapshot.load(TODAY))
    daily.refill_stale_days()
    assert StalePair.objects.count() == 1
    assert run().opened == 1
    assert not StalePair.objects.exists()


def test_calls_that_turn_out_to_be_of_another_application_move_their_finding(davinci):
    make_usage("shop", davinci, "2023-07-20")
    run()
    Identity.objects.update(application=make_application("store"))
    StaleDay.objects.create(day=date(2023, 7, 20))
    run()
    assert statuses() == [("store", "davinci", "open")]


def test_a_new_alias_brings_past_calls_to_their_model(davinci):
    make_usage("shop", "prod-davinci", "2023-07-20", platform="openai")
    run()
    assert statuses() == []
    Alias.objects.create(entry=davinci, name="prod-davinci")
    snapshot.bump(NOW)
    assert run().resolved_names == 1
    assert statuses() == [("shop", "davinci", "open")]


def test_a_changed_deployment_map_is_looked_up_anew(davinci):
    source = make_source(platform="openai")
    make_usage("shop", "prod", "2023-07-20", source=source)
    run()
    source.deployments = {"prod": "davinci"}
    source.save()
    assert run().resolved_names == 0, "nobody said that the map changed"
    assert name_resolution.invalidate(source) == 1
    assert run().resolved_names == 1
    assert statuses() == [("shop", "davinci", "open")]


def test_a_name_that_still_means_the_same_leaves_its_days_alone(davinci):
    make_usage("shop", davinci, "2023-07-20")
    run()
    snapshot.bump(NOW)
    assert run() == scan.ScanResult()
    assert Resolution.objects.get().catalog == snapshot.version()


def test_sums_follow_the_rollups_and_keep_unknown_apart_from_zero(davinci):
    make_usage("shop", davinci, "2023-07-20", 5, errors=1)
    make_usage("shop", davinci, "2023-07-20", 7, endpoint="/v1/completions")
    make_usage("shop", "mystery", "2023-07-20", 3)
    run()
    row = Traffic.objects.get(entry=davinci)
    assert (row.calls, row.errors, row.input_tokens) == (12, 1, None)
    assert Traffic.objects.get(entry=None).calls == 3
    DailyRollup.objects.all().delete()
    StaleDay.objects.create(day=date(2023, 7, 20))
    run()
    assert not Traffic.objects.exists()
    assert statuses() == []


def test_a_day_that_changes_during_a_refill_stays_stale(davinci, monkeypatch):
    make_usage("shop", davinci, "2023-07-20")
    name_resolution.refresh(snapshot.load(TODAY))
    real = daily.StalePair.objects.bulk_create

    def meanwhile(*args, **kwargs):
        StaleDay.objects.create(day=date(2023, 7, 20))
        return real(*args, **kwargs)

    monkeypatch.setattr(daily.StalePair.objects, "bulk_create", meanwhile)
    daily.refill_stale_days()
    assert StaleDay.objects.count() == 1


@pytest.mark.parametrize("quiet", [3, 10])
def test_another_number_of_quiet_days_is_applied_to_findings_there_are(davinci, settings, quiet):
    gateway = make_source()
    make_usage("shop", davinci, "2023-07-10", source=gateway)
    report_only(gateway, "2023-07-11", days=30)
    run()
    settings.SUNDIAL_QUIET_DAYS = quiet
    run()
    assert OpenPeriod.objects.get().resolved_on == date(2023, 7, 11) + timedelta(days=quiet)
