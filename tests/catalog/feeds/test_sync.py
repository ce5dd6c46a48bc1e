"""From a feed to the catalog: what applies by itself, what waits, what changes nothing."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from dashboard.catalog import freshness, snapshot
from dashboard.catalog.choices import Precision
from dashboard.catalog.documents import Document, EntryDoc, MilestoneDoc, PlatformDoc, RevisionDoc
from dashboard.catalog.feeds import diff, proposals
from dashboard.catalog.feeds import sync as feeds_sync
from dashboard.catalog.feeds.base import FeedItem
from dashboard.catalog.feeds.diff import CatalogIndex
from dashboard.catalog.feeds.registry import FEEDS
from dashboard.catalog.models import Alias, CatalogVersion, Entry, FeedState, ProposedChange, Revision
from dashboard.core.models import AuditEntry
from tests.catalog.feeds.server import QUICK, say, serving
from tests.factories import NOW, make_entry, make_revision

TODAY = date(2023, 12, 8)
GOLDEN = Path(__file__).parents[2] / "golden" / "feeds"


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = TODAY
    freshness.clear_cache()


def saved(tmp_path: Path, **shutdown: str | None) -> str:
    """A copy of OpenAI's list: id with underscores -> shutdown day."""
    data = [{"id": name.replace("_", "-"), "shutdown_date": on} for name, on in shutdown.items()]
    path = tmp_path / "copy.json"
    path.write_text(json.dumps({"object": "list", "data": data}))
    return str(path)


def sync(location: str, feed: str = "openai", now: datetime = NOW, **options) -> feeds_sync.SyncResult:
    result = feeds_sync.sync_feed(feed, location, now=now, **options)
    counted = ("unchanged", "applied", "proposed", "waiting", "rejected", "outdated")
    assert result.problem or result.seen == sum(getattr(result, name) for name in counted) + sum(
        result.skipped.values()
    )
    return result


def sunset(name: str, on: date = TODAY, platform: str = "openai") -> tuple[date | None, str]:
    state = snapshot.load(on).get(platform, name)
    return state.sunset_on, state.sunset_precision


def state_of_the_catalog() -> tuple:
    return (
        CatalogVersion.objects.values_list("token", flat=True).first(),
        Revision.objects.count(),
        Entry.objects.count(),
        AuditEntry.objects.count(),
        list(ProposedChange.objects.order_by("pk").values_list("pk", "state", "new")),
    )


# What applies by itself ---------------------------------------------------------------------------


