"""The review page: what a feed says otherwise, side by side, and deciding about it."""

import json
from datetime import date
from pathlib import Path

import pytest

from dashboard.catalog import freshness, snapshot
from dashboard.catalog.feeds import proposals, sync
from dashboard.catalog.messages import Message
from dashboard.catalog.models import Entry, FeedState, ProposedChange, Revision
from dashboard.findings import scan
from tests.factories import NOW, make_entry, make_usage
from tests.web.pages import queries_of, words

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)
URL = "/catalog/review/"


def feed(tmp_path: Path, **shutdown: str | None) -> None:
    data = [{"id": name.replace("_", "-"), "shutdown_date": on} for name, on in shutdown.items()]
    path = tmp_path / "copy.json"
    path.write_text(json.dumps({"data": data}))
    assert not sync.sync_feed("openai", str(path), now=NOW).problem


@pytest.fixture
def moved(tmp_path) -> ProposedChange:
    entry = make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-06-30")
    make_usage("shop", entry, "2023-12-01", 70, days=7)
    make_usage("lab", entry, "2023-12-01", 30, days=7)
    scan.run(NOW, TODAY)
    feed(tmp_path, chat_1="2024-01-04")
    return proposals.pending_proposals().get()


def on_today(name: str = "chat-1") -> date | None:
    return snapshot.load(TODAY).get("openai", name).sunset_on


def test_shows_both_sides_with_source_evidence_and_who_would_feel_it(editor, moved):
    text = words(editor.get(URL))
    assert "30 Jun 2024" in text
    assert "4 Jan 2024" in text
    assert "178 days earlier" in text
    assert "GET /v1/models: chat-1 shutdown_date 2024-01-04" in text
    assert "2 applications" in text
    assert "100 calls a day" in text
    assert 'href="https://developers.openai.com/api/docs/deprecations"' in editor.get(URL).text


def test_a_new_entry_tells_of_the_calls_that_it_would_explain(editor, tmp_path):
    make_entry("openai/other")
    make_usage("shop", "mystery", "2023-12-01", 7, days=7)
    scan.run(NOW, TODAY)
    feed(tmp_path, mystery="2024-01-04")
    row = ProposedChange.objects.get()
    ProposedChange.objects.filter(pk=row.pk).update(state="pending", entry=None)
    Entry.objects.filter(name="mystery").delete()
    [group] = editor.get(URL).context["groups"]
    assert (group.rows[0].affected.applications, group.rows[0].affected.calls_per_day) == (1, 7)
    assert "not in the catalog" in words(editor.get(URL))


def test_what_is_called_stands_first_and_can_be_had_alone(editor, tmp_path):
    for name in ("a-idle", "b-some", "c-most"):
        make_entry(f"openai/{name}", announced="2023-07-06", sunset="2024-06-30")
    make_usage("shop", Entry.objects.get(name="b-some"), "2023-12-01", 7, days=7)
    make_usage("lab", Entry.objects.get(name="c-most"), "2023-12-01", 70, days=7)
    make_usage("lab", "d-new", "2023-12-01", 30, days=7)
    scan.run(NOW, TODAY)
    feed(tmp_path, a_idle="2024-01-04", b_some="2024-01-04", c_most="2024-01-04", d_new="2024-01-04")
    ProposedChange.objects.filter(name="d-new").update(state="pending", entry=None)
    Entry.objects.filter(name="d-new").delete()

    def listed(query: str = "") -> list[str]:
        return [row.proposal.name for group in editor.get(URL + query).context["groups"] for row in group.rows]

    assert listed() == ["c-most", "d-new", "b-some", "a-idle"]
    assert listed("?called=on") == ["c-most", "d-new", "b-some"]


def test_accepting_moves_the_date_and_the_model_page_tells_of_it(editor, viewer, moved):
    response = editor.post(URL, {"accept": moved.pk, "note": "seen it"}, follow=True)
    assert "1 change accepted" in words(response)
    assert "No proposed changes" in words(response)
    assert on_today() == date(2024, 1, 4)
    moved.refresh_from_db()
    assert (moved.state, moved.note, moved.decided_by.username) == ("accepted", "seen it", "editor")
    assert "4 Jan 2024" in words(viewer.get("/models/openai/chat-1/"))
    assert "once" in words(viewer.get("/models/openai/chat-1/"))


def test_rejecting_leaves_the_catalog_alone(editor, moved):
    assert "1 change rejected" in words(editor.post(URL, {"reject": moved.pk}, follow=True))
    assert on_today() == date(2024, 6, 30)
    assert not proposals.pending_proposals().exists()


def test_deciding_in_bulk_keeps_the_filters(editor, tmp_path):
    for n in range(3):
        make_entry(f"openai/chat-{n}", announced="2023-07-06", sunset="2024-06-30")
    feed(tmp_path, chat_0="2024-01-04", chat_1="2024-01-04", chat_2="2024-01-04")
    pks = list(proposals.pending_proposals().values_list("pk", flat=True))
    response = editor.post(f"{URL}?feed=openai", {"accept": "selected", "selected": pks[:2]})
    assert response.url == f"{URL}?feed=openai"
    assert [on_today(f"chat-{n}") for n in range(3)] == [date(2024, 1, 4), date(2024, 1, 4), date(2024, 6, 30)]
    nothing = editor.post(URL, {"accept": "selected"}, follow=True)
    assert "Nothing was selected" in words(nothing)


