"""Aliases that feeds tell: they wait for a person, and never move a name that means something."""

import json
from datetime import date
from pathlib import Path

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.feeds import proposals
from dashboard.catalog.feeds import sync as feeds_sync
from dashboard.catalog.models import Alias, ProposedChange
from dashboard.catalog.names.resolve import resolve
from tests.factories import NOW, make_entry
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = TODAY


def sync(tmp_path: Path, **aliases: list) -> feeds_sync.SyncResult:
    """What comes of a copy of modeldeprecations.dev: id with underscores -> its aliases."""
    models = [
        {"provider": "openai", "model": name.replace("_", "-"), "aliases": also, "shutdown_on": "2024-06-30"}
        for name, also in aliases.items()
    ]
    path = tmp_path / "copy.json"
    path.write_text(json.dumps({"models": models}))
    return feeds_sync.sync_feed("modeldeprecations-dev", str(path), now=NOW)


def meaning(name: str) -> tuple[str, str]:
    known = snapshot.load(TODAY)
    match = resolve(name, "openai", "", known.names, on=TODAY)
    return known.names.ids[match.entry][1] if match.entry else "", match.how


def test_an_alias_that_means_nothing_yet_waits_and_means_the_entry_once_accepted(tmp_path):
    make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-06-30")
    result = sync(tmp_path, chat_1=["chat-latest", "chat-stable"])
    assert (result.applied, result.proposed) == (0, 1)
    assert meaning("chat-latest") == ("", "unresolved")
    [row] = proposals.pending_proposals()
    assert (row.field, row.change, row.old) == ("aliases", "first", None)
    assert [alias["name"] for alias in row.new] == ["chat-latest", "chat-stable"]
    assert not proposals.accept_proposals([row], now=NOW, by=None).refused
    assert meaning("chat-latest") == meaning("chat-stable") == ("chat-1", "alias")
    assert {alias.source_url for alias in Alias.objects.all()} == {"https://modeldeprecations.dev/"}


def test_the_same_copy_again_changes_nothing(tmp_path):
    make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-06-30")
    sync(tmp_path, chat_1=["chat-latest"], chat_2=["chat-new"])
    before = list(ProposedChange.objects.values_list("pk", "state")), snapshot.token()
    again = sync(tmp_path, chat_1=["chat-latest"], chat_2=["chat-new"])
    assert (again.applied, again.proposed) == (0, 0)
    assert (list(ProposedChange.objects.values_list("pk", "state")), snapshot.token()) == before
    proposals.accept_proposals(list(proposals.pending_proposals()), now=NOW, by=None)
    assert sync(tmp_path, chat_1=["chat-latest"], chat_2=["chat-new"]).unchanged == 2


def test_an_entry_that_the_feed_adds_brings_its_aliases(tmp_path):
    make_entry("openai/other")
    assert sync(tmp_path, chat_9=["chat-latest"]).applied == 1
    assert meaning("chat-latest") == ("chat-9", "alias")


def test_a_name_that_means_something_is_never_moved(tmp_path):
    make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-06-30")
    other = make_entry("openai/chat-2", announced="2023-07-06", sunset="2024-06-30")
    Alias.objects.create(entry=other, platform=other.platform, name="chat-latest")
    snapshot.bump(NOW)
    result = sync(tmp_path, chat_1=["chat-latest", "chat-2", "chat-1", 7, "x" * 300], chat_2=[])
    assert (result.unchanged, result.proposed) == (2, 0)
    assert meaning("chat-latest") == ("chat-2", "alias")


def test_a_model_without_a_date_still_tells_its_aliases(tmp_path):
    make_entry("openai/chat-1")
    path = tmp_path / "copy.json"
    path.write_text(
        json.dumps({"models": [{"provider": "openai", "model": "chat-1", "aliases": ["chat-latest"]}]})
    )
    assert feeds_sync.sync_feed("modeldeprecations-dev", str(path), now=NOW).proposed == 1


def test_an_editor_takes_some_of_the_aliases(db, tmp_path):
    editor = signed_in("editor")
    make_entry("openai/chat-1", announced="2023-07-06", sunset="2024-06-30")
    sync(tmp_path, chat_1=["chat-latest", "chat-stable"])
    [row] = proposals.pending_proposals()
    assert "<code>chat-stable</code>" in editor.get("/catalog/review/").text
    url = f"/catalog/review/{row.pk}/"
    assert "chat-stable" in editor.get(url).text
    data = {"aliases": ["chat-latest"], "source_url": "https://example.com/names"}
    assert editor.post(url, data).status_code == 302
    assert editor.post(url, data | {"aliases": ["other"]}).status_code == 404
    assert list(Alias.objects.values_list("name", "source_url")) == [("chat-latest", "https://example.com/names")]