@pytest.mark.django_db
class TestApplying:
    def test_a_first_date_enters_the_catalog_with_its_source(self, tmp_path):
        make_entry("openai/chat-1", known="2023-01-01", announced="2023-01-01")
        result = sync(saved(tmp_path, chat_1="2024-06-30"))
        assert (result.applied, result.proposed) == (1, 0)
        assert sunset("chat-1") == (date(2024, 6, 30), "day")
        revision = Revision.objects.get(origin="feed:openai")
        assert revision.source_url == "https://developers.openai.com/api/docs/deprecations"
        assert revision.known_on == TODAY
        edit = AuditEntry.objects.get(origin="feed:openai", model="catalog.entry")
        assert (edit.before.get("sunset"), edit.after["sunset"]["on"]) == (None, "2024-06-30")

    def test_an_unknown_model_becomes_an_entry_that_says_how_sure_it_is(self, tmp_path):
        make_entry("openai/other")
        assert sync(saved(tmp_path, chat_2="2024-06-30")).applied == 1
        assert Entry.objects.get(name="chat-2").confidence == "medium"
        assert sunset("chat-2") == (date(2024, 6, 30), "day")

    def test_a_first_word_was_known_from_its_announcement_on(self):
        for name in ("sample-chat-mini", "sample-chat-2024-05-13"):
            make_entry(f"openai/{name}")
        result = sync(str(GOLDEN / "modeldeprecations-dev.json"), "modeldeprecations-dev")
        assert (result.changes["applied"], result.proposed) == (3, 1)  # the alias waits
        assert sunset("sample-chat-2024-05-13", date(2023, 11, 5)) == (None, "")
        assert sunset("sample-chat-2024-05-13", date(2023, 11, 6)) == (date(2024, 6, 30), "day")
        state = snapshot.load(TODAY).get("openai", "sample-chat-2024-05-13")
        assert [one.id for one in snapshot.load(TODAY).replacements(state)] == ["sample-chat-mini"]

    def test_what_the_feed_itself_doubts_waits_even_if_nobody_said_anything_yet(self, tmp_path):
        make_entry("anthropic/claude-9")
        path = tmp_path / "map.json"
        path.write_text(
            json.dumps({"claude-9": {"litellm_provider": "anthropic", "deprecation_date": "2024-06-30"}})
        )
        assert sync(str(path), "litellm").proposed == 1
        assert ProposedChange.objects.get().new == {"on": "2024-06-30", "precision": "not_before"}
        assert sunset("claude-9", platform="anthropic") == (None, "")

    def test_a_scraper_applies_nothing(self):
        make_entry("openai/sample-chat-2024-05-13")
        result = sync(str(GOLDEN / "deprecations-info.json"), "deprecations-info")
        assert result.applied == 0
        assert result.proposed > 0
        assert not Revision.objects.filter(origin__startswith="feed:").exists()

    def test_entries_that_come_together_may_replace_each_other(self):
        make_entry("openai/other")
        result = sync(str(GOLDEN / "yaml.yaml"), "yaml")
        assert (result.applied, result.proposed) == (2, 0)
        state = snapshot.load(TODAY).get("openai", "sample-chat-2024-05-13")
        assert [one.id for one in snapshot.load(TODAY).replacements(state)] == ["sample-chat-mini"]

    def test_one_bad_record_holds_back_no_other(self, tmp_path):
        make_entry("openai/chat-1", announced="2023-07-06")
        result = sync(saved(tmp_path, chat_1="2023-01-01", chat_2="2024-06-30"))
        assert (result.applied, result.proposed) == (1, 1)
        waiting = ProposedChange.objects.get(state="pending")
        assert waiting.name == "chat-1"
        assert "before its announcement" in str(waiting.review_reason)


# What waits ---------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestWaiting:
    def test_a_moved_date_waits_with_both_values(self, tmp_path):
        make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        assert sync(saved(tmp_path, chat_1="2024-06-30")).proposed == 1
        found = ProposedChange.objects.get()
        assert (found.change, found.field) == ("moved", "sunset")
        assert found.old == {"on": "2024-01-04", "precision": "day"}
        assert found.new == {"on": "2024-06-30", "precision": "day"}
        assert "shutdown_date 2024-06-30" in found.evidence
        assert sunset("chat-1") == (date(2024, 1, 4), "day")

    def test_a_date_that_is_gone_waits(self, tmp_path):
        make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        make_entry("openai/chat-2", announced="2023-07-06", sunset="2023-09-04")
        make_entry("openai/chat-3", known="2023-07-06", sunset="2024-09-04", precision="not_before")
        sync(saved(tmp_path, chat_1=None, chat_2=None, chat_3=None))
        assert list(ProposedChange.objects.values_list("name", "change")) == [("chat-1", "withdrawn")]

    def test_what_a_person_took_back_waits(self, tmp_path):
        entry = make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        make_revision(entry, "2023-11-01", withdraw=True)
        assert sync(saved(tmp_path, chat_1="2024-01-04")).proposed == 1

    def test_an_alias_is_not_what_it_stands_for(self, tmp_path):
        entry = make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        Alias.objects.create(entry=entry, name="chat-latest")
        result = sync(saved(tmp_path, chat_latest="2025-01-01", chat_1="2024-01-04"))
        assert result.skipped == {"alias of another model": 1}
        assert result.unchanged == 1

    def test_a_name_without_version_is_none_of_the_versions(self):
        make_entry("azure-openai/sample-chat-2024-05-13")
        result = sync(str(GOLDEN / "deprecations-info.json"), "deprecations-info")
        assert result.skipped["no version"] == 1
        assert not ProposedChange.objects.filter(platform__slug="azure-openai").exists()

    def test_what_the_catalog_read_later_is_not_contradicted(self):
        entry = make_entry("openai/sample-chat-2024-05-13")
        revision = make_revision(entry, "2023-12-05", announced="2023-11-06", sunset="2024-09-30")
        result = sync(str(GOLDEN / "deprecations-info.json"), "deprecations-info")
        assert result.outdated == 1
        revision.source_day = date(2023, 11, 1)
        revision.save()
        assert sync(str(GOLDEN / "deprecations-info.json"), "deprecations-info").proposed == 1


