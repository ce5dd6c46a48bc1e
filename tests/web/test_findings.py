"""Findings: the list by status, one finding's page, and what editors do with it."""

from datetime import date

import pytest

from dashboard.alerts.models import Delivery, Notice
from dashboard.findings import actions, scan
from dashboard.findings.models import Finding, FindingAction
from dashboard.usage.ingest.latest_calls import save_latest_calls
from dashboard.usage.models import CalledName, Identity
from tests.factories import NOW, at, make_application, make_entry, make_source, make_usage, report_only
from tests.web.pages import csv_rows, figure_names, queries_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """shop and search call davinci, which fails; intent calls ada, which redirects; early has stopped."""
    gateway = make_source("gateway")
    new = make_entry("openai/gpt-3.5-turbo-instruct", kind="completion")
    davinci = make_entry(
        "openai/davinci", announced="2023-07-06", sunset="2024-01-04", on_sunset="fails", replacements=[new],
        kind="completion",
    )  # fmt: skip
    ada = make_entry("openai/ada", announced="2023-07-06", sunset="2024-01-04", on_sunset="redirects")
    gpt = make_entry("azure-openai/gpt-4-0613", announced="2023-11-06", sunset="2024-06-13")
    make_application("shop", team="Sales", owner="shop@acme.example")
    make_usage("shop", davinci, "2023-11-01", 10, days=80, source=gateway)
    make_usage("search", davinci, "2023-12-01", 172, days=7, source=gateway)
    make_usage("intent", ada, "2023-11-01", 5, days=80, source=gateway)
    make_usage("intent", gpt, "2023-12-01", 1, days=8, source=gateway)
    make_usage("early", davinci, "2023-07-10", 3, days=20, source=gateway)
    report_only(gateway, "2023-07-30", days=200)
    scan.run(NOW, date(2024, 1, 15))


def finding(application: str, entry: str = "davinci") -> Finding:
    return Finding.objects.get(application__name=application, entry__name=entry)


def pairs(response) -> list[tuple[str, str]]:
    return [(row.finding.application.name, row.entry.id) for row in response.context["rows"]]


class TestList:
    def test_lists_what_is_still_called_soonest_sunset_first(self, viewer, world):
        assert pairs(viewer.get("/findings/")) == [
            ("intent", "ada"), ("search", "davinci"), ("shop", "davinci"), ("intent", "gpt-4-0613"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("status=resolved", [("early", "davinci")]),
            ("status=all&q=davinci", [("early", "davinci"), ("search", "davinci"), ("shop", "davinci")]),
            ("platform=azure-openai", [("intent", "gpt-4-0613")]),
            ("team=Sales", [("shop", "davinci")]),
            ("within=30&q=intent", [("intent", "ada")]),
            ("q=shop%40acme", [("shop", "davinci")]),
            ("status=broken&as_of=2024-01-05", [("shop", "davinci")]),
            ("status=redirected&as_of=2024-01-05", [("intent", "ada")]),
            ("as_of=2023-07-06&status=all", []),
        ],
    )
    def test_narrows_to(self, viewer, world, query, expected):
        assert pairs(viewer.get(f"/findings/?{query}")) == expected

    def test_chips_count_what_they_would_list(self, viewer, world, editor):
        actions.acknowledge(finding("shop"), None, NOW, note="on it")
        chips = viewer.get("/findings/").context["chips"]
        assert [(chip.value, chip.count) for chip in chips] == [
            ("", 4), ("open", 3), ("acknowledged", 1), ("resolved", 1), ("all", 5),
        ]  # fmt: skip
        for chip in chips:
            assert len(pairs(viewer.get(f"/findings/?status={chip.value}"))) == chip.count

    def test_shows_calls_of_the_week_and_the_last_call_by_the_day(self, viewer, world):
        rows = {row.finding.application.name: row for row in viewer.get("/findings/?q=davinci").context["rows"]}
        assert (rows["shop"].calls_7d, rows["shop"].finding.last_call_on) == (70, date(2023, 12, 8))
        assert (rows["search"].calls_7d, rows["search"].finding.last_call_on) == (172 * 7, date(2023, 12, 7))

    def test_after_the_sunset_the_badge_says_what_becomes_of_the_calls(self, viewer, world):
        rows = viewer.get("/findings/?as_of=2024-01-05").context["rows"]
        assert {(r.finding.application.name, r.status) for r in rows if r.entry.stage == "retired"} == {
            ("shop", "broken"), ("intent", "redirected"),
        }  # fmt: skip

    def test_takes_as_many_queries_for_many_as_for_few(self, viewer, world):
        davinci = finding("shop").entry
        counts = []
        for start in (0, 60):
            for i in range(start, start + 60):
                make_usage(f"app-{i}", davinci, "2023-12-05", 3)
            scan.run(NOW, date(2023, 12, 8))
            counts.append(queries_of(viewer, "/findings/"))
        assert counts[0] == counts[1]

    def test_downloads_all_pages_as_csv(self, viewer, world):
        davinci = finding("shop").entry
        for i in range(60):
            make_usage(f"app-{i}", davinci, "2023-12-05", 3)
        scan.run(NOW, date(2023, 12, 8))
        rows = csv_rows(viewer.get("/findings/?format=csv"))
        assert len(rows) == 64
        shop = next(row for row in rows if row["application"] == "shop")
        assert (shop["owner"], shop["entry"], shop["status"], shop["days_left"], shop["calls_7d"]) == (
            "shop@acme.example", "davinci", "open", "27", "70",
        )  # fmt: skip

    def test_nothing_to_do_is_said_with_its_limits(self, viewer):
        text = words(viewer.get("/findings/"))
        assert "No application calls a retiring model" in text
        assert "listed under Unknown models" in text


