"""The catalog's list and one entry's page: how long, what instead, where it says so, who calls it."""

from datetime import date

import pytest

from dashboard.catalog.models import Alias
from dashboard.findings import scan
from tests.factories import NOW, make_application, make_entry, make_revision, make_usage
from tests.web.pages import csv_rows, figure_names, queries_of, words

pytestmark = pytest.mark.django_db

PAGE = "/models/openai/davinci/"


@pytest.fixture
def davinci():
    new = make_entry("openai/davinci-002", kind="completion")
    found = make_entry(
        "openai/davinci",
        announced="2023-07-06",
        sunset="2024-01-04",
        on_sunset="fails",
        replacements=[new],
        kind="completion",
    )
    make_usage("shop", found, "2023-11-01", 10, days=30)
    make_usage("shop", found, "2023-12-02", 7, days=7)
    make_usage("latecomer", found, "2023-12-20", 9)
    scan.run(NOW, date(2024, 1, 10))
    return found


def ids(response) -> list[str]:
    return [row.entry.id for row in response.context["rows"]]


class TestList:
    def test_puts_the_next_sunset_first_and_what_has_none_last(self, viewer, davinci):
        make_entry("openai/old", announced="2023-01-01", sunset="2023-06-01")
        make_entry("openai/soon", announced="2023-11-01", sunset="2023-12-31")
        assert ids(viewer.get("/models/")) == ["soon", "davinci", "old", "davinci-002"]

    def test_shows_calls_of_the_last_seven_days_and_callers_of_the_last_thirty(self, viewer, davinci):
        row = next(r for r in viewer.get("/models/").context["rows"] if r.entry.id == "davinci")
        assert (row.usage.calls_7d, row.usage.applications) == (42, 1)

    def test_shows_no_call_that_came_after_the_day(self, viewer, davinci):
        row = next(r for r in viewer.get("/models/?as_of=2023-12-03").context["rows"] if r.entry.id == "davinci")
        assert row.usage.calls_7d == 5 * 10 + 7

    def test_does_not_know_on_a_day_what_was_announced_later(self, viewer, davinci):
        response = viewer.get("/models/?as_of=2023-07-05")
        assert {r.entry.stage for r in response.context["rows"]} == {"active"}
        assert "4 Jan 2024" not in words(response)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("stage=deprecated", ["davinci"]),
            ("kind=embedding", ["ada-embed"]),
            ("platform=azure-openai", ["gpt-35"]),
            ("called=on", ["davinci"]),
            ("q=DAVINCI-0", ["davinci-002"]),
            ("q=text-davinci%3A", ["davinci"]),
            ("q=openai%2Fdavinci", ["davinci", "davinci-002"]),
            ("q=%25", []),
            ("sort=id&kind=completion", ["davinci", "davinci-002"]),
        ],
        ids=[
            "stage",
            "kind",
            "platform",
            "called",
            "part of an id",
            "alias",
            "with platform",
            "wildcard",
            "order",
        ],
    )
    def test_narrows_to(self, viewer, davinci, query, expected):
        make_entry("azure-openai/gpt-35")
        make_entry("openai/ada-embed", kind="embedding")
        Alias.objects.create(entry=davinci, name="text-davinci:001")
        assert ids(viewer.get(f"/models/?{query}")) == expected

    def test_an_alias_stands_on_the_page_from_the_day_it_began(self, viewer, davinci):
        Alias.objects.create(entry=davinci, name="davinci-old", to_on=date(2023, 8, 1))
        Alias.objects.create(entry=davinci, name="davinci-latest", from_on=date(2023, 9, 1))
        assert "davinci-latest" not in words(viewer.get(f"{PAGE}?as_of=2023-08-31"))
        page = words(viewer.get(f"{PAGE}?as_of=2023-09-01"))
        assert "davinci-latest" in page
        assert "davinci-old" in page

    def test_finds_what_a_wrapped_name_of_a_log_means(self, viewer, davinci):
        assert ids(viewer.get("/models/?q=ft%3Adavinci%3Aacme%3A%3Aabc")) == ["davinci"]

    def test_says_beside_the_field_that_a_choice_makes_no_sense(self, viewer, davinci):
        response = viewer.get("/models/?stage=asleep")
        assert response.status_code == 200
        assert "field-error" in response.text
        assert len(ids(response)) == 2

    def test_pages_hold_fifty(self, viewer):
        for i in range(60):
            make_entry(f"openai/m-{i:02}")
        assert len(ids(viewer.get("/models/"))) == 50
        assert ids(viewer.get("/models/?page=2")) == [f"m-{i:02}" for i in range(50, 60)]
        assert len(ids(viewer.get("/models/?page=abc"))) == 50

    def test_takes_as_many_queries_for_many_entries_as_for_few(self, viewer, davinci):
        few = queries_of(viewer, "/models/")
        for i in range(30):
            make_usage(f"app-{i}", make_entry(f"openai/m-{i}"), "2023-12-05", 3)
        scan.run(NOW, date(2023, 12, 8))
        assert queries_of(viewer, "/models/") == few

    def test_downloads_what_is_listed_as_csv(self, viewer, davinci):
        response = viewer.get("/models/?format=csv&stage=deprecated")
        assert response["Content-Disposition"] == 'attachment; filename="sundial-models-2023-12-08.csv"'
        [row] = csv_rows(response)
        assert (row["id"], row["sunset_date"], row["days_left"], row["calls_7d"]) == (
            "davinci", "2024-01-04", "27", "42",
        )  # fmt: skip
        assert row["replacements"] == "openai/davinci-002"


