"""Applications: who is due next, and one application's page."""

from datetime import date

import pytest

from dashboard.findings import scan
from dashboard.usage.models import Application, ApplicationRule
from tests.factories import NOW, make_application, make_entry, make_usage
from tests.web.pages import csv_rows, figure_names, queries_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """shop is due in January, search in June, idle calls nothing that retires."""
    soon = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04", kind="completion")
    later = make_entry("openai/gpt-3.5-turbo-0613", announced="2023-11-06", sunset="2024-06-13")
    calm = make_entry("openai/gpt-4")
    make_application("shop", team="Sales", owner="shop@acme.example", criticality=1)
    make_application("search", team="Search")
    make_usage("shop", soon, "2023-12-02", 10, days=7)
    make_usage("shop", later, "2023-12-02", 1, days=7)
    make_usage("search", later, "2023-12-02", 20, days=7)
    make_usage("idle", calm, "2023-12-02", 5, days=7)
    make_usage("idle", "no-such-model", "2023-12-02", 2, days=7)
    scan.run(NOW, date(2023, 12, 8))


def names(response) -> list[str]:
    return [row.application.name for row in response.context["rows"]]


class TestList:
    def test_puts_who_is_due_next_first(self, viewer, world):
        response = viewer.get("/applications/")
        assert names(response) == ["shop", "search", "idle"]
        row = response.context["rows"][0]
        assert (row.findings.count, row.findings.next_entry.id, row.calls_7d) == (2, "davinci", 66)

    def test_says_who_has_no_owner(self, viewer, world):
        assert words(viewer.get("/applications/")).count("no owner") == 2

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("q=sho", ["shop"]),
            ("q=acme.example", ["shop"]),
            ("team=Search", ["search"]),
            ("owner=none", ["search", "idle"]),
            ("owner=some", ["shop"]),
            ("sort=name", ["idle", "search", "shop"]),
            ("sort=findings", ["shop", "search", "idle"]),
        ],
    )
    def test_narrows_to(self, viewer, world, query, expected):
        assert names(viewer.get(f"/applications/?{query}")) == expected

    def test_knows_nothing_of_findings_before_the_announcement(self, viewer, world):
        response = viewer.get("/applications/?as_of=2023-07-05")
        assert {row.findings.count for row in response.context["rows"]} == {0}
        assert {row.calls_7d for row in response.context["rows"]} == {0}

    def test_takes_as_many_queries_for_many_as_for_few(self, viewer, world):
        few = queries_of(viewer, "/applications/")
        entry = make_entry("openai/ada", announced="2023-07-06", sunset="2024-01-04")
        for i in range(40):
            make_usage(f"app-{i}", entry, "2023-12-05", 3)
        scan.run(NOW, date(2023, 12, 8))
        assert queries_of(viewer, "/applications/") == few

    def test_downloads_as_csv_without_formulas(self, viewer, world):
        Application.objects.filter(name="idle").update(name="=cmd()")
        rows = csv_rows(viewer.get("/applications/?format=csv"))
        assert [(r["application"], r["open_findings"], r["next_sunset"]) for r in rows] == [
            ("shop", "2", "2024-01-04"), ("search", "1", "2024-06-13"), ("'=cmd()", "0", ""),
        ]  # fmt: skip

    def test_an_empty_house_says_what_to_do(self, viewer):
        assert "No applications yet" in words(viewer.get("/applications/"))


class TestApplication:
    def test_shows_findings_by_due_date_models_and_a_chart(self, viewer, world):
        response = viewer.get("/applications/shop/")
        page = response.context["page"]
        assert [row.entry.id for row in page.findings] == ["davinci", "gpt-3.5-turbo-0613"]
        assert [(c.entry.id, c.calls_7d) for c in page.models] == [("davinci", 60), ("gpt-3.5-turbo-0613", 6)]
        assert page.calls_7d == 66
        assert figure_names(response) == ["calls"]

    def test_unknown_names_are_listed_as_such_and_linked(self, viewer, world):
        response = viewer.get("/applications/idle/")
        assert response.context["page"].models[-1].entry is None
        assert 'href="/uncatalogued/?application=idle"' in response.text
        assert "No retiring models in use" in words(response)

    def test_shows_rules_and_the_callers_that_belong_to_it(self, viewer, world):
        shop = Application.objects.get(slug="shop")
        ApplicationRule.objects.create(field="team", pattern="sales-*", application=shop)
        text = words(viewer.get("/applications/shop/"))
        assert "sales-*" in text
        assert "Matched callers shop" in text

    def test_shows_nothing_that_came_after_the_day(self, viewer, world):
        page = viewer.get("/applications/shop/?as_of=2023-12-03").context["page"]
        assert page.calls_7d == 11

    def test_a_wrong_name_is_not_found(self, viewer, world):
        assert viewer.get("/applications/nobody/").status_code == 404

    def test_only_people_of_the_admin_see_its_door(self, viewer, admin_client, world):
        assert "/admin/usage/application/" not in viewer.get("/applications/shop/").text
        assert "/admin/usage/application/" in admin_client.get("/applications/shop/").text

    def test_takes_as_many_queries_for_many_findings_as_for_few(self, viewer, world):
        few = queries_of(viewer, "/applications/shop/")
        for i in range(20):
            entry = make_entry(f"openai/m-{i}", announced="2023-07-06", sunset="2024-01-04")
            make_usage("shop", entry, "2023-12-05", 3)
        scan.run(NOW, date(2023, 12, 8))
        # Findings are read in the order of their due dates, one query for each of the first entries shown.
        assert queries_of(viewer, "/applications/shop/") <= few + 20