# Again --------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestAgain:
    @pytest.mark.parametrize(
        ("feed", "sample"),
        [
            ("openai", "openai.json"), ("bedrock", "bedrock.json"), ("azure", "azure.json"),
            ("azure", "azure-endpoint.json"), ("litellm", "litellm.json"), ("yaml", "yaml.yaml"),
            ("modeldeprecations-dev", "modeldeprecations-dev.json"),
            ("deprecations-info", "deprecations-info.json"), ("deprecations-info", "deprecations-info-feed.json"),
        ],
    )  # fmt: skip
    def test_the_same_copy_changes_nothing(self, feed, sample):
        make_entry("openai/sample-chat-2024-05-13", announced="2023-07-06", sunset="2024-01-04")
        for key in (
            "aws-bedrock/acme.sample-v1:0",
            "azure-openai/x",
            "azure-foundry/x",
            "gemini-api/x",
            "mistral/x",
        ):
            make_entry(key)
        first = sync(str(GOLDEN / sample), feed)
        assert first.applied + first.proposed
        before = state_of_the_catalog()
        second = sync(str(GOLDEN / sample), feed, NOW + timedelta(days=1))
        assert state_of_the_catalog() == before
        assert (second.applied, second.proposed, second.waiting) == (0, 0, first.proposed)
        assert second.unchanged == first.unchanged + first.applied

    def test_what_was_rejected_comes_back_only_with_another_value(self, tmp_path):
        make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        sync(saved(tmp_path, chat_1="2024-06-30"))
        proposals.reject_proposals(proposals.pending_proposals(), now=NOW, by=None, note="no such thing")
        assert sync(saved(tmp_path, chat_1="2024-06-30")).rejected == 1
        assert not proposals.pending_proposals().exists()
        assert sync(saved(tmp_path, chat_1="2024-07-30")).proposed == 1
        assert ProposedChange.objects.filter(state="rejected", note="no such thing").count() == 1

    def test_what_waits_is_superseded_by_another_value_and_by_agreement(self, tmp_path):
        make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        sync(saved(tmp_path, chat_1="2024-06-30"))
        sync(saved(tmp_path, chat_1="2024-07-30"))
        assert [row.new["on"] for row in proposals.pending_proposals()] == ["2024-07-30"]
        assert sync(saved(tmp_path, chat_1="2024-01-04")).unchanged == 1
        assert not proposals.pending_proposals().exists()
        assert ProposedChange.objects.filter(state="superseded").count() == 2


