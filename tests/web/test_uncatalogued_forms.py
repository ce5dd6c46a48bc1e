"""From a name that nobody has looked up to what it is, in a form each, without JavaScript."""

from datetime import date

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.models import Alias, Entry, Platform
from dashboard.core.models import AuditEntry
from dashboard.findings import scan, uncatalogued
from dashboard.findings.models import Finding, IgnoredName, Traffic
from dashboard.usage.models import CalledName
from tests.factories import NOW, make_entry, make_source, make_usage
from tests.web.pages import words

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)
PAGE = "/uncatalogued/name/?called=text-davinci-03&platform=openai"


@pytest.fixture
def world():
    davinci = make_entry("openai/text-davinci-003", announced="2023-07-06", sunset="2024-01-04")
    make_usage("shop", davinci, "2023-12-01", 10, days=8)
    make_usage("lab", "text-davinci-03", "2023-09-01", 1)
    make_usage("lab", "text-davinci-03", "2023-12-01", 2, days=8)
    make_usage("shop", "openai/text-davinci-03", "2023-12-01", 5)
    make_usage("lab", "llama-2", "2023-12-04", 1, days=3)
    scan.run(NOW, TODAY)


def do(client, verb: str, name: str = "text-davinci-03", platform: str = "openai", **data):
    return client.post(
        f"/uncatalogued/name/{verb}/", {"called_as": name, "of_platform": platform, **data}, follow=True
    )


def named(response) -> list[str]:
    return [row.called_as for row in response.context["rows"]]


def errors(response) -> dict:
    assert response.status_code == 422
    return next(form.errors for _, form in response.context["forms"] if form.is_bound)


def unknown_calls() -> int:
    return sum(Traffic.objects.filter(entry=None).values_list("calls", flat=True))


def test_the_page_of_a_name_says_what_each_choice_does(editor, world):
    page = editor.get(PAGE)
    text = words(page)
    assert [action.verb for action, _ in page.context["forms"]] == ["alias", "deployment", "entry", "ignore"]
    assert "“text-davinci-03” becomes an alias" in text
    assert "openai/text-davinci-003" in text
    assert "sunset 4 Jan 2024" in text
    assert "Its calls still count as calls to unknown models" in text


def test_one_click_makes_a_close_name_an_alias_and_history_follows_at_once(editor, world):
    response = do(editor, "alias", suggestion="openai/text-davinci-003")
    assert named(response) == ["llama-2"]
    assert "22 past calls now count for openai/text-davinci-003. The name appears in 2 spellings." in words(
        response
    )
    assert unknown_calls() == 3
    found = Finding.objects.get(application__slug="lab")
    assert (found.entry.name, found.first_seen) == ("text-davinci-003", date(2023, 9, 1))
    audit = AuditEntry.objects.get()
    assert (audit.by.username, audit.origin, audit.label) == (
        "editor",
        "uncatalogued",
        "openai/text-davinci-003",
    )
    assert [(name, alias["name"]) for name, _, [alias] in audit.changes] == [("aliases", "text-davinci-03")]


def test_an_entry_may_be_typed_with_or_without_its_platform(editor, world):
    assert do(editor, "alias", target="text-davinci-003").status_code == 200
    assert Alias.objects.get().entry.name == "text-davinci-003"


@pytest.mark.parametrize(
    ("data", "field", "says"),
    [
        ({}, "target", "Enter a catalog entry"),
        ({"target": "openai/text-davinci-004"}, "target", "Similar entries: openai/text-davinci-003"),
        ({"target": "meta/llama"}, "__all__", "its calls are on another platform"),
        ({"target": "text-davinci-003", "source_url": "ht!tp"}, "source_url", "valid URL"),
    ],
)
def test_an_alias_that_cannot_be_is_refused_with_the_reason(editor, world, data, field, says):
    make_entry("meta/llama")
    before = snapshot.version()
    assert says in str(errors(do(editor, "alias", **data))[field])
    assert (Alias.objects.count(), snapshot.version()) == (0, before)
    assert not AuditEntry.objects.exists()


def test_a_name_goes_into_the_map_of_one_source_only(editor, world):
    other = make_source("other")
    make_usage("lab", "text-davinci-03", "2023-12-02", 100, source=other)
    scan.run(NOW, TODAY)
    response = do(editor, "deployment", source=make_source().pk, target="text-davinci-003")
    assert "22 past calls now count for openai/text-davinci-003." in words(response)
    make_source().refresh_from_db()
    assert make_source().deployments == {"text-davinci-03": "text-davinci-003"}
    assert unknown_calls() == 103
    assert AuditEntry.objects.get().after == {"deployments": {"text-davinci-03": "text-davinci-003"}}