class TestFinding:
    def show(self, client, application="shop", entry="davinci", query=""):
        return client.get(f"/findings/{finding(application, entry).pk}/{query}")

    def test_says_the_verdict_in_a_sentence(self, viewer, world):
        text = words(self.show(viewer, "search"))
        assert (
            "search still calls davinci, which retires in 27 days. 1,204 calls in the last 7 full days. "
            "Last call: 7 Dec 2023." in text
        )

    def test_says_after_the_sunset_that_calls_fail_or_are_redirected(self, viewer, world):
        assert "its calls fail" in words(self.show(viewer, "shop", query="?as_of=2024-01-05"))
        assert "another model answers" in words(self.show(viewer, "intent", "ada", "?as_of=2024-01-05"))

    def test_says_when_it_is_over(self, viewer, world):
        assert "early has stopped calling davinci. Last call: 29 Jul 2023." in words(self.show(viewer, "early"))

    def test_names_what_to_change_to_and_the_guide(self, viewer, world):
        response = self.show(viewer)
        assert "gpt-3.5-turbo-instruct" in words(response)
        assert 'href="/guides/#completions"' in response.text

    def test_a_fine_tune_has_its_own_guide(self, viewer, world):
        make_usage("tuned", "davinci:ft-acme-2023-05-30-16-22-47", "2023-12-05", 3, platform="openai")
        scan.run(NOW, date(2023, 12, 8))
        response = self.show(viewer, "tuned")
        assert 'href="/guides/#fine-tunes"' in response.text
        assert "davinci:ft-acme-2023-05-30-16-22-47" in words(response)

    def test_shows_names_as_logged_with_source_and_endpoint(self, viewer, world):
        make_usage("shop", "openai/davinci", "2023-12-05", 3, endpoint="/v1/completions")
        scan.run(NOW, date(2023, 12, 8))
        names = self.show(viewer).context["page"].logged_names
        assert {(n.called_as, n.source, n.endpoint, n.calls) for n in names} == {
            ("davinci", "gateway", "", 38 * 10),
            ("openai/davinci", "gateway", "/v1/completions", 3),
        }

    def test_draws_its_calls(self, viewer, world):
        response = self.show(viewer)
        assert figure_names(response) == ["calls"]
        assert sum(row[1] for row in response.context["page"].chart.rows) == 38 * 10

    def test_warns_when_a_source_is_silent(self, viewer):
        lonely = make_source("lonely")
        entry = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
        make_usage("shop", entry, "2023-11-01", 5, days=5, source=lonely)
        scan.run(NOW, date(2023, 12, 8))
        text = words(self.show(viewer))
        assert "A source is silent." in text
        assert "lonely" in text

    def test_tells_the_story_newest_first_with_mails(self, viewer, world):
        shop = finding("shop")
        actions.acknowledge(shop, None, NOW, note="moving to chat", target=date(2023, 12, 20))
        delivery = Delivery.objects.create(
            recipient="shop@acme.example", as_of=date(2023, 12, 5), subject="s", text="t", message_id="m1",
            state="sent", created_at=NOW, next_try_at=NOW,
        )  # fmt: skip
        Notice.objects.create(
            delivery=delivery,
            finding=shop,
            channel="email",
            reason="threshold",
            step=30,
            sunset_on=date(2024, 1, 4),
        )
        story = self.show(viewer).context["page"].history
        assert [line.kind for line in story] == ["acknowledge", "mail", "opened"]
        text = words(self.show(viewer))
        assert "moving to chat" in text
        assert "Alert to shop@acme.example" in text

    def test_shows_nothing_that_happened_after_the_day(self, viewer, world):
        actions.comment(finding("shop"), None, at("2023-12-08"), text="later words")
        assert "later words" not in words(self.show(viewer, query="?as_of=2023-12-07"))

    def test_is_not_there_before_it_opened(self, viewer, world):
        assert self.show(viewer, query="?as_of=2023-10-31").status_code == 404