# Deciding -----------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestDeciding:
    @pytest.fixture
    def moved(self, tmp_path) -> ProposedChange:
        make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        sync(saved(tmp_path, chat_1="2024-06-30"))
        return proposals.pending_proposals().get()

    def test_accepting_moves_the_date_from_today_on_and_leaves_the_past_alone(self, moved):
        grace = User.objects.create_user("grace")
        assert [row.pk for row in proposals.accept_proposals([moved], now=NOW, by=grace).done] == [moved.pk]
        assert sunset("chat-1") == (date(2024, 6, 30), "day")
        assert sunset("chat-1", TODAY - timedelta(days=1)) == (date(2024, 1, 4), "day")
        revision = Revision.objects.get(origin="feed:openai")
        assert (revision.by, revision.known_on) == (grace, TODAY)
        moved.refresh_from_db()
        assert (moved.state, moved.decided_by) == ("accepted", grace)
        assert AuditEntry.objects.filter(by=grace, model="catalog.entry").count() == 1

    def test_what_was_decided_stays_decided(self, moved):
        proposals.reject_proposals([moved], now=NOW, by=None)
        assert proposals.accept_proposals([moved], now=NOW, by=None).done == []
        assert sunset("chat-1") == (date(2024, 1, 4), "day")

    def test_accepting_another_value_is_typed_by_a_person(self, moved):
        new = {"on": "2024-05-01", "precision": "month"}
        proposals.accept_edited_proposal(moved, new=new, source_url="https://example.com/post", now=NOW, by=None)
        assert sunset("chat-1") == (date(2024, 5, 1), "month")
        revision = Revision.objects.get(origin="admin")
        assert revision.source_url == "https://example.com/post"

    def test_what_a_person_typed_is_contradicted_once(self, moved, tmp_path):
        new = {"on": "2024-05-01", "precision": "day"}
        proposals.accept_edited_proposal(moved, new=new, source_url="https://example.com/post", now=NOW, by=None)
        assert sync(saved(tmp_path, chat_1="2024-06-30")).proposed == 1
        proposals.reject_proposals(proposals.pending_proposals(), now=NOW, by=None)
        assert sync(saved(tmp_path, chat_1="2024-06-30")).rejected == 1
        assert sunset("chat-1") == (date(2024, 5, 1), "day")

    def test_what_the_catalog_refuses_waits_on_and_says_why(self, moved):
        new = {"on": "2023-01-01", "precision": "day"}
        decision = proposals.accept_edited_proposal(
            moved, new=new, source_url="https://example.com/", now=NOW, by=None
        )
        assert "before its announcement" in str(decision.refused[0][1])
        assert proposals.pending_proposals().count() == 1

    def test_feeds_that_wait_to_say_the_same_are_done_with_it(self, moved):
        twin = ProposedChange.objects.get(pk=moved.pk)
        twin.pk, twin.feed = None, "litellm"
        twin.save()
        proposals.accept_proposals([moved], now=NOW, by=None)
        assert ProposedChange.objects.get(feed="litellm").state == "superseded"

    def test_many_at_once(self, tmp_path):
        names = [f"chat_{n}" for n in range(30)]
        for name in names:
            make_entry(f"openai/{name.replace('_', '-')}", announced="2023-07-06", sunset="2024-01-04")
        sync(saved(tmp_path, **dict.fromkeys(names, "2024-06-30")))
        assert len(proposals.accept_proposals(proposals.pending_proposals(), now=NOW, by=None).done) == 30
        assert sunset("chat-29") == (date(2024, 6, 30), "day")


# Failing ------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestFailing:
    @pytest.fixture
    def good(self, tmp_path) -> str:
        location = saved(tmp_path, **{f"chat_{n}": "2024-06-30" for n in range(9)})
        make_entry("openai/other")
        assert sync(location).applied == 9
        return location

    @pytest.mark.parametrize("content", [b"", b"<html>", b'{"data": [{"id"', b'{"data": []}', b'{"models": []}'])
    def test_changes_nothing_and_says_so_until_the_next_good_copy(self, good, content, tmp_path):
        before = state_of_the_catalog()
        copy = Path(good).read_bytes()
        Path(good).write_bytes(content)
        result = sync(good, now=NOW + timedelta(days=1))
        assert result.problem
        assert state_of_the_catalog() == before
        state = FeedState.objects.get(name="openai")
        assert (str(state.problem), state.good_at, state.entries) == (result.problem, NOW, 9)
        Path(good).write_bytes(copy)
        sync(good, now=NOW + timedelta(days=2))
        assert FeedState.objects.get(name="openai").problem is None

    def test_a_copy_that_lost_more_than_a_third_waits_for_a_word(self, good, tmp_path):
        six = saved(tmp_path, **{f"chat_{n}": "2024-06-30" for n in range(6)})
        assert sync(six).unchanged == 6
        three = saved(tmp_path, **{f"chat_{n}": "2024-09-30" for n in range(3)})
        assert "shrank from 6 to 3 models" in sync(three).problem
        assert not proposals.pending_proposals().exists()
        assert sync(three, anyway=True).proposed == 3

    def test_a_copy_that_lost_its_records_without_a_date_waits_too(self, tmp_path):
        """A model map says nothing of most of its models: half a map may hold nearly all of its dates."""
        make_entry("groq/other")
        dated = {"litellm_provider": "groq", "mode": "chat", "deprecation_date": "2024-06-30"}
        plain = {"litellm_provider": "groq", "mode": "chat"}
        whole = {f"groq/sample-{n}": dated if n < 5 else plain for n in range(12)}
        path = tmp_path / "map.json"
        path.write_text(json.dumps(whole))
        assert sync(str(path), "litellm").applied == 5
        before = state_of_the_catalog()
        cut = dict(list(whole.items())[:6]) | {"groq/sample-0": dated | {"deprecation_date": "2024-09-30"}}
        path.write_text(json.dumps(cut))
        assert "shrank from 12 to 6 records" in sync(str(path), "litellm").problem
        assert not proposals.pending_proposals().exists()
        assert state_of_the_catalog() == before
        path.write_text(json.dumps(whole))
        assert not sync(str(path), "litellm").problem
        path.write_text(json.dumps(cut))
        assert sync(str(path), "litellm", anyway=True).proposed == 1

    def test_a_server_that_fails_or_hangs_changes_nothing(self, good):
        before = state_of_the_catalog()
        with serving() as server:
            server.answer = lambda handler: say(handler, 500)
            assert sync(server.url, "litellm", limits=QUICK).problem.startswith("answers 500")
            server.answer = lambda handler: server.stop.wait(5)
            assert sync(server.url, "litellm", limits=QUICK).problem.startswith("no answer in time")
        assert state_of_the_catalog() == before
        assert FeedState.objects.get(name="litellm").good_at is None

    def test_an_unchanged_copy_is_asked_for_again_only_after_the_catalog_changed(self):
        make_entry("openai/sample-chat-2024-05-13")

        def answer(handler):
            if handler.headers.get("If-None-Match") == '"1"':
                return say(handler, 304)
            return say(handler, 200, (GOLDEN / "litellm.json").read_bytes(), ETag='"1"')

        with serving() as server:
            server.answer = answer
            url = f"{server.url}?key=s3cret"
            assert sync(url, "litellm", limits=QUICK).seen == 15
            assert sync(url, "litellm", limits=QUICK).not_modified
            make_entry("openai/another")
            assert sync(url, "litellm", limits=QUICK).seen == 15
        assert "s3cret" not in FeedState.objects.get(name="litellm").location

    def test_a_feed_whose_key_is_missing_is_not_asked(self):
        assert "SUNDIAL_OPENAI_KEY is not set" in sync("https://api.openai.com/v1/models").problem


