"""Milestones beside the sunset: on the timeline, on a model's page, and for a caller in a region."""

from datetime import date

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.models import Milestone
from dashboard.findings import scan
from dashboard.findings.models import Finding
from dashboard.web.findings import queries as query
from tests.factories import NOW, make_entry, make_revision, make_usage
from tests.web.pages import csv_rows, words

pytestmark = pytest.mark.django_db

CLAUDE = "anthropic.claude-v2:1"


def step(entry, known: str, kind: str, on: str, region: str = "") -> None:
    revision = make_revision(entry, known)
    Milestone.objects.create(revision=revision, kind=kind, on=on, region=region)
    snapshot.bump(NOW)


@pytest.fixture
def world():
    claude = make_entry(f"aws-bedrock/{CLAUDE}", announced="2023-07-06", sunset="2024-07-04")
    step(claude, "2023-07-06", "sunset", "2024-03-01", "us-west-2")
    step(claude, "2023-07-06", "closed_to_new", "2024-01-15")
    step(claude, "2023-12-01", "lockout", "2024-02-15", "us-west-2")
    make_entry("openai/gpt-4")
    make_usage("shop", f"us.{CLAUDE}", "2023-12-01", 10, days=8, platform="aws-bedrock")
    make_usage("lab", CLAUDE, "2023-12-01", 10, days=8, platform="aws-bedrock")
    scan.run(NOW, date(2023, 12, 8))


def marks(response) -> list[tuple]:
    rows = response.context["chart"].rows if response.context["chart"] else []
    return [(row[0], str(row[2])) for row in rows]


def test_the_timeline_shows_every_milestone_beside_the_sunsets(viewer, world):
    found = marks(viewer.get("/timeline/"))
    assert (date(2024, 1, 15), "Closed to new customers") in found
    assert (date(2024, 2, 15), "Idle accounts lose access") in found
    assert (date(2024, 7, 4), "Sunset") in found


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("steps=none", {"Sunset"}),
        ("steps=lockout", {"Sunset", "Idle accounts lose access"}),
        ("steps=lockout&platform=aws-bedrock", {"Sunset", "Idle accounts lose access"}),
        ("as_of=2023-11-30", {"Sunset", "Announced", "Closed to new customers"}),
        ("as_of=2023-07-05", set()),
        ("ours=on", {"Sunset", "Announced", "Closed to new customers", "Idle accounts lose access"}),
        ("ours=on&as_of=2023-11-30", set()),
    ],
)
def test_the_timelines_milestones_are_filtered(viewer, world, query, kinds):
    assert {kind for _, kind in marks(viewer.get(f"/timeline/?{query}"))} == kinds


def test_a_mark_leads_to_its_model_on_the_day_of_the_page(viewer, world):
    figure = viewer.get("/timeline/?as_of=2023-12-05").context["chart"].figure
    trace = next(t for t in figure["data"] if t["name"] == "Closed to new customers")
    assert trace["customdata"][0][0] == f"/models/aws-bedrock/{CLAUDE}/?as_of=2023-12-05"


def test_the_page_of_a_model_lists_them_with_their_regions(viewer, world):
    text = words(viewer.get(f"/models/aws-bedrock/{CLAUDE}/"))
    assert "Closed to new customers" in text
    assert "Idle accounts lose access us-west-2" in text


def test_a_caller_in_a_region_is_told_the_sunset_of_that_region(viewer, world):
    page = viewer.get(Finding.objects.get(application__slug="shop").get_absolute_url())
    due = page.context["page"].due
    assert (due.step.region, due.on, due.days_left) == ("us-west-2", date(2024, 3, 1), 84)
    expected = f"Called as us.{CLAUDE}, which is served in us-west-2: the sunset date there is 1 Mar 2024"
    assert expected in words(page)
    other = viewer.get(Finding.objects.get(application__slug="lab").get_absolute_url())
    assert other.context["page"].due is None


def test_lists_go_by_the_date_that_applies_to_each_application(viewer, world):
    listed = csv_rows(viewer.get("/findings/?format=csv"))
    assert [(row["application"], row["sunset_date"]) for row in listed] == [
        ("shop", "2024-03-01"),
        ("lab", "2024-07-04"),
    ]
    assert [row["application"] for row in csv_rows(viewer.get("/findings/?format=csv&within=90"))] == ["shop"]
    busy = csv_rows(viewer.get("/applications/?format=csv"))
    assert [(row["application"], row["next_sunset"]) for row in busy] == [
        ("shop", "2024-03-01"),
        ("lab", "2024-07-04"),
    ]
    page = viewer.get("/findings/")
    assert "1 Mar 2024 in us-west-2" in words(page)
    assert "84 days" in words(viewer.get("/applications/shop/"))


def test_after_its_own_day_an_application_is_broken_and_the_others_are_not(viewer, world):
    listed = csv_rows(viewer.get("/findings/?format=csv&as_of=2024-03-01&status=all"))
    assert [(row["application"], row["status"]) for row in listed] == [("shop", "broken"), ("lab", "open")]
    only = csv_rows(viewer.get("/findings/?format=csv&as_of=2024-03-01&status=broken"))
    assert [row["application"] for row in only] == ["shop"]
    page = viewer.get("/findings/?as_of=2024-03-01")
    assert {chip.value: chip.count for chip in page.context["chips"]}["broken"] == 1


@pytest.mark.parametrize("day", ["2023-12-08", "2024-02-20", "2024-03-01", "2024-07-05"])
@pytest.mark.parametrize("status", ["", "all", *query.STATUSES])
def test_the_counts_of_the_chips_are_those_of_the_list(world, day, status):
    """The list is paged by these counts instead of asking for its own."""
    known = snapshot.load(date.fromisoformat(day))
    found = query.matching_findings(query.FindingListQuery(), known)
    listed = query.with_status(found, status)
    counts = query.count_by_status(found, known).by_due_key(status)
    assert counts == {there: listed.filter(entry=there[0], regions=there[1]).count() for there in counts}
    assert list(listed.by_due(counts)) == list(listed.by_due())


def test_a_deadline_says_where_some_have_less_time(viewer, world):
    rows = viewer.get("/deadlines/").context["rows"]
    assert [(row.key, row.due_before_sunset and row.due_before_sunset.on) for row in rows] == [
        ("aws-bedrock/2024-07-04", date(2024, 3, 1))
    ]
    page = viewer.get("/deadlines/aws-bedrock/2024-07-04/")
    assert "For some applications calls end earlier, first on 1 Mar 2024." in words(page)
    assert {
        m.progress.name: m.due_before_sunset and m.due_before_sunset.on for m in page.context["page"].applications
    } == {
        "shop": date(2024, 3, 1),
        "lab": None,
    }
    assert "already on 1 Mar 2024 in us-west-2" in words(page)


def test_who_is_at_risk_in_a_region_stands_on_the_overview(viewer, world):
    risky = viewer.get("/?as_of=2024-02-20").context["overview"].at_risk
    assert [(one.application.name, one.due_on, one.days_left) for one in risky] == [("shop", date(2024, 3, 1), 10)]
    assert risky[0].deadline_on == date(2024, 7, 4)


def test_a_finding_tells_what_comes_before_the_end(viewer, world):
    finding = Finding.objects.get(application__slug="lab")
    page = viewer.get(finding.get_absolute_url())
    assert [step.kind for step in page.context["page"].milestones] == ["closed_to_new", "lockout"]
    earlier = viewer.get(f"{finding.get_absolute_url()}?as_of=2023-12-01")
    assert [step.kind for step in earlier.context["page"].milestones] == ["closed_to_new", "lockout"]
