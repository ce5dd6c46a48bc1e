"""When a finding is due: the end that its own calls meet, in every list and as of any day."""

import json
from datetime import date

import pytest
from django.core.management import call_command
from django.core.paginator import Paginator

from dashboard.catalog import snapshot
from dashboard.catalog.models import Milestone
from dashboard.findings import name_resolution, scan
from dashboard.findings.due_dates import finding_due
from dashboard.findings.models import CallRegions, Finding
from tests.factories import NOW, as_day, make_entry, make_revision, make_source, make_usage

pytestmark = pytest.mark.django_db

CLAUDE = "anthropic.claude-v2:1"
TODAY = date(2023, 12, 8)


def tell(entry, known: str, on: str | None, region: str = "", kind: str = "sunset") -> None:
    """A source says on a day when the entry ends in a region."""
    Milestone.objects.create(revision=make_revision(entry, known), kind=kind, on=on, region=region)
    snapshot.bump(NOW)


@pytest.fixture
def claude():
    """Ends everywhere in July; since 15 November it is known that Paris is earlier."""
    entry = make_entry(f"aws-bedrock/{CLAUDE}", announced="2023-07-06", sunset="2024-07-04")
    tell(entry, "2023-11-15", "2024-01-04", "eu-west-3")
    return entry


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = TODAY


def call(application: str, name: str, first: str = "2023-11-01", days: int = 38, **fields) -> None:
    make_usage(application, name, first, 10, days=days, platform="aws-bedrock", **fields)


def dues(as_of: str | date = TODAY) -> dict[str, tuple[str, str]]:
    day = as_day(as_of)
    known = snapshot.load(day)
    found = Finding.objects.as_of(day, known).select_related("application").order_by("application__name")
    return {
        f.application.name: (due.on.isoformat(), due.step.region) for f in found if (due := finding_due(f, known))
    }


def listed(as_of: str | date = TODAY, within: int | None = None) -> list[str]:
    day = as_day(as_of)
    found = Finding.objects.as_of(day, snapshot.load(day))
    if within is not None:
        found = found.due_within(within)
    return [f.application.name for f in found.by_due()]


def test_who_calls_a_european_profile_is_due_with_europe(claude):
    call("paris", f"eu.{CLAUDE}")
    call("world", CLAUDE)
    call("tokyo", f"apac.{CLAUDE}")
    call("both", CLAUDE)
    call("both", f"arn:aws:bedrock:eu-west-3::foundation-model/{CLAUDE}")
    scan.run(NOW, TODAY)
    assert dues() == {
        "both": ("2024-01-04", "eu-west-3"),
        "paris": ("2024-01-04", "eu-west-3"),
        "tokyo": ("2024-07-04", ""),
        "world": ("2024-07-04", ""),
    }


def test_before_the_regions_date_was_known_the_worldwide_one_counted(claude):
    call("paris", f"eu.{CLAUDE}")
    scan.run(NOW, TODAY)
    assert dues("2023-11-14") == {"paris": ("2024-07-04", "")}
    assert dues("2023-11-15") == {"paris": ("2024-01-04", "eu-west-3")}


def test_a_regions_date_that_is_taken_back_counted_until_then(claude):
    call("paris", f"eu.{CLAUDE}")
    tell(claude, "2023-12-01", None, "eu-west-3")
    scan.run(NOW, TODAY)
    assert dues("2023-11-30") == {"paris": ("2024-01-04", "eu-west-3")}
    assert dues("2023-12-01") == {"paris": ("2024-07-04", "")}


def test_a_region_may_end_later_than_the_rest_of_the_world(claude):
    tell(claude, "2023-11-20", "2024-09-09", "us-east-1")
    call("home", f"bedrock/us-east-1/{CLAUDE}")
    scan.run(NOW, TODAY)
    assert dues() == {"home": ("2024-09-09", "us-east-1")}


