"""`usage import | poll | report` and the health of sources, through the front door."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from dashboard.usage.health import source_health
from dashboard.usage.models import Source
from tests.usage.conftest import GOLDEN, NOW, access, line, make_source

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    call_command("usage", *arguments, "--json")
    return json.loads(capsys.readouterr().out)


def test_import_answers_its_counts_and_makes_the_source(capsys, write):
    path = write("x.jsonl", line(1) + line(2) + b"nonsense\n" + line(2))
    answer = run(capsys, "import", str(path), "--source", "My Gateway", "--format", "sundial")
    assert answer.pop("seconds") >= 0
    assert answer == {
        "files": 1,
        "records": 4,
        "accepted": 2,
        "rejected": 1,
        "duplicates": 1,
        "bytes": path.stat().st_size,
    }
    assert Source.objects.get().slug == "my-gateway"


def test_import_of_a_sample_shows_in_the_report_by_day_application_platform_and_model(capsys):
    run(capsys, "import", str(GOLDEN / "nginx_combined.log"), "--source", "edge", "--platform", "openai")
    answer = run(capsys, "report", "--from", "2024-01-03", "--to", "2024-01-03")
    assert answer["rows"] == [
        {
            "day": "2024-01-03",
            "application": "web",
            "platform": "openai",
            "model": model,
            "calls": 1,
            "errors": number,
            "gone": number,
            "input_tokens": None,
            "output_tokens": None,
            "cost": None,
        }
        for model, number in (("(unknown)", 0), ("davinci", 1))
    ]


def test_report_groups_by_what_is_asked_and_bounds_days_and_source(capsys, write):
    path = write("x.jsonl", line(1, cost=0.5, team="red") + line(2, cost=0.25, hour=10) + line(3, model="gpt-4o"))
    run(capsys, "import", str(path), "--source", "one", "--format", "sundial")
    run(capsys, "import", str(path), "--source", "two", "--format", "sundial")
    days = ("report", "--from", "2024-01-04", "--to", "2024-01-04")
    both = run(capsys, *days, "--by", "called_as")["rows"]
    assert [(row["called_as"], row["calls"], row["cost"]) for row in both] == [
        ("gpt-4", 4, 1.5),
        ("gpt-4o", 2, None),
    ]
    hours = run(capsys, *days, "--by", "hour,team", "--source", "one")["rows"]
    assert [(row["hour"], row["team"], row["calls"]) for row in hours] == [
        ("2024-01-04T09:00:00Z", "", 1),
        ("2024-01-04T09:00:00Z", "red", 1),
        ("2024-01-04T10:00:00Z", "", 1),
    ]
    assert run(capsys, "report", "--from", "2024-01-05", "--to", "2024-01-09")["rows"] == []


def test_report_as_csv_quotes_what_a_spreadsheet_would_run(capsys, write):
    run(capsys, "import", str(write("x", line(1, app="=cmd()"))), "--source", "one", "--format", "sundial")
    call_command("usage", "report", "--from", "2024-01-04", "--to", "2024-01-04", "--by", "application", "--csv")
    assert capsys.readouterr().out.splitlines()[1].startswith("'=cmd(),1")


def test_a_push_source_is_never_polled_and_takes_files_by_hand_too(capsys, write):
    source = make_source("edge", kind="push")
    assert [s["source"] for s in run(capsys, "poll")["sources"]] == ["inbox"]
    with pytest.raises(CommandError, match="edge is not polled: it takes what is pushed to it"):
        call_command("usage", "poll", "edge")
    assert run(capsys, "import", str(write("x.jsonl", line(1))), "--source", "edge")["accepted"] == 1
    [health] = [one for one in source_health(date(2024, 1, 4), NOW) if one.source == source]
    assert (health.next_poll_at, health.problem) == (None, "")


def test_poll_reads_the_inbox(capsys, settings):
    settings.SUNDIAL_INBOX.mkdir(parents=True)
    (settings.SUNDIAL_INBOX / "access.log").write_bytes(access(1) + access(2))
    assert [(s["source"], s["accepted"]) for s in run(capsys, "poll")["sources"]] == [("inbox", 2)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "/nowhere/x.log", "--source", "x"], "/nowhere/x.log: there is no such file"),
        (["report", "--from", "soon", "--to", "2024-01-04"], "--from must be a day"),
        (["report", "--from", "2024-01-05", "--to", "2024-01-04"], "lies before the first"),
        (
            ["report", "--from", "2024-01-04", "--to", "2024-01-04", "--by", "colour"],
            "a report is by one or more of",
        ),
        (["report", "--from", "2024-01-04", "--to", "2024-01-04", "--source", "x"], "There is no source 'x'"),
        (["poll", "x"], "There is no source 'x'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, words):
    with pytest.raises(CommandError) as caught:
        call_command("usage", *arguments)
    assert words in str(caught.value)
    assert caught.value.returncode == 2


def test_health_tells_totals_and_silence_as_of_a_day(capsys, write, django_assert_max_num_queries):
    path = write("x.jsonl", line(1) + b"nonsense\n" + line(2, ts="2024-01-06T00:00:00Z"))
    run(capsys, "import", str(path), "--source", "gateway", "--format", "sundial")
    make_source("empty")
    with django_assert_max_num_queries(4):
        empty, gateway = source_health(date(2024, 1, 5), NOW)
    assert (gateway.accepted, gateway.rejected, gateway.calls[-2:], gateway.silent_days) == (2, 1, (1, 0), 1)
    assert (empty.last_day, sum(empty.calls), empty.next_poll_at) == (None, 0, None)