# The command --------------------------------------------------------------------------------------


def told(capsys, *words: str, code: int = 0):
    if code:
        with pytest.raises(SystemExit) as caught:
            call_command(*words)
        assert caught.value.code == code
    else:
        call_command(*words)
    return capsys.readouterr().out


@pytest.mark.django_db
class TestCommand:
    def test_tells_numbers_that_add_up(self, capsys, tmp_path):
        make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-01-04")
        location = saved(tmp_path, chat_1="2024-06-30", chat_2="2024-06-30", **{"ft:chat_1:acme": None})
        out = told(capsys, "catalog", "sync", "openai", "--from", location)
        assert out == (
            "openai: 3 records: 0 unchanged, 1 applied, 1 proposed, 1 skipped (fine-tune); "
            "decide at /catalog/review/\n"
        )
        data = json.loads(told(capsys, "catalog", "sync", "openai", "--from", location, "--json"))
        assert (data["seen"], data["unchanged"], data["waiting"]) == (3, 1, 1)

    def test_a_feed_that_fails_exits_with_1(self, capsys, tmp_path):
        path = tmp_path / "page.json"
        path.write_text("<html>")
        out = told(capsys, "catalog", "sync", "litellm", "--from", str(path), code=1)
        assert out == "litellm: the answer is a web page, not JSON; nothing was changed\n"

    def test_without_a_name_the_feeds_of_the_settings_are_read(self, capsys, settings, tmp_path):
        settings.SUNDIAL_FEEDS = [f"openai={saved(tmp_path, chat_1='2024-06-30')}"]
        out = told(capsys, "catalog", "sync")
        assert "shipped: " in out
        assert "openai: 1 records: 0 unchanged, 1 applied" in out


@pytest.mark.parametrize("word", ["nope", "yaml", "bedrock=relative.json", "litellm=gopher://x"])
def test_a_word_of_the_settings_that_makes_no_sense_is_named(word, settings):
    settings.SUNDIAL_FEEDS = [word]
    with pytest.raises(feeds_sync.FeedError, match=word.split("=", 1)[0]):
        feeds_sync.configured_feeds()


