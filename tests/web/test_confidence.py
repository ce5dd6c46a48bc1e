"""What rests on no first-hand source says so wherever it shows, and an end without a day is told as that."""

from datetime import date

import pytest

from dashboard.catalog.models import Entry
from dashboard.findings import scan
from dashboard.findings.models import Finding
from tests.factories import NOW, make_entry, make_usage
from tests.web.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def doubtful():
    entry = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
    make_entry("openai/old", announced="2023-07-06", sunset="2024-01-04", replacements=[entry])
    Entry.objects.filter(pk=entry.pk).update(confidence="low")
    make_usage("shop", entry, "2023-11-20", 7, days=18)
    scan.run(NOW, date(2023, 12, 8))
    return entry


@pytest.mark.parametrize(
    "page",
    [
        "/models/", "/models/openai/davinci/", "/models/openai/old/", "/deadlines/",
        "/deadlines/openai/2024-01-04/", "/timeline/", "/findings/", "/applications/shop/", "/",
    ],
)  # fmt: skip
def test_every_page_that_names_it_says_unverified(viewer, doubtful, page):
    assert "unverified" in words(viewer.get(page)).casefold()


def test_its_finding_says_unverified(viewer, doubtful):
    assert "(unverified)" in words(viewer.get(Finding.objects.get().get_absolute_url()))


def test_the_chart_and_its_table_count_what_is_unverified(viewer, doubtful):
    card = viewer.get("/timeline/").context["chart"]
    assert card.columns[4] == "Unverified"
    assert [row[3:5] for row in card.rows if row[2] == "Sunset"] == [(2, 1)]


def test_what_is_verified_does_not(viewer):
    make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
    for page in ("/models/", "/deadlines/", "/models/openai/davinci/"):
        assert "unverified" not in words(viewer.get(page)).casefold()


def test_an_end_that_has_no_day_is_told_as_announced(viewer):
    make_entry("openai/davinci", announced="2023-07-06")
    told = words(viewer.get("/models/openai/davinci/"))
    assert "Announced, without a date" in told
    assert "No sunset is announced" not in told


def test_days_to_a_floor_are_days_at_least_and_none_has_passed_for_sure(viewer):
    make_entry("openai/davinci", known="2023-07-06", sunset="2024-01-04", precision="not_before")
    assert "at least 27 days left" in words(viewer.get("/models/openai/davinci/"))
    told = words(viewer.get("/models/openai/davinci/?as_of=2024-01-10"))
    assert "any day now" in told
    assert "6 days ago" not in told
