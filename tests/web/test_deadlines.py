"""The overview, the timeline and the deadlines show what was known and called by the day asked about."""

import json
import re
from datetime import date

import pytest

from dashboard.findings import scan
from tests.factories import NOW, at, make_application, make_entry, make_source, make_usage

pytestmark = pytest.mark.django_db

BURNDOWN = "/deadlines/openai/2024-01-04/"


@pytest.fixture
def story():
    """On davinci one application moves in November, one never does; a third is on a redirected model."""
    new = make_entry("openai/gpt-3.5-turbo-instruct")
    davinci = make_entry(
        "openai/davinci", announced="2023-07-06", sunset="2024-01-04", on_sunset="fails", replacements=[new]
    )
    ada = make_entry("openai/ada", announced="2023-07-06", sunset="2024-01-04", on_sunset="redirects")
    gateway = make_source("gateway")
    make_application("shop", owner="shop@acme.example", team="Sales")
    make_usage("shop", davinci, "2023-11-01", 700, days=76, source=gateway)
    make_usage("early", davinci, "2023-11-01", 300, days=10, source=gateway)
    make_usage("early", new, "2023-11-11", 300, days=60, source=gateway)
    make_usage("search", ada, "2023-11-01", 50, days=76, source=gateway)
    make_usage("stranger", "what-is-this", "2023-12-01", 10, days=12, source=gateway)
    scan.run(NOW, date(2024, 1, 20))


def figure(response, name):
    block = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', response.text, re.DOTALL)
    assert block, f"no figure {name}"
    return json.loads(block[1])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


class TestDeadline:
    def test_shows_progress_by_hand_counted_numbers(self, viewer, story):
        page = viewer.get(BURNDOWN).context["page"]
        assert page.summary.baseline == 1050
        assert page.summary.remaining == 750
        assert page.summary.progress == pytest.approx(1 - 750 / 1050)
        assert page.done_of == "1 / 3"
        assert page.summary.failing_per_day == 700

    def test_says_them_to_the_reader(self, viewer, story):
        words = text(viewer.get(BURNDOWN))
        assert "27 days left" in words
        assert "baseline: 1,050 a day" in words
        assert "1 application is done" in words

    def test_draws_the_calls_of_every_day_up_to_the_day_asked_about(self, viewer, story):
        drawn = figure(viewer.get(BURNDOWN), "burndown")
        retiring = next(t for t in drawn["data"] if t["name"] == "Retiring models")
        tail = next(t for t in drawn["data"] if t["name"] == "Incomplete day" and t["y"][-1] == 750)
        assert retiring["x"][0] == "2023-11-01"
        assert retiring["y"][0] == 1050
        assert tail["x"] == ["2023-12-07", "2023-12-08"]
        assert max(x for t in drawn["data"] for x in t["x"]) == "2023-12-08"

    def test_offers_the_same_numbers_as_a_table_and_as_csv(self, viewer, story):
        page = viewer.get(BURNDOWN)
        assert re.search(r'2023-12-07.*?</th><td class="num">750</td><td class="num">300</td>', page.text)
        csv = b"".join(viewer.get(f"{BURNDOWN}?format=csv").streaming_content).decode()
        assert "2023-12-07,750,300,2" in csv
        assert "2023-12-09" not in csv

    def test_names_owner_status_and_finding_of_each_application(self, viewer, story):
        page = viewer.get(BURNDOWN)
        (shop,) = [m for m in page.context["page"].left if m.progress.slug == "shop"]
        assert shop.progress.owner == "shop@acme.example"
        assert f'href="/findings/{shop.finding}/"' in page.text
        assert "shop@acme.example" in page.text

    def test_after_the_sunset_tells_broken_from_redirected(self, viewer, story):
        page = viewer.get(f"{BURNDOWN}?as_of=2024-01-14").context["page"]
        assert {m.progress.slug: m.status for m in page.left} == {"shop": "broken", "search": "redirected"}

    def test_is_not_known_before_it_was_announced(self, viewer, story):
        assert viewer.get(f"{BURNDOWN}?as_of=2023-07-05").status_code == 404
        assert viewer.get(f"{BURNDOWN}?as_of=2023-07-06").status_code == 200

    def test_groups_models_by_what_replaces_them(self, viewer, story):
        groups = viewer.get(BURNDOWN).context["page"].groups
        assert [([e.id for e in g.entries], g.on_sunset) for g in groups] == [
            (["ada"], "redirects"),
            (["davinci"], "fails"),
        ]

    def test_that_nobody_called_says_so_and_loads_no_chart(self, viewer):
        make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
        page = viewer.get(BURNDOWN)
        assert "No application has called these models" in page.text
        assert "plotly" not in page.text

    @pytest.mark.parametrize("path", ["openai/2024-02-30", "openai/2024-01-05", "nowhere/2024-01-04", "openai/x"])
    def test_that_does_not_exist_is_not_found(self, viewer, story, path):
        assert viewer.get(f"/deadlines/{path}/").status_code == 404


