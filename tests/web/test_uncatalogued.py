"""Unknown models: how many calls, by whom, and which entries are similar."""

from datetime import date

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.models import Alias
from dashboard.findings import scan
from tests.factories import NOW, make_entry, make_usage
from tests.web.pages import queries_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    make_usage("shop", make_entry("openai/text-davinci-003"), "2023-12-01", 10, days=8)
    make_usage("lab", "text-davinci-03", "2023-09-01", 1)
    make_usage("lab", "text-davinci-03", "2023-12-01", 2, days=8)
    make_usage("shop", "text-davinci-03", "2023-12-01", 1)
    make_usage("lab", "llama-2", "2023-12-04", 1, days=3)
    make_usage("lab", "gone-by-now", "2023-10-01", 50)
    scan.run(NOW, date(2023, 12, 8))


def named(response) -> list[str]:
    return [row.called_as for row in response.context["rows"]]


def test_lists_names_of_the_last_thirty_days_by_volume(viewer, world):
    response = viewer.get("/uncatalogued/")
    assert named(response) == ["text-davinci-03", "llama-2"]
    row = response.context["rows"][0]
    assert (row.calls, row.first_on, row.last_on) == (17, date(2023, 9, 1), date(2023, 12, 8))
    assert row.applications == [("lab", "lab"), ("shop", "shop")]


def test_tells_the_share_of_calls_that_nobody_looked_up(viewer, world):
    share = viewer.get("/uncatalogued/").context["share"]
    assert (share.unknown, share.total) == (20, 100)
    assert "20 %" in words(viewer.get("/uncatalogued/"))
    assert "never count as safe" in words(viewer.get("/uncatalogued/"))


def test_suggests_close_names_but_never_takes_them_for_a_match(viewer, world):
    rows = {row.called_as: row for row in viewer.get("/uncatalogued/").context["rows"]}
    assert [entry.id for entry in rows["text-davinci-03"].suggestions] == ["text-davinci-003"]
    assert rows["llama-2"].suggestions == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=LLAMA", ["llama-2"]),
        ("application=shop", ["text-davinci-03"]),
        ("application=nobody", []),
        ("as_of=2023-12-02", ["text-davinci-03"]),
        ("as_of=2023-10-05", ["gone-by-now"]),
    ],
)
def test_narrows_to(viewer, world, query, expected):
    response = viewer.get(f"/uncatalogued/?{query}")
    assert named(response)[: len(expected)] == expected
    assert "llama-2" in expected or "llama-2" not in named(response)


def test_a_name_that_became_an_alias_is_gone_after_the_scan(viewer, world):
    Alias.objects.create(entry=make_entry("meta/llama"), name="text-davinci-03")
    snapshot.bump(NOW)
    scan.run(NOW, date(2023, 12, 8))
    assert named(viewer.get("/uncatalogued/")) == ["text-davinci-03", "llama-2"]  # another platform's name
    Alias.objects.create(entry=make_entry("openai/davinci"), name="text-davinci-03")
    snapshot.bump(NOW)
    scan.run(NOW, date(2023, 12, 8))
    assert named(viewer.get("/uncatalogued/")) == ["llama-2"]


def test_a_name_is_listed_with_the_days_on_which_it_meant_nothing(viewer, world):
    """Its alias held until the third: only calls after it, and who made them, ask to be looked up."""
    davinci = make_entry("openai/davinci")
    Alias.objects.create(entry=davinci, name="text-davinci-03", to_on=date(2023, 12, 3))
    snapshot.bump(NOW)
    scan.run(NOW, date(2023, 12, 8))
    row = viewer.get("/uncatalogued/").context["rows"][0]
    assert (row.called_as, row.calls) == ("text-davinci-03", 10)
    assert (row.first_on, row.last_on) == (date(2023, 12, 4), date(2023, 12, 8))
    assert (row.applications, row.applications_total) == ([("lab", "lab")], 1)
    assert viewer.get("/uncatalogued/").context["share"].unknown == 13
    assert named(viewer.get("/uncatalogued/?application=shop")) == []
    assert named(viewer.get("/uncatalogued/?as_of=2023-12-02")) == []


def test_each_name_leads_to_its_own_page(viewer, world):
    page = viewer.get("/uncatalogued/").text
    assert "/uncatalogued/name/?called=text-davinci-03&amp;platform=openai" in page
    assert "text-davinci-03" in viewer.get("/uncatalogued/name/?called=text-davinci-03&platform=openai").text


def test_a_call_without_a_model_name_is_listed_as_such(viewer):
    make_usage("lab", "", "2023-12-05", 4)
    scan.run(NOW, date(2023, 12, 8))
    assert "(no model named)" in words(viewer.get("/uncatalogued/"))


def test_hostile_names_are_text(viewer):
    make_usage("lab", "<img src=x onerror=alert(1)>" + "y" * 260, "2023-12-05", 4)
    scan.run(NOW, date(2023, 12, 8))
    text = viewer.get("/uncatalogued/").text
    assert "<img" not in text
    assert "&lt;img" in text


def test_an_empty_list_says_so(viewer):
    assert "No unknown models" in words(viewer.get("/uncatalogued/"))


def test_takes_as_many_queries_for_many_names_as_for_few(viewer, world):
    few = queries_of(viewer, "/uncatalogued/")
    for i in range(40):
        make_usage(f"app-{i}", f"mystery-{i}", "2023-12-05", 3)
    scan.run(NOW, date(2023, 12, 8))
    assert queries_of(viewer, "/uncatalogued/") <= few + 1  # the second page's link