def test_lists_are_in_the_order_of_the_dates_that_apply(claude):
    other = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-03-01")
    call("world", CLAUDE)
    call("paris", f"eu.{CLAUDE}")
    make_usage("shop", other, "2023-12-01", days=7)
    scan.run(NOW, TODAY)
    assert listed() == ["paris", "shop", "world"]
    assert listed("2023-11-14") == ["paris", "world"]
    assert listed(within=30) == ["paris"]
    assert listed(within=90) == ["paris", "shop"]
    assert listed(within=300) == ["paris", "shop", "world"]


def test_a_long_list_reads_its_pages_in_that_order(claude, django_assert_max_num_queries):
    for number in range(6):
        call(f"app-{number}", (CLAUDE, f"eu.{CLAUDE}")[number % 2], "2023-12-01", 2)
    scan.run(NOW, TODAY)
    order = Finding.objects.as_of(TODAY, snapshot.load(TODAY)).by_due()
    expected = ["app-1", "app-3", "app-5", "app-0", "app-2", "app-4"]
    assert [f.application.name for f in order] == expected
    assert [f.application.name for page in Paginator(order, 2) for f in page] == expected
    with django_assert_max_num_queries(5):  # the entries that have any, the groups, and at most three for rows
        list(Finding.objects.as_of(TODAY, snapshot.load(TODAY)).by_due()[:4])


def test_an_application_that_moves_to_another_region_leaves_its_date_behind(claude):
    call("shop", f"eu.{CLAUDE}", "2023-10-01", 20)
    call("shop", CLAUDE, "2023-10-21", 48)
    scan.run(NOW, TODAY)
    assert dues("2023-11-16") == {"shop": ("2024-01-04", "eu-west-3")}, "four weeks are not over"
    assert dues("2023-11-17") == {"shop": ("2024-07-04", "")}


def test_a_region_that_is_announced_after_the_calls_applies_to_them():
    entry = make_entry(f"aws-bedrock/{CLAUDE}", announced="2023-07-06", sunset="2024-07-04")
    call("paris", f"eu.{CLAUDE}")
    scan.run(NOW, TODAY)
    assert not CallRegions.objects.exists(), "it makes no difference yet"
    tell(entry, "2023-11-15", "2024-01-04", "eu-west-3")
    scan.run(NOW, TODAY)
    assert dues() == {"paris": ("2024-01-04", "eu-west-3")}
    assert scan.run(NOW, TODAY) == scan.ScanResult()


def test_a_deployment_is_served_where_what_it_stands_for_says(claude):
    source = make_source(platform="aws-bedrock", deployments={"prod": CLAUDE})
    call("shop", "prod", source=source)
    scan.run(NOW, TODAY)
    assert dues() == {"shop": ("2024-07-04", "")}
    source.deployments = {"prod": f"eu.{CLAUDE}"}
    source.save()
    name_resolution.invalidate(source)
    scan.run(NOW, TODAY)
    assert dues() == {"shop": ("2024-01-04", "eu-west-3")}


def test_idle_accounts_are_due_with_the_lock_out_and_others_are_not(claude):
    tell(claude, "2023-11-01", "2023-12-20", kind="lockout")
    call("idle", CLAUDE, "2023-11-01", 8, source=make_source("silent", platform="aws-bedrock"))
    call("busy", CLAUDE)
    scan.run(NOW, TODAY)
    assert dues() == {"busy": ("2024-07-04", ""), "idle": ("2023-12-20", "")}
    assert listed() == ["idle", "busy"]
    assert listed(within=20) == ["idle"]
    assert dues("2023-11-10")["idle"] == ("2024-07-04", ""), "it had called two days before"


def test_the_command_goes_by_the_date_that_applies_and_so_does_its_exit_code(claude, capsys):
    call("world", CLAUDE)
    scan.run(NOW, TODAY)
    call_command("findings", "--within", "30")
    call("paris", f"eu.{CLAUDE}")
    scan.run(NOW, TODAY)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        call_command("findings", "--within", "30", "--json")
    (answer,) = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    told = ("application", "sunset_date", "days_left", "region", "entry_sunset_date")
    assert [answer[key] for key in told] == ["paris", "2024-01-04", 27, "eu-west-3", "2024-07-04"]
    call_command("findings", "--within", "30", "--as-of", "2023-11-14")