def test_a_deployment_of_a_source_without_a_platform_names_the_platform_in_its_map(editor):
    make_entry("azure-openai/gpt-35-turbo-0301", announced="2023-07-06", sunset="2024-06-13")
    make_entry("openai/gpt-35-turbo-0301")
    source = make_source("gateway", platform="")
    make_usage("lab", "prod-gpt35", "2023-12-01", 7, source=source)
    scan.run(NOW, TODAY)
    response = do(
        editor,
        "deployment",
        name="prod-gpt35",
        platform="",
        source=source.pk,
        suggestion="azure-openai/gpt-35-turbo-0301",
    )
    assert response.status_code == 200, response.context["forms"]
    assert Finding.objects.get().entry.platform.slug == "azure-openai"


def test_a_new_entry_takes_the_name_with_its_sunset_and_source(editor, world):
    response = editor.post(
        "/uncatalogued/name/entry/",
        {
            "called_as": "llama-2",
            "of_platform": "openai",
            "platform": "openai",
            "id": "llama-2",
            "kind": "chat",
            "sunset": "2024-03-01",
            "source_url": "https://example.com/llama",
        },
        follow=True,
    )
    assert "3 past calls now count for openai/llama-2." in words(response)
    state = snapshot.load(TODAY).get("openai", "llama-2")
    assert (state.sunset_on, state.source_url) == (date(2024, 3, 1), "https://example.com/llama")
    assert Finding.objects.filter(entry__name="llama-2").exists()


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"sunset": "2024-03-01"}, "source_url", "every date needs a source"),
        ({"sunset": "1024-03-01", "source_url": "https://example.com/"}, "sunset", "Enter a year from"),
        ({"id": "text-davinci-003"}, "id", "make the name an alias"),
        ({"id": "something-else"}, "__all__", "would still not mean openai/something-else"),
        ({"platform": "nowhere"}, "platform", "valid choice"),
        ({"id": "a\x1bb"}, "__all__", ""),
    ],
)
def test_a_new_entry_with_a_mistake_is_not_made(editor, world, change, field, says):
    entries = Entry.objects.count()
    data = {"called_as": "llama-2", "of_platform": "openai", "platform": "openai", "id": "llama-2", "kind": "chat"}
    response = editor.post("/uncatalogued/name/entry/", data | change)
    assert says in str(errors(response)[field])
    assert Entry.objects.count() == entries


def test_an_ignored_name_leaves_the_list_and_still_counts(editor, world):
    response = do(editor, "ignore", name="llama-2", reason="A test of the lab")
    assert named(response) == ["text-davinci-03", "openai/text-davinci-03"]
    share = response.context["share"]
    assert (share.unknown, share.ignored, share.total) == (24, 3, 104)
    assert (share.unknown_share, share.unignored_share) == (24 / 104, 21 / 104)
    ignored = editor.get("/uncatalogued/?show=ignored")
    assert named(ignored) == ["llama-2"]
    assert "A test of the lab" in words(ignored)
    assert unknown_calls() == 25
    assert AuditEntry.objects.get().after["reason"] == "A test of the lab"


def test_ignoring_needs_a_reason(editor, world):
    assert "reason" in errors(do(editor, "ignore", name="llama-2", reason=" "))
    assert not IgnoredName.objects.exists()


def test_an_ignored_name_can_be_put_back(editor, world):
    do(editor, "ignore", name="llama-2", reason="A test of the lab")
    page = editor.get("/uncatalogued/name/?called=llama-2&platform=openai")
    assert [action.verb for action, _ in page.context["forms"]][-1] == "unignore"
    do(editor, "unignore", name="llama-2")
    assert "llama-2" in named(editor.get("/uncatalogued/"))
    assert AuditEntry.objects.filter(action="removed").count() == 1


def test_a_name_is_ignored_from_its_day_on_and_not_before(editor, world):
    do(editor, "ignore", name="llama-2", reason="A test of the lab")
    assert "llama-2" in named(editor.get("/uncatalogued/?as_of=2023-12-07"))
    assert "llama-2" not in named(editor.get("/uncatalogued/?as_of=2023-12-08"))


def test_a_name_ignored_on_one_platform_is_not_on_another(editor, world):
    make_usage("lab", "llama-2", "2023-12-04", 1, platform="groq")
    scan.run(NOW, TODAY)
    do(editor, "ignore", name="llama-2", reason="A test of the lab")
    rows = editor.get("/uncatalogued/").context["rows"]
    assert [(row.called_as, row.platform) for row in rows if row.called_as == "llama-2"] == [("llama-2", "groq")]


def test_a_call_without_a_model_name_can_only_be_ignored(editor):
    make_usage("lab", "", "2023-12-05", 4, platform="openai")
    scan.run(NOW, TODAY)
    page = editor.get("/uncatalogued/name/?called=&platform=openai")
    assert [action.verb for action, _ in page.context["forms"]] == ["ignore"]


