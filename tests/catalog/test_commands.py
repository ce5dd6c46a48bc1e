"""`catalog`, `resolve` and `token` as people and programs call them."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from dashboard.access.models import ApiToken
from dashboard.catalog import snapshot
from dashboard.catalog.models import Entry, Revision
from dashboard.findings.models import Finding
from tests.factories import make_entry, make_usage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)


@pytest.fixture
def event():
    successor = make_entry("openai/gpt-3.5-turbo-instruct")
    make_entry(
        "openai/text-davinci-003",
        announced="2023-07-06",
        sunset="2024-01-04",
        on_sunset="fails",
        replacements=[successor],
    )


def told(capsys, *words, code=0):
    """What a command prints on stdout; the exit code is checked."""
    if code:
        with pytest.raises(CommandError) as caught:
            call_command(*words)
        assert caught.value.returncode == code
    else:
        call_command(*words)
    return capsys.readouterr().out


def test_resolve_tells_programs_everything_about_a_name(event, capsys):
    [row] = json.loads(told(capsys, "resolve", "openai/text-davinci-003", "--as-of", "2023-12-08", "--json"))
    assert row == {
        "called_as": "openai/text-davinci-003",
        "platform": "openai",
        "entry": "text-davinci-003",
        "how": "wrapper",
        "stage": "deprecated",
        "sunset_date": "2024-01-04",
        "days_left": 27,
        "replacements": ["gpt-3.5-turbo-instruct"],
        "on_sunset": "fails",
        "suggestions": [],
    }


def test_resolve_answers_as_known_on_the_day(event, capsys):
    [row] = json.loads(
        told(capsys, "resolve", "text-davinci-003", "--platform", "openai", "--as-of", "2023-07-05", "--json")
    )
    assert (row["stage"], row["sunset_date"], row["replacements"]) == ("active", None, [])


def test_an_unknown_name_is_unresolved_with_suggestions(event, capsys):
    rows = json.loads(
        told(capsys, "resolve", "text-davinci-004", "github/gpt-4", "--platform", "openai", "--json")
    )
    assert [(row["entry"], row["platform"], row["how"]) for row in rows] == [(None, None, "unresolved")] * 2
    assert rows[0]["suggestions"] == ["text-davinci-003"]
    assert "close names: text-davinci-003" in told(capsys, "resolve", "text-davinci-004", "--platform", "openai")


def test_a_wrong_day_is_one_clear_line_and_exit_code_2(event, capsys):
    with pytest.raises(CommandError, match=r"^--as-of must be a day such as 2024-01-04, not 'soon'$") as caught:
        call_command("resolve", "ada", "--as-of", "soon")
    assert caught.value.returncode == 2
    assert json.loads(told(capsys, "resolve", "ada", "--as-of", "soon", "--json", code=2))["error"]


def test_a_name_from_a_log_cannot_drive_the_terminal(event, capsys):
    assert "\x1b" not in told(capsys, "resolve", "\x1b[2Jgpt", "\udcff")
    rows = json.loads(told(capsys, "resolve", "\x1b[2Jgpt", "\udcff", "--json"))
    assert [row["called_as"] for row in rows] == ["\x1b[2Jgpt", "\udcff"]


def test_a_catalog_goes_out_and_comes_back(event, capsys, tmp_path):
    path = tmp_path / "catalog.yaml"
    assert json.loads(told(capsys, "catalog", "export", str(path), "--json")) == {"file": str(path), "entries": 2}
    assert told(capsys, "catalog", "export") == path.read_text()
    Revision.objects.all().delete()
    Entry.objects.all().delete()
    assert json.loads(told(capsys, "catalog", "import", str(path), "--json"))["entries_added"] == 2
    assert told(capsys, "catalog", "export") == path.read_text()
    assert "nothing to change" in told(capsys, "catalog", "import", str(path))


def test_json_on_stdout_is_the_list_of_entries(event, capsys):
    items = json.loads(told(capsys, "catalog", "export", "--json"))
    assert [item["id"] for item in items] == ["gpt-3.5-turbo-instruct", "text-davinci-003"]


def test_an_import_is_followed_by_findings(capsys, tmp_path):
    make_usage("shop", "davinci", "2023-12-01", 5, platform="openai")
    path = tmp_path / "dates.yaml"
    path.write_text(
        """
platform: {slug: openai, name: OpenAI}
entries:
  - id: davinci
    history:
      - known: 2023-07-06
        source: https://example.com
        milestones: {announced: 2023-07-06, sunset: 2024-01-04}
"""
    )
    assert "dry run" in told(capsys, "catalog", "import", str(path), "--dry-run")
    assert not Finding.objects.exists()
    assert "openai/davinci: added" in told(capsys, "catalog", "import", str(path))
    assert str(Finding.objects.get()) == "shop calls openai/davinci"


@pytest.mark.parametrize(
    ("words", "told_why"),
    [
        (("import", "/nowhere/x.yaml"), "No such file"),
        (("import", "/etc/hostname"), "ends in .yaml, .json or .csv"),
        (("export", "catalog.toml"), "ends in .yaml, .json or .csv"),
        (("export", "/nowhere/x.yaml"), "No such file"),
        (("sync", "deprecations.info"), "there is no feed 'deprecations.info'"),
        (("sync", "--from", "x.json"), "--from needs the name of a feed"),
    ],
)
def test_bad_input_to_the_catalog_command_is_exit_code_2(words, told_why):
    with pytest.raises(CommandError, match=told_why) as caught:
        call_command("catalog", *words)
    assert caught.value.returncode == 2


def test_a_file_with_problems_names_them_and_changes_nothing(tmp_path):
    path = tmp_path / "dates.yaml"
    path.write_text("platform: {slug: openai}\nentries: [{id: a, kind: chatty}]")
    with pytest.raises(CommandError, match=r"dates.yaml:2: entries\[0\].kind"):
        call_command("catalog", "import", str(path))
    assert snapshot.version() == 0


@pytest.mark.slow
def test_sync_brings_the_shipped_catalog(capsys):
    assert json.loads(told(capsys, "catalog", "sync", "--json"))["entries_added"] > 1000
    assert json.loads(told(capsys, "catalog", "--json", "sync"))["entries_added"] == 0


def test_a_token_is_shown_once_and_only_its_digest_is_kept(capsys):
    answer = json.loads(told(capsys, "token", "create", "ci", "--role", "viewer", "--json"))
    stored = ApiToken.objects.get()
    assert (stored.name, stored.role) == ("ci", "viewer")
    assert stored.digest == ApiToken.digest_of(answer["token"])
    assert answer["token"] not in str(vars(stored))
    with pytest.raises(CommandError, match="a token named 'ci' already"):
        call_command("token", "create", "ci", "--role", "editor")
    assert ApiToken.objects.count() == 1


def test_resolve_tells_people_what_a_date_is_worth(event, capsys):
    floored = make_entry("openai/floored", sunset="2024-02-01", precision="not_before", known="2023-07-01")
    Entry.objects.filter(pk=floored.pk).update(confidence="low")
    text = told(capsys, "resolve", "floored", "--platform", "openai")
    assert "openai/floored (unverified)" in text
    assert "not before 2024-02-01" in text
