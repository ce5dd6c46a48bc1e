"""`findings` and `progress` at the terminal and as JSON."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from dashboard.findings import actions, scan
from dashboard.findings.models import Finding
from tests.factories import NOW, make_application, make_entry, make_usage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)
    instruct = make_entry("openai/gpt-3.5-turbo-instruct")
    davinci = make_entry(
        "openai/davinci", announced="2023-07-06", sunset="2024-01-04", on_sunset="fails", replacements=[instruct]
    )
    far = make_entry("openai/far", announced="2023-07-06", sunset="2024-06-13")
    make_application("Check out", team="Retail", owner="ada@example.com")
    make_usage(make_application("Check out"), davinci, "2023-11-01", 10, days=60)
    make_usage("desk", far, "2023-12-01", 3, days=7)
    scan.run(NOW, date(2023, 12, 8))


def run(capsys, *arguments) -> tuple[int, object]:
    try:
        call_command(*arguments, "--json")
        code = 0
    except SystemExit as left:
        code = left.code
    return code, json.loads(capsys.readouterr().out)


def test_findings_tell_everything_about_each(capsys):
    code, (first, second) = run(capsys, "findings")
    assert code == 0
    assert second["entry"] == "far"
    assert first == {
        "id": first["id"],
        "application": "Check out",
        "team": "Retail",
        "owner": "ada@example.com",
        "platform": "openai",
        "entry": "davinci",
        "kind": "chat",
        "status": "open",
        "sunset_date": "2024-01-04",
        "days_left": 27,
        "region": None,
        "entry_sunset_date": "2024-01-04",
        "on_sunset": "fails",
        "replacements": ["gpt-3.5-turbo-instruct"],
        "first_seen": "2023-11-01",
        "last_seen": "2023-12-08",
        "calls_7d": 70,
        "calls_total": 380,
        "history": [{"on": "2023-11-01", "kind": "opened", "by": None, "note": "", "until": None}],
    }


def test_the_list_takes_as_many_queries_for_many_findings_as_for_two(capsys, django_assert_max_num_queries):
    for number in range(30):
        make_usage(f"app {number}", Finding.objects.get(entry__name="far").entry, "2023-12-01", 3, days=3)
    scan.run(NOW, date(2023, 12, 8))
    with django_assert_max_num_queries(8):
        assert len(run(capsys, "findings")[1]) == 32


def test_findings_fail_a_build_when_something_open_is_due(capsys):
    assert run(capsys, "findings", "--within", "27")[0] == 1
    assert run(capsys, "findings", "--within", "26") == (0, [])
    actions.exempt(Finding.objects.get(entry__name="davinci"), None, NOW, reason="leaves with the contract")
    code, (finding,) = run(capsys, "findings", "--within", "27")
    assert (code, finding["status"]) == (0, "exempt")


def test_findings_as_of_an_earlier_day_and_by_status(capsys):
    _, found = run(capsys, "findings", "--as-of", "2023-11-03", "--status", "open")
    assert [(f["entry"], f["calls_total"], f["last_seen"]) for f in found] == [("davinci", 30, "2023-11-03")]
    assert run(capsys, "findings", "--status", "resolved") == (0, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("findings", "--status", "gone"),
        ("findings", "--as-of", "yesterday"),
        ("findings", "--within", "-1"),
        ("progress", "openai", "2024-01-05"),
        ("progress", "openai", "soon"),
        ("progress", "openai", "2024-01-04", "--as-of", "2023-07-05"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_two(arguments):
    with pytest.raises(CommandError) as caught:
        call_command(*arguments)
    assert caught.value.returncode == 2
    assert len(str(caught.value).splitlines()) == 1


def test_progress_tells_the_numbers_of_the_deadline(capsys):
    code, found = run(capsys, "progress", "openai", "2024-01-04")
    assert code == 0
    assert (found["baseline"], found["remaining"], found["progress"]) == (10, 10, 0)
    assert (found["applications_total"], found["applications_done"]) == (1, 0)
    assert found["models"] == ["davinci"]
    assert found["forecast"] == {"verdict": "stalled", "zero_on": None, "low": None, "high": None}
    assert found["applications"][0]["application"] == "Check out"


def test_people_get_a_table(capsys):
    call_command("findings")
    call_command("progress", "openai", "2024-01-04")
    shown = capsys.readouterr().out
    for word in ("openai/davinci", "27 days left", "0 of 1 done", "stalled", "ada@example.com"):
        assert word in shown