class TestLists:
    def test_deadlines_list_what_concerns_us_and_on_demand_all(self, viewer, story):
        make_entry("groq/llama", announced="2023-10-01", sunset="2024-03-01")
        assert "groq" not in viewer.get("/deadlines/").text
        assert "groq" in viewer.get("/deadlines/?all=1").text
        assert BURNDOWN in viewer.get("/deadlines/").text

    def test_timeline_draws_a_mark_per_deadline_that_leads_to_it(self, viewer, story):
        make_entry("groq/llama", announced="2023-10-01", sunset="2024-03-01")
        drawn = figure(viewer.get("/timeline/?steps=none"), "timeline")
        found = {trace["customdata"][i][0] for trace in drawn["data"] for i in range(len(trace["x"]))}
        assert found == {BURNDOWN, "/deadlines/groq/2024-03-01/"}

    @pytest.mark.parametrize(
        ("query", "shown", "hidden"),
        [("ours=on", "openai", "groq"), ("platform=groq", "groq", "/deadlines/openai"), ("", "groq", "mistral/")],
    )
    def test_timeline_filters(self, viewer, story, query, shown, hidden):
        make_entry("groq/llama", announced="2023-10-01", sunset="2024-03-01")
        rows = viewer.get(f"/timeline/?{query}").text.split("month-rows", 1)[1]
        assert shown in rows
        assert hidden not in rows

    def test_timeline_knows_nothing_of_later_announcements(self, viewer, story):
        make_entry("groq/llama", announced="2023-12-20", sunset="2024-03-01")
        assert "groq" not in viewer.get("/timeline/").text
        assert "groq" in viewer.get("/timeline/?as_of=2023-12-20").text


class TestOverview:
    def test_leads_with_the_next_sunset_that_concerns_us(self, viewer, story):
        make_entry("groq/llama", announced="2023-10-01", sunset="2023-12-10")
        page = viewer.get("/")
        assert page.context["overview"].next.key == "openai/2024-01-04"
        assert page.context["overview"].per_day == 750

    def test_lists_applications_at_risk_with_their_calls_of_a_week(self, viewer, story):
        risky = viewer.get("/").context["overview"].at_risk
        assert [(one.application.slug, one.models, one.calls) for one in risky] == [
            ("shop", ["davinci"], 4900),
            ("search", ["ada"], 350),
        ]

    def test_nobody_is_at_risk_two_months_before(self, viewer, story):
        overview = viewer.get("/?as_of=2023-11-01").context["overview"]
        assert overview.at_risk == []
        assert overview.rows[0].summary.days_left == 64

    def test_counts_unknown_models_and_calls_them_unsafe(self, viewer, story):
        page = viewer.get("/")
        assert page.context["overview"].uncatalogued == 70
        assert "not in the catalog, so never counted as safe" in page.text

    def test_points_at_calls_that_go_on_after_the_sunset(self, viewer, story):
        words = text(viewer.get("/?as_of=2024-01-14"))
        assert "4 Jan 2024 has passed, but 750 calls a day still arrive" in words

    def test_tells_what_became_known_of_late(self, viewer, story):
        late = make_entry("groq/llama", announced="2023-12-01", sunset="2024-03-01", known="2023-12-01")
        changes = viewer.get("/").context["overview"].changes
        assert [(c.platform_name, c.names) for c in changes] == [("groq", [late.name])]

    def test_names_sources_in_trouble_and_silent_ones(self, viewer, story):
        make_source("broken", name="Broken gateway", problem="the folder is gone")
        quiet = make_source("quiet", name="Quiet gateway")
        make_usage("shop", "x", "2023-11-01", source=quiet)
        sources = viewer.get("/").context["overview"].sources
        assert [s.slug for s in sources.troubled] == ["broken"]
        assert [s.slug for s in sources.silent] == ["quiet"]
        assert sources.newest == date(2023, 12, 8)

    def test_of_a_fresh_installation_says_how_to_begin(self, viewer):
        page = viewer.get("/")
        assert "var/inbox/" in page.text
        assert "usage import" in page.text

    def test_escapes_what_logs_and_catalogs_say(self, viewer):
        evil = "<script>alert(1)</script>"
        entry = make_entry(f"openai/{evil}", announced="2023-07-06", sunset="2024-01-04")
        application = make_application("evil")
        application.name = f"</script>{evil}"
        application.save()
        make_usage(application, entry, "2023-12-01", 9, days=8)
        scan.run(at("2023-12-08"), date(2023, 12, 8))
        for path in ("/", "/timeline/", "/deadlines/", BURNDOWN):
            page = viewer.get(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "alert(1)" in page.text or path == "/timeline/"