# How old ------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestAge:
    @pytest.fixture(autouse=True)
    def _unpinned(self, settings):
        settings.SUNDIAL_TODAY = None
        settings.SUNDIAL_CATALOG_MAX_AGE = 45

    def read_on(self, day: str) -> None:
        revision = make_revision(make_entry("openai/chat-1"), "2023-01-01", sunset="2024-01-04")
        Revision.objects.filter(pk=revision.pk).update(source_day=day)

    def test_a_catalog_whose_sources_were_read_long_ago_is_old(self):
        self.read_on("2023-10-01")
        assert freshness.last_verified_on(TODAY) == date(2023, 10, 1)
        assert freshness.stale_days(NOW) == 68

    def test_a_good_feed_or_an_edit_by_a_person_makes_it_young(self):
        self.read_on("2023-10-01")
        FeedState.objects.create(name="litellm", good_at=datetime(2023, 12, 1, tzinfo=UTC))
        assert freshness.stale_days(NOW) is None

    def test_a_pinned_today_and_0_never_say_so(self, settings):
        self.read_on("2023-01-01")
        settings.SUNDIAL_CATALOG_MAX_AGE = 0
        assert freshness.stale_days(NOW) is None
        settings.SUNDIAL_CATALOG_MAX_AGE, settings.SUNDIAL_TODAY = 45, TODAY
        assert freshness.stale_days(NOW) is None


# Comparing ----------------------------------------------------------------------------------------

STEP = st.builds(
    MilestoneDoc,
    kind=st.just("sunset"),
    on=st.none() | st.dates(date(2023, 11, 1), date(2024, 3, 1)),
    precision=st.sampled_from([*Precision.values]),
)


def compared(old: MilestoneDoc | None, new: MilestoneDoc) -> list[diff.FieldDifference]:
    history = (RevisionDoc(date(2023, 7, 6), "https://example.com/", milestones=(old,)),) if old else ()
    document = Document({"p": PlatformDoc("p")}, {}, [EntryDoc("p", "m", history=history)])
    known = CatalogIndex(document, TODAY)
    return list(diff.find_differences(FeedItem("p", "m", (new,)), ("p", "m"), known))


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (None, ("2024-01-04", "day"), "first"),
        (("2024-01-04", "day"), ("2024-01-04", "day"), ""),
        (("2024-01-04", "day"), ("2024-01-05", "day"), "moved"),
        (("2024-01-04", "not_before"), ("2024-01-04", "day"), "sharpened"),
        (("2024-01-04", "day"), ("2024-01-04", "not_before"), ""),
        (("2024-01-04", "day"), ("2023-12-20", "not_before"), ""),
        (("2024-01-04", "day"), ("2024-02-01", "not_before"), "moved"),
        (("2024-01-04", "not_before"), ("2024-02-01", "not_before"), "moved"),
        (("2024-01-04", "not_before"), ("2024-01-04", ""), ""),
        (("2024-01-04", "day"), ("2024-01-05", ""), "moved"),
        (("2024-01-01", "month"), ("2024-01-31", "day"), "sharpened"),
        (("2024-01-31", "day"), ("2024-01-01", "month"), ""),
        (("2024-01-04", "day"), ("2024-01-04", "tentative"), ""),
        (("2024-01-04", "tentative"), ("2024-01-04", "day"), "sharpened"),
        (("2024-01-04", "day"), (None, "day"), "withdrawn"),
        (("2024-01-04", "not_before"), (None, "day"), ""),
        (("2023-12-01", "day"), (None, "day"), ""),
        ((None, "day"), ("2024-01-04", "day"), "moved"),
        ((None, "day"), (None, "day"), ""),
    ],
)
def test_two_words_on_one_step(old, new, change):
    def step(value):
        return MilestoneDoc("sunset", date.fromisoformat(value[0]) if value[0] else None, value[1])

    found = compared(step(old) if old else None, step(new))
    assert [one.change for one in found] == ([change] if change else [])


@given(old=st.none() | STEP, new=STEP)
def test_a_floor_never_replaces_a_firm_day_by_itself_and_taking_a_word_over_ends_the_difference(old, new):
    for one in compared(old, new):
        assert one.change != "first" or old is None
        taken = MilestoneDoc(
            "sunset", date.fromisoformat(one.new["on"]) if one.new["on"] else None, one.new["precision"]
        )
        assert compared(taken, new) == []


def test_every_feed_has_its_place_and_none_is_read_unasked(settings):
    assert settings.SUNDIAL_FEEDS == []
    assert feeds_sync.configured_feeds() == {}
    assert all(feed.url.startswith("https://") or feed.url in {"", "aws:"} for feed in FEEDS.values())