class TestActing:
    def post(self, client, verb, **data):
        return client.post(f"/findings/{finding('shop').pk}/{verb}/", data)

    def status(self, viewer) -> str:
        return viewer.get(f"/findings/{finding('shop').pk}/").context["page"].row.status

    @pytest.mark.parametrize(
        ("verb", "data", "expected"),
        [
            ("acknowledge", {"note": "on it", "target": "2023-12-20"}, "acknowledged"),
            ("snooze", {"until": "2023-12-15"}, "snoozed"),
            ("exempt", {"reason": "a canary, meant to break"}, "exempt"),
            ("comment", {"text": "hello"}, "open"),
            ("assign", {"address": "me@acme.example"}, "open"),
        ],
    )
    def test_an_editor_acts_and_it_shows(self, editor, world, verb, data, expected):
        response = self.post(editor, verb, **data)
        assert response.status_code == 302
        assert response["Location"] == f"/findings/{finding('shop').pk}/"
        assert self.status(editor) == expected
        assert FindingAction.objects.get().by.username == "editor"

    def test_reopening_takes_an_exemption_back(self, editor, world):
        self.post(editor, "exempt", reason="why not")
        self.post(editor, "reopen")
        assert self.status(editor) == "open"

    def test_the_assigned_address_gets_the_mail(self, editor, world):
        self.post(editor, "assign", address="me@acme.example")
        assert finding("shop").assignee == "me@acme.example"
        self.post(editor, "assign", address="")
        assert finding("shop").assignee == ""

    @pytest.mark.parametrize(
        ("verb", "data", "message"),
        [
            ("acknowledge", {"note": ""}, "This field is required."),
            ("acknowledge", {"note": "x", "target": "2023-12-01"}, "The target date has passed"),
            ("snooze", {"until": "2023-12-08"}, "Choose a day in the future"),
            ("snooze", {"until": "tomorrow"}, "Enter a valid date."),
            ("assign", {"address": "nobody"}, "Enter a valid email address."),
            ("exempt", {"reason": "   "}, "This field is required."),
        ],
    )
    def test_a_mistake_comes_back_beside_its_field_and_changes_nothing(self, editor, world, verb, data, message):
        response = self.post(editor, verb, **data)
        assert response.status_code == 200
        assert message in words(response)
        assert not FindingAction.objects.exists()

    def test_a_viewer_sees_no_forms_and_may_not_act(self, viewer, world):
        assert '<form class="form"' not in viewer.get(f"/findings/{finding('shop').pk}/").text
        assert self.post(viewer, "comment", text="hi").status_code == 403
        assert not FindingAction.objects.exists()

    def test_looking_never_acts(self, editor, world):
        assert editor.get(f"/findings/{finding('shop').pk}/comment/").status_code == 405

    def test_a_form_without_its_token_is_refused(self, editor, world):
        editor.handler.enforce_csrf_checks = True
        assert self.post(editor, "comment", text="hi").status_code == 403

    def test_acting_belongs_to_today(self, editor, world):
        text = words(editor.get(f"/findings/{finding('shop').pk}/?as_of=2023-12-01"))
        assert "You are viewing a past day." in text
        assert "Acknowledge" not in text

    def test_an_unknown_act_or_finding_is_not_found(self, editor, world):
        assert self.post(editor, "explode").status_code == 404
        assert editor.post("/findings/99999/comment/", {"text": "x"}).status_code == 404

    def test_what_people_write_is_shown_as_text(self, editor, world):
        self.post(editor, "comment", text="<script>alert(1)</script>\nsecond line")
        text = editor.get(f"/findings/{finding('shop').pk}/").text
        assert "<script>alert(1)</script>" not in text
        assert "&lt;script&gt;" in text


class TestProof:
    def test_shows_the_latest_call_with_its_place_and_id(self, viewer, world):
        told = finding("shop")
        name = CalledName.objects.get(resolutions__entry=told.entry_id)
        who = Identity.objects.get(application=told.application_id)
        save_latest_calls(
            "/logs/gateway<1>.jsonl", {(who.pk, name.pk): (at("2024-01-14").timestamp(), 0, 1234, "call-9<b>")}
        )
        page = viewer.get(f"/findings/{told.pk}/?as_of=2024-01-15")
        assert "2024-01-14" in page.content.decode()
        assert "/logs/gateway&lt;1&gt;.jsonl" in page.content.decode()
        assert "call-9&lt;b&gt;" in page.content.decode()
        assert "line 1,234" in words(page)
        assert "call-9" not in viewer.get(f"/findings/{told.pk}/?as_of=2024-01-13").content.decode()