class TestEntry:
    def test_answers_how_long_what_happens_and_what_instead(self, viewer, davinci):
        text = words(viewer.get(PAGE))
        for answer in (
            "4 Jan 2024",
            "27 days left",
            "Calls fail",
            "davinci-002",
            "https://example.com/deprecations",
        ):
            assert answer in text

    def test_says_a_floor_a_month_and_a_guess_in_words(self, viewer):
        for precision, expected in (
            ("not_before", "not before 4 Jan 2024"),
            ("month", "some day of January 2024"),
            ("tentative", "4 Jan 2024, tentative"),
        ):
            make_entry(f"openai/{precision}", announced="2023-07-06", sunset="2024-01-04", precision=precision)
            assert expected in words(viewer.get(f"/models/openai/{precision}/"))

    def test_warns_when_the_replacement_retires_itself(self, viewer):
        short = make_entry("openai/short", announced="2023-07-06", sunset="2024-02-01")
        make_entry("openai/old", announced="2023-07-06", sunset="2024-01-04", replacements=[short])
        text = words(viewer.get("/models/openai/old/"))
        assert "The replacement retires too." in text
        assert "short: 1 Feb 2024" in text

    def test_tells_how_the_date_moved_and_only_what_was_known_by_the_day(self, viewer, davinci):
        make_revision(davinci, "2023-11-20", sunset="2024-02-03")
        now = viewer.get(PAGE)
        assert [c.revision.known_on for c in now.context["model"].revisions] == [
            date(2023, 7, 6),
            date(2023, 11, 20),
        ]
        assert "30 days later" in words(now)
        assert now.context["model"].sunset_changes == 1
        before = viewer.get(f"{PAGE}?as_of=2023-11-19")
        assert "3 Feb 2024" not in words(before)

    def test_a_date_that_was_brought_forward_says_so(self, viewer, davinci):
        make_revision(davinci, "2023-11-20", sunset="2024-01-01")
        assert "3 days earlier" in words(viewer.get(PAGE))

    def test_a_date_that_was_taken_back_leaves_nothing_to_do(self, viewer, davinci):
        make_revision(davinci, "2023-11-20", withdraw=True)
        text = words(viewer.get(PAGE))
        assert "withdrawn" in text
        assert "No sunset is announced" in text

    def test_lists_callers_with_their_finding_and_draws_them(self, viewer, davinci):
        response = viewer.get(PAGE)
        [caller] = response.context["model"].callers
        assert (caller.application.name, caller.calls_7d, caller.last_on) == ("shop", 42, date(2023, 12, 8))
        assert caller.status == "open"
        assert f'href="/findings/{caller.finding.pk}/"' in response.text
        assert figure_names(response) == ["calls"]
        assert "latecomer" not in words(response)

    def test_after_the_sunset_callers_are_broken(self, viewer, davinci):
        make_usage("shop", davinci, "2024-01-05", 3)
        scan.run(NOW, date(2024, 1, 10))
        callers = viewer.get(f"{PAGE}?as_of=2024-01-05").context["model"].callers
        assert {c.application.name: c.status for c in callers} == {"shop": "broken", "latecomer": "broken"}

    def test_chart_numbers_are_the_calls_of_each_day(self, viewer, davinci):
        card = viewer.get(PAGE).context["model"].chart
        assert card.rows[0] == (date(2023, 12, 8), 7)
        assert sum(row[1] for row in card.rows) == 30 * 10 + 7 * 7

    def test_counts_tokens_where_nobody_counts_calls_and_says_so(self, viewer):
        entry = make_entry("openai/quiet")
        make_usage("shop", entry, "2023-12-05", None, input_tokens=400, output_tokens=30)
        scan.run(NOW, date(2023, 12, 8))
        response = viewer.get("/models/openai/quiet/")
        assert "tokens are shown" in words(response)
        assert sum(row[1] for row in response.context["model"].chart.rows) == 430
        assert response.context["model"].calls_7d is None

    def test_the_chart_draws_five_callers_and_adds_up_the_others(self, viewer):
        entry = make_entry("openai/busy")
        for i in range(9):
            make_usage(f"app-{i}", entry, "2023-12-05", 10 + i)
        scan.run(NOW, date(2023, 12, 8))
        card = viewer.get("/models/openai/busy/").context["model"].chart
        assert card.columns == ("Day", "app-8", "app-7", "app-6", "app-5", "app-4", "4 others")
        assert card.rows[3][1:] == (18, 17, 16, 15, 14, 10 + 11 + 12 + 13)

    def test_shows_the_same_id_on_other_platforms_with_its_own_date(self, viewer, davinci):
        make_entry("azure-openai/davinci", announced="2023-07-06", sunset="2024-06-14")
        text = words(viewer.get(PAGE))
        assert "azure-openai" in text
        assert "14 Jun 2024" in text

    def test_an_endpoint_has_a_page_without_its_leading_slash(self, viewer):
        make_entry("openai//v1/edits", announced="2023-07-06", sunset="2024-01-04", kind="endpoint")
        response = viewer.get("/models/openai/v1/edits/")
        assert response.status_code == 200
        assert "/v1/edits" in words(response)
        assert 'href="/guides/#edits"' in response.text

    def test_an_unknown_id_is_not_found_and_suggests_close_names(self, viewer, davinci):
        response = viewer.get("/models/openai/davincy/")
        assert response.status_code == 404
        assert response.context["close"][0].id == "davinci"

    def test_takes_as_many_queries_for_many_callers_as_for_few(self, viewer, davinci):
        few = queries_of(viewer, PAGE)
        for i in range(30):
            make_usage(f"app-{i}", davinci, "2023-12-05", 3)
        scan.run(NOW, date(2023, 12, 8))
        assert queries_of(viewer, PAGE) == few

    def test_shows_hostile_names_as_text(self, viewer):
        entry = make_entry("openai/<b>x</b>", announced="2023-07-06", sunset="2024-01-04")
        make_application("evil", team="<i>t</i>")
        make_usage(make_application("<script>alert(1)</script>"), entry, "2023-12-05", 3)
        scan.run(NOW, date(2023, 12, 8))
        text = viewer.get("/models/openai/<b>x</b>/").text
        assert "<script>alert(1)</script>" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<b>x</b>" not in text
