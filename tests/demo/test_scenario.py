"""The demo after the pipeline: written, loaded and scanned once, then asked about many days."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Max, Sum

from dashboard.catalog import snapshot
from dashboard.core.fields import day_number
from dashboard.demo import load
from dashboard.demo.actions import ACTIONS
from dashboard.demo.applications import APPLICATIONS
from dashboard.demo.scenario import LAST_DAY, SUNSET_ON, scenario_days
from dashboard.findings import scan
from dashboard.findings.models import Finding, FindingAction, Status
from dashboard.usage.models import Application, DailyRollup, RejectedLine, Source, Stream

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)
READ_AT = datetime(2024, 1, 11, tzinfo=UTC)
OPENS_ON = date(2023, 12, 8)
BY_KEY = {application.key: application for application in APPLICATIONS}


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]


def findings_on(day, **narrowed):
    return Finding.objects.as_of(day, snapshot.load(day)).filter(**narrowed)


def status(key, day):
    """The statuses of an application's findings on a day."""
    return {f.status for f in findings_on(day, application__slug=key)}


def left(day):
    """Applications that still have something to do on a day, for the deadline of the scenario."""
    of_deadline = {e.pk for e in snapshot.load(day).deadlines["openai", SUNSET_ON].entries}
    alive = findings_on(day).alive().for_entries(of_deadline)
    return set(alive.values_list("application__slug", flat=True))


def test_every_line_is_accepted_and_what_was_delivered_twice_counts_once(loaded):
    assert loaded.rejected == 0
    assert RejectedLine.objects.count() == 0
    assert loaded.duplicates == 60
    assert loaded.accepted > 300_000


def test_every_file_is_read_to_its_end(demo_files):
    for stream in Stream.objects.all():
        assert stream.offset > 0
    assert Stream.objects.count() == sum(1 for p in demo_files.folder.rglob("*") if p.is_file()) - 1


def test_every_day_adds_up_to_what_was_written(demo_files):
    sums = DailyRollup.objects.values("day").annotate(
        Sum("calls"), Sum("errors"), Sum("input_tokens"), Sum("output_tokens"), gone__sum=Sum("gone")
    )
    counted = {row["day"]: row for row in sums}
    written = demo_files.totals.per_day()
    assert counted.keys() == written.keys()
    for day, sums in written.items():
        row = counted[day]
        assert row["calls__sum"] == sums.calls, day
        assert row["errors__sum"] == sums.errors, day
        assert (row["gone__sum"] or 0) == sums.gone, day
        assert row["input_tokens__sum"] == sums.input_tokens, day
        assert row["output_tokens__sum"] == sums.output_tokens, day


def test_every_application_adds_up_to_what_was_written_for_it(demo_files):
    rows = DailyRollup.objects.values_list("identity__application__slug", "name__called_as").annotate(Sum("calls"))
    internal = Application.objects.get(internal=True).slug
    counted = {(slug, name): calls for slug, name, calls in rows}
    written = {}
    for _, key, name, sums in demo_files.totals.rows():
        slug = internal if BY_KEY[key].internal else key
        written[slug, name] = written.get((slug, name), 0) + sums.calls
    assert counted == written


def test_reading_again_changes_nothing(demo_files, readable):
    before = list(DailyRollup.objects.aggregate(Max("pk"), Sum("calls")).values())
    again = load.load(demo_files.folder, now=NOW, read_at=READ_AT, as_of=LAST_DAY)
    assert (again.records, again.findings.opened, again.findings.days) == (0, 0, 0)
    assert set(Source.objects.values_list("problem", flat=True)) == {""}
    assert list(DailyRollup.objects.aggregate(Max("pk"), Sum("calls")).values()) == before


def test_what_somebody_changed_in_the_demo_stays_changed(demo_files, readable):
    Application.objects.filter(slug="survey-insights").update(owner="found@acme.example")
    load.load(demo_files.folder, now=NOW, read_at=READ_AT, as_of=LAST_DAY)
    assert Application.objects.get(slug="survey-insights").owner == "found@acme.example"


def test_starting_over_takes_out_all_that_was_counted():
    load.delete_counts()
    assert not DailyRollup.objects.exists()
    assert not Source.objects.filter(slug="ai-gateway").exists()
    scan.run(NOW, LAST_DAY)
    assert not Finding.objects.as_of(OPENS_ON, snapshot.load(OPENS_ON)).alive().exists()


def test_the_command_finds_the_demo_in_place(demo_files, readable, settings, capsys):
    settings.SUNDIAL_DEMO = True
    settings.SUNDIAL_TODAY = OPENS_ON
    settings.SUNDIAL_DEMO_LOGS = demo_files.folder
    call_command("demo", "--json")
    output = json.loads(capsys.readouterr().out)
    assert (output["records"], output["rejected"]) == (0, 0)


def test_the_command_loads_nothing_into_a_database_with_real_data(settings):
    settings.SUNDIAL_DEMO = False
    with pytest.raises(CommandError, match="real data") as refusal:
        call_command("demo")
    assert refusal.value.returncode == 2


def test_nothing_is_found_before_the_announcement_and_much_on_its_day():
    assert (
        findings_on(date(2023, 7, 5))
        .alive()
        .for_entries(e.pk for e in snapshot.load(SUNSET_ON).deadlines["openai", SUNSET_ON].entries)
        .count()
        == 0
    )
    assert len(left(date(2023, 7, 6))) == 33