def test_deciding_twice_says_so(editor, moved):
    editor.post(URL, {"reject": moved.pk})
    assert "already been decided" in words(editor.post(URL, {"accept": moved.pk}, follow=True))
    assert on_today() == date(2024, 6, 30)


@pytest.mark.parametrize(
    "data", [{}, {"accept": "x"}, {"accept": "9" * 40}, {"accept": "selected", "selected": "-1"}]
)
def test_a_decision_that_makes_no_sense_is_refused(editor, moved, data):
    assert editor.post(URL, data).status_code == 400


def test_another_value_is_accepted_with_its_own_source(editor, moved):
    url = f"{URL}{moved.pk}/"
    assert 'value="2024-01-04"' in editor.get(url).text
    data = {"on": "2024-02-01", "precision": "month", "source_url": "https://example.com/post", "note": ""}
    assert editor.post(url, data).url == URL
    assert on_today() == date(2024, 2, 1)
    assert Revision.objects.get(origin="admin").source_url == "https://example.com/post"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"source_url": "javascript:alert(1)"}, "Enter a valid URL"),
        ({"source_url": ""}, "required"),
        ({"on": "2023-01-01"}, "before its announcement"),
        ({"on": "0001-01-01"}, "Enter a year from"),
        ({"precision": "sometime"}, "valid choice"),
    ],
)
def test_another_value_that_cannot_be_comes_back_with_the_reason(editor, moved, changed, told):
    data = {"on": "2024-02-01", "precision": "day", "source_url": "https://example.com/"} | changed
    response = editor.post(f"{URL}{moved.pk}/", data)
    assert response.status_code == 422
    assert told in words(response)
    assert on_today() == date(2024, 6, 30)


def test_other_replacements_must_be_known(editor, moved):
    make_entry("openai/chat-2")
    moved.field, moved.new, moved.old = "replacements", ["openai/chat-2"], None
    moved.save()
    url = f"{URL}{moved.pk}/"
    data = {"replacements": "chat-9", "source_url": "https://example.com/"}
    assert "no entry “chat-9”" in words(editor.post(url, data))
    assert editor.post(url, data | {"replacements": "chat-2"}).status_code == 302
    state = snapshot.load(TODAY).get("openai", "chat-1")
    assert [one.id for one in snapshot.load(TODAY).replacements(state)] == ["chat-2"]


@pytest.mark.parametrize(
    ("query", "listed"),
    [("", 1), ("q=CHAT", 1), ("q=nope", 0), ("platform=openai", 1), ("feed=openai", 1), ("change=moved", 1)],
)
def test_narrows_to(editor, moved, query, listed):
    response = editor.get(f"{URL}?{query}")
    assert sum(len(group.rows) for group in response.context["groups"]) == listed
    assert listed or "Nothing matches these filters" in words(response)


def test_another_day_shows_what_waited_then_and_acts_on_nothing(editor, moved):
    response = editor.get(f"{URL}?as_of=2023-12-07")
    assert response.context["groups"] == []
    assert "Go to today" in words(response)


def test_only_editors_see_it_and_how_much_waits(editor, viewer, moved):
    assert viewer.get(URL).status_code == 403
    assert viewer.post(URL, {"accept": moved.pk}).status_code == 403
    assert viewer.get(f"{URL}{moved.pk}/").status_code == 403
    assert URL not in viewer.get("/").text
    assert '<span class="nav-count">1</span>' in editor.get("/").text


def test_hostile_words_of_a_feed_are_text(editor, moved):
    ProposedChange.objects.update(
        evidence="<script>alert(1)</script>", review_reason=Message("text", text="<img src=x>"), name="<b>x</b>"
    )
    text = editor.get(URL).text
    assert "<script>alert" not in text
    assert "<img src=x>" not in text
    assert "<b>x" not in text


def test_takes_as_many_queries_for_many_as_for_few(editor, tmp_path):
    names = [f"chat_{n}" for n in range(20)]
    for name in names:
        make_entry(f"openai/{name.replace('_', '-')}", announced="2023-07-06", sunset="2024-06-30")
    feed(tmp_path, chat_0="2024-01-04")
    few = queries_of(editor, URL)
    feed(tmp_path, **dict.fromkeys(names, "2024-01-04"))
    assert queries_of(editor, URL) == few


def test_the_sources_page_tells_how_feeds_do(viewer, settings, moved, tmp_path):
    settings.SUNDIAL_FEEDS = ["litellm"]
    path = tmp_path / "page.json"
    path.write_text("<html>")
    sync.sync_feed("openai", str(path), now=NOW)
    text = words(viewer.get("/sources/"))
    assert "the answer is a web page, not JSON" in text
    assert "LiteLLM model map" in text
    assert FeedState.objects.get(name="openai").good_at == NOW
    settings.SUNDIAL_FEEDS = ["nope"]
    assert "there is no feed 'nope'" in words(viewer.get("/sources/"))


def test_an_old_catalog_says_so_on_every_page(viewer, settings, moved):
    freshness.clear_cache()
    settings.SUNDIAL_TODAY = None
    FeedState.objects.all().delete()
    Revision.objects.update(source_day="2023-01-01")
    for path in ("/", "/models/", "/sources/"):
        assert "The catalog is out of date." in words(viewer.get(path))
    settings.SUNDIAL_CATALOG_MAX_AGE = 0
    assert "The catalog is out of date." not in words(viewer.get("/"))