@pytest.mark.parametrize("verb", ["alias", "deployment", "entry", "ignore", "unignore"])
def test_a_viewer_sees_a_name_and_changes_nothing(viewer, world, verb):
    page = viewer.get(PAGE)
    assert page.context["forms"] == []
    assert "Only editors can resolve unknown models" in words(page)
    assert do(viewer, verb, suggestion="openai/text-davinci-003", reason="x").status_code == 403
    assert not AuditEntry.objects.exists()


def test_nothing_is_decided_on_another_day_than_today(editor, world):
    page = editor.get(PAGE + "&as_of=2023-12-05")
    assert page.context["forms"] == []
    assert "You are viewing a past day" in words(page)


def test_a_name_that_is_not_unknown_has_no_page(editor, world):
    assert editor.get("/uncatalogued/name/?called=text-davinci-003&platform=openai").status_code == 404
    assert editor.get("/uncatalogued/name/").status_code == 404
    assert editor.get("/uncatalogued/name/alias/").status_code == 405
    assert do(editor, "nonsense").status_code == 404


def test_a_hostile_name_is_text_and_can_be_ignored(editor):
    name = "<img src=x onerror=alert(1)>"
    make_usage("lab", name, "2023-12-05", 4)
    scan.run(NOW, TODAY)
    page = editor.get("/uncatalogued/name/", {"called": name, "platform": "openai"})
    assert "<img" not in page.text
    assert "is ignored" in words(do(editor, "ignore", name=name, reason="An attack"))


def test_with_much_history_the_name_follows_at_once_and_the_worker_does_the_rest(editor, world, monkeypatch):
    monkeypatch.setattr(uncatalogued, "SCAN_ROLLUPS", 1)
    response = do(editor, "alias", suggestion="openai/text-davinci-003")
    assert "Charts and findings are updated within a minute." in words(response)
    assert named(response) == ["llama-2"]
    assert unknown_calls() == 25
    scan.run(NOW, TODAY)
    assert unknown_calls() == 3


def test_a_name_without_a_platform_may_become_an_alias_where_only_one_platform_has_it(editor):
    make_entry("openai/gpt-4")
    Platform.objects.get_or_create(slug="groq", defaults={"name": "Groq"})
    make_usage("lab", "our-gpt", "2023-12-05", 4, source=make_source("plain", platform=""))
    scan.run(NOW, TODAY)
    assert "4 past calls" in words(do(editor, "alias", name="our-gpt", platform="", target="openai/gpt-4"))
    assert CalledName.objects.get(called_as="our-gpt").resolutions.get().entry.name == "gpt-4"


def test_the_list_makes_an_alias_in_one_click_and_takes_it_back(editor, world):
    page = editor.get("/uncatalogued/")
    assert 'name="suggestion" value="openai/text-davinci-003"' in page.text
    done = do(editor, "alias", suggestion="openai/text-davinci-003")
    assert named(done) == ["llama-2"]
    change = done.context["undoable"]
    assert "you can undo the alias of openai/text-davinci-003." in words(done)
    back = editor.post("/uncatalogued/undo/", {"change": change.pk}, follow=True)
    assert "Undone." in words(back)
    assert named(back)[0] == "text-davinci-03"
    assert not Alias.objects.exists()
    assert Traffic.objects.filter(entry=None).exists()


def test_the_list_ignores_with_a_reason_and_takes_it_back(editor, world):
    done = do(editor, "ignore", "llama-2", reason="a test")
    assert "llama-2" not in named(done)
    back = editor.post("/uncatalogued/undo/", {"change": done.context["undoable"].pk}, follow=True)
    assert "llama-2" in named(back)
    assert not IgnoredName.objects.exists()


def test_only_the_last_act_of_the_same_person_can_be_taken_back(editor, viewer, world, admin_client):
    first = do(editor, "ignore", "llama-2", reason="a test").context["undoable"]
    do(editor, "alias", suggestion="openai/text-davinci-003")
    assert "There has been a later change" in words(
        editor.post("/uncatalogued/undo/", {"change": first.pk}, follow=True)
    )
    last = AuditEntry.objects.filter(origin="uncatalogued").first()
    assert "There has been a later change" in words(
        admin_client.post("/uncatalogued/undo/", {"change": last.pk}, follow=True)
    )
    assert (IgnoredName.objects.count(), Alias.objects.count()) == (1, 1)


def test_who_may_only_look_sees_no_act_in_the_list(viewer, world):
    page = viewer.get("/uncatalogued/").text
    assert "uncatalogued/name/alias/" not in page
    assert "uncatalogued/name/ignore/" not in page


def test_on_another_day_the_list_offers_no_act(editor, world):
    assert "uncatalogued/name/alias/" not in editor.get("/uncatalogued/?as_of=2023-12-07").text
