"""Taking changes back from an object's history: every undo is a change of its own, and nothing is lost."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from dashboard.access.models import ApiToken
from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.changes.audit_fields import alias_value
from dashboard.catalog.documents import AliasDoc, Document, EntryDoc, MilestoneDoc, RevisionDoc
from dashboard.catalog.models import Alias, Entry, Revision, Vendor
from dashboard.catalog.snapshot import load
from dashboard.core.models import AuditEntry
from tests.admin.test_catalog_entries import SOURCE, save
from tests.factories import NOW, make_application, make_entry, make_revision
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = TODAY


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("ada", "ada@example.com", "pw"))
    return client


@pytest.fixture
def davinci(db):
    gpt = make_entry("openai/gpt-4")
    return make_entry(
        "openai/davinci",
        announced="2023-07-06",
        sunset="2024-01-04",
        on_sunset="redirects",
        replacements=[gpt],
    )


def undo(client, obj, field: str, change: AuditEntry | None = None):
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}"
    change = change or AuditEntry.objects.filter(object_id=obj.pk).latest("pk")
    return client.post(reverse(f"{name}_undo", args=[obj.pk]), {"change": change.pk, "field": field}, follow=True)


def told(response) -> list[str]:
    """What the undo said; what earlier pages said and nobody read stands before it."""
    return [str(message) for message in response.context["messages"]][-1:]


def state():
    return load(TODAY).get("openai", "davinci")


def test_a_moved_date_is_moved_back_by_a_new_revision_with_the_earlier_source(boss, davinci):
    save(boss, davinci, sunset_on="2024-06-14", source_url=SOURCE + "/new")
    assert state().sunset_on == date(2024, 6, 14)
    assert told(undo(boss, davinci, "sunset")) == ["Sunset is as it was before that change"]
    assert state().sunset_on == date(2024, 1, 4)
    revisions = list(davinci.revisions.order_by("id"))
    assert len(revisions) == 3
    assert revisions[2].source_url == SOURCE
    assert (revisions[2].origin, revisions[2].by.username) == ("undo", "ada")
    assert revisions[2].note.startswith("Undoes the change of 2023-12-08")
    latest = AuditEntry.objects.latest("pk")
    [(old, new)] = [(old, new) for name, old, new in latest.changes if name == "sunset"]
    assert (old["on"], new["on"]) == ("2024-06-14", "2024-01-04")


def test_an_undo_can_itself_be_undone(boss, davinci):
    save(boss, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    undo(boss, davinci, "sunset")
    undo(boss, davinci, "sunset")
    assert state().sunset_on == date(2024, 6, 14)
    assert Revision.objects.filter(entry=davinci).count() == 4


@pytest.mark.parametrize(
    ("changes", "field", "read"),
    [
        ({"legacy_on": "2023-11-01"}, "legacy", lambda: state().legacy_on),
        ({"regions": "sunset us-east-1 2024-03-01 month"}, "sunset@us-east-1", lambda: len(state().steps)),
        ({"sunset_precision": "month"}, "sunset", lambda: state().sunset_precision),
        ({"replacements": ""}, "replacements", lambda: state().replacements),
        ({"on_sunset": "fails"}, "on_sunset", lambda: state().on_sunset),
        ({"kind": "completion"}, "kind", lambda: state().kind),
        ({"released_on": "2020-06-11"}, "released_on", lambda: state().released_on),
        ({"note": "Look again"}, "note", lambda: Entry.objects.get(name="davinci").note),
        ({"new_aliases": ["davinci:2020"]}, "aliases", lambda: list(Alias.objects.values_list("name", flat=True))),
    ],
)
def test_each_field_of_an_entry_goes_back(boss, davinci, changes, field, read):
    before = read()
    assert save(boss, davinci, source_url=SOURCE, **changes).status_code == 302
    assert read() != before or "@" in field
    assert "is as it was before that change" in told(undo(boss, davinci, field))[0]
    if "@" in field:
        assert [step.on for step in state().steps if step.region] == [None]
    else:
        assert read() == before


def test_only_the_field_asked_about_goes_back(boss, davinci):
    save(boss, davinci, sunset_on="2024-06-14", kind="completion", source_url=SOURCE)
    plain = AuditEntry.objects.filter(object_id=davinci.pk).order_by("pk").first()
    undo(boss, davinci, "kind", plain)
    assert (state().kind, state().sunset_on) == ("chat", date(2024, 6, 14))


def test_what_was_changed_again_since_is_left_alone(boss, davinci):
    save(boss, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    first = AuditEntry.objects.latest("pk")
    save(boss, davinci, sunset_on="2024-09-13", source_url=SOURCE)
    assert told(undo(boss, davinci, "sunset", first)) == ["sunset was changed again since: undo that change first"]
    assert state().sunset_on == date(2024, 9, 13)


def test_an_undo_that_would_break_a_rule_is_refused(boss, davinci):
    save(boss, davinci, replacements="", source_url=SOURCE)
    gpt = Entry.objects.get(name="gpt-4")
    make_revision(gpt, "2023-12-08", replacements=[davinci])
    assert "circle" in told(undo(boss, davinci, "replacements"))[0]
    assert state().replacements == ()


def test_a_removed_alias_with_days_comes_back_with_them(boss, davinci):
    alias = Alias.objects.create(entry=davinci, name="latest", from_on="2023-01-01", to_on="2023-12-31")
    AuditEntry.objects.create(
        at=NOW,
        origin="admin",
        model="catalog.entry",
        object_id=davinci.pk,
        label="openai/davinci",
        action="changed",
        before={"aliases": [alias_value(AliasDoc("latest", date(2023, 1, 1), date(2023, 12, 31)))]},
        after={},
    )
    alias.delete()
    undo(boss, davinci, "aliases")
    back = Alias.objects.get()
    assert (back.name, back.from_on, back.to_on) == ("latest", date(2023, 1, 1), date(2023, 12, 31))


def test_a_removed_alias_comes_back_with_its_source_and_note(boss, davinci):
    said = AliasDoc("davinci-next", date(2023, 1, 1), None, "https://example.com/a?b=1", 'says "next" (twice)')
    apply_document(Document(entries=[EntryDoc("openai", "davinci", aliases=(said,))]), now=NOW, origin="file")
    undo(boss, davinci, "aliases")
    assert not Alias.objects.exists()
    undo(boss, davinci, "aliases")
    back = Alias.objects.get()
    assert AliasDoc(back.name, back.from_on, back.to_on, back.source_url, back.note) == said


def test_the_history_shows_one_field_and_offers_what_can_be_undone(boss, davinci):
    save(boss, davinci, sunset_on="2024-06-14", source_url=SOURCE + "/new")
    save(boss, davinci, note="Look again")
    url = reverse("admin:catalog_entry_history", args=[davinci.pk])
    page = boss.get(url)
    assert page.text.count("audit-undo") == 2  # the source and the number of revisions follow from the date
    one = boss.get(url, {"field": "sunset"}).text
    assert "2024-06-14" in one
    assert "Look again" not in one


def test_the_history_speaks_the_readers_language(boss, davinci):
    new = make_entry("openai/davinci-002")
    told = MilestoneDoc("sunset", date(2024, 6, 14), region="us-east-1")
    word = RevisionDoc(date(2023, 12, 1), SOURCE, milestones=(told,), replacements=(("openai", new.name),))
    apply_document(Document(entries=[EntryDoc("openai", "davinci", history=(word,))]), now=NOW, origin="file")
    url = reverse("admin:catalog_entry_history", args=[davinci.pk])
    english = boss.get(url).text
    assert "<dt>Sunset (us-east-1)</dt>" in english
    assert "<dt>Known on</dt>" in english
    assert "<ins>davinci-002</ins>" in english
    chinese = boss.get(url, headers={"accept-language": "zh-hans"}).text
    assert "<dt>下线 (us-east-1)</dt>" in chinese
    assert "<dt>获知日期</dt>" in chinese
    assert "<td>已更改</td>" in chinese
    assert "known_on" not in re.sub(r'href="[^"]*"|value="[^"]*"', "", chinese)


def test_an_applications_owner_goes_back_through_its_form(boss):
    shop = make_application("shop", owner="old@example.com", team="Web")
    url = reverse("admin:usage_application_change", args=[shop.pk])
    rules = {"rules-TOTAL_FORMS": 0, "rules-INITIAL_FORMS": 0}
    told_form = {"name": "shop", "slug": "shop", "team": "Web", "owner": "new@example.com", "criticality": 3}
    boss.post(url, told_form | rules)
    shop.refresh_from_db()
    assert shop.owner == "new@example.com"
    undo(boss, shop, "owner")
    shop.refresh_from_db()
    assert (shop.owner, shop.team) == ("old@example.com", "Web")
    assert AuditEntry.objects.filter(object_id=shop.pk, model="usage.application").count() == 2


def test_a_value_that_is_no_longer_allowed_is_not_put_back(boss):
    openai = Vendor.objects.create(slug="openai", name="OpenAI")
    url = reverse("admin:catalog_vendor_change", args=[openai.pk])
    boss.post(url, {"slug": "open-ai", "name": "OpenAI"})
    Vendor.objects.create(slug="openai", name="Another")
    assert "already exists" in told(undo(boss, openai, "slug"))[0]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_undo_needs_the_right_to_change(boss, davinci, role):
    save(boss, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    somebody = signed_in(role)
    User.objects.filter(username=role).update(is_staff=True)
    url = reverse("admin:catalog_entry_history", args=[davinci.pk])
    assert ("audit-undo" in somebody.get(url).text) == (role == "editor")
    undo(somebody, davinci, "sunset")
    assert (state().sunset_on == date(2024, 1, 4)) == (role == "editor")


def test_nonsense_undoes_nothing(boss, davinci):
    save(boss, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    url = reverse("admin:catalog_entry_undo", args=[davinci.pk])
    for data in (
        {},
        {"change": "x", "field": "sunset"},
        {"change": AuditEntry.objects.latest("pk").pk, "field": "pk"},
    ):
        assert boss.post(url, data).status_code == 403
    assert boss.get(url).status_code == 405
    assert state().sunset_on == date(2024, 6, 14)
    assert not ApiToken.objects.exists()