def test_the_early_mover_is_done_by_august():
    assert status("checkout-help", date(2023, 7, 20)) == {Status.OPEN}
    assert status("checkout-help", date(2023, 8, 15)) == {Status.RESOLVED}


def test_on_the_day_the_demo_opens_most_have_moved_and_ten_have_not():
    assert left(OPENS_ON) == {
        "search-index",
        "contracts",
        "fraud-notes",
        "gift-finder",
        "partner-portal",
        "picking-hints",
        "returns-letters",
        "snippet-fixer",
        "survey-insights",
        "ticket-tagger",
    }


def test_the_late_one_is_open_in_december_and_off_before_the_day():
    assert status("gift-finder", OPENS_ON) == {Status.OPEN}
    assert status("gift-finder", date(2024, 1, 2)) == {Status.RESOLVED}


def test_the_batch_job_that_comes_back_is_regressed():
    assert status("fraud-notes", date(2023, 11, 20)) == {Status.RESOLVED}
    assert status("fraud-notes", date(2023, 11, 24)) == {Status.REGRESSED}
    assert status("fraud-notes", date(2023, 12, 28)) == {Status.RESOLVED}


def test_the_one_that_never_moves_breaks_on_the_day():
    rows = DailyRollup.objects.filter(identity__application__slug="returns-letters")
    before = rows.filter(day=date(2024, 1, 3)).aggregate(Sum("calls"), Sum("gone"))
    after = rows.filter(day=date(2024, 1, 4)).aggregate(Sum("calls"), Sum("gone"))
    assert before["calls__sum"] > 0
    assert not before["gone__sum"]
    assert after["gone__sum"] == after["calls__sum"] > 0
    assert status("returns-letters", LAST_DAY) == {Status.OPEN}


def test_the_redirected_one_goes_on_without_an_error_and_stays_open():
    rows = DailyRollup.objects.filter(identity__application__slug="ticket-tagger", day__gte=SUNSET_ON)
    sums = rows.aggregate(Sum("calls"), Sum("gone"))
    assert sums["calls__sum"] > 0
    assert not sums["gone__sum"]
    assert status("ticket-tagger", LAST_DAY) == {Status.OPEN}
    assert snapshot.load(LAST_DAY).get("openai", "ada").on_sunset == "redirects"


def test_what_people_did_stands_in_the_history_from_its_day_on():
    assert status("search-index", date(2023, 11, 29)) == {Status.OPEN}
    assert status("search-index", date(2023, 11, 30)) == {Status.OPEN, Status.ACKNOWLEDGED}
    assert status("ticket-tagger", OPENS_ON) == {Status.SNOOZED}
    assert status("ticket-tagger", date(2023, 12, 15)) == {Status.OPEN}
    assert FindingAction.objects.count() == len(ACTIONS)


def test_people_did_it_only_once(demo_files, readable):
    load.load(demo_files.folder, now=NOW, read_at=READ_AT, as_of=LAST_DAY)
    assert FindingAction.objects.count() == len(ACTIONS)


def test_a_source_that_fell_silent_resolves_nothing():
    finding = findings_on(OPENS_ON, application__slug="partner-portal").get()
    assert finding.status == Status.OPEN
    assert finding.last_call_on < date(2023, 10, 16)


def test_a_fine_tune_is_a_finding_of_its_base():
    finding = findings_on(date(2023, 9, 1), application__slug="intent").get()
    assert finding.entry.name == "davinci"
    assert status("intent", date(2023, 12, 1)) == {Status.RESOLVED}


def test_calls_to_the_edits_endpoint_are_found_although_the_log_hides_the_model():
    finding = findings_on(date(2023, 9, 1), application__slug="spellfix").get()
    assert finding.entry.name == "/v1/edits"
    engine = findings_on(OPENS_ON, application__slug="snippet-fixer").get()
    assert engine.entry.name == "code-davinci-edit-001"


def test_the_upgraded_gateway_changes_names_but_not_what_they_mean():
    rows = DailyRollup.objects.filter(identity__application__slug="gift-finder")
    assert set(rows.values_list("name__called_as", flat=True)) == {
        "text-curie-001",
        "openai/text-curie-001",
        "openai/gpt-3.5-turbo-instruct",
    }
    assert findings_on(OPENS_ON, application__slug="gift-finder").count() == 1


def test_those_with_nothing_to_do_have_no_finding_for_the_day():
    entries = [e.pk for e in snapshot.load(LAST_DAY).deadlines["openai", SUNSET_ON].entries]
    idle = {m.key for m in APPLICATIONS if m.role == "Nothing to do"}
    assert not findings_on(LAST_DAY, application__slug__in=idle).for_entries(entries).exists()


def test_a_self_hosted_model_stays_uncatalogued():
    name = DailyRollup.objects.filter(identity__application__slug="llama-lab").first().name
    assert name.resolutions.get().entry is None


def test_a_key_without_a_team_and_an_agent_without_a_name_find_their_applications():
    assert DailyRollup.objects.filter(identity__application__slug="copywriter", identity__team="").exists()
    assert DailyRollup.objects.filter(identity__application__slug="partner-portal").exists()


def test_all_days_of_the_scenario_have_calls():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(DISTINCT day) FROM usage_dailyrollup WHERE calls > 0")
        assert cursor.fetchone() == (len(list(scenario_days())),)
        cursor.execute("SELECT SUM(calls) FROM usage_dailyrollup WHERE day > %s", [day_number(LAST_DAY)])
        assert cursor.fetchone() == (None,)
