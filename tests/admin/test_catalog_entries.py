"""Editing the catalog in the admin, as a product person does, through Django's test client."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from dashboard.catalog.models import Alias, Entry, Revision
from dashboard.catalog.snapshot import load
from dashboard.core.models import AuditEntry
from dashboard.findings import scan
from tests.factories import NOW, make_entry, make_usage

pytestmark = pytest.mark.django_db

SOURCE = "https://example.com/deprecations"
KINDS = ("announced", "legacy", "closed_to_new", "fine_tuning_closed", "price_change", "lockout", "sunset")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)


@pytest.fixture
def editor(client):
    user = User.objects.create_superuser("ada", "ada@example.com", "pw")
    client.force_login(user)
    return client


def page(client, entry):
    return client.get(reverse("admin:catalog_entry_change", args=[entry.pk]))


def filled(client, entry=None, **changes):
    """What the form would post back unchanged, with some fields changed."""
    url = reverse("admin:catalog_entry_change", args=[entry.pk]) if entry else reverse("admin:catalog_entry_add")
    form = client.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: "" if value is None or value is False else str(value) for name, value in data.items()}
    if not form.initial.get("accept_warnings"):
        data.pop("accept_warnings")
    aliases = list(entry.aliases.all()) if entry else []
    for i, alias in enumerate(aliases):
        data |= {f"aliases-{i}-id": alias.pk, f"aliases-{i}-entry": entry.pk, f"aliases-{i}-name": alias.name}
    total = changes.pop("new_aliases", [])
    for i, name in enumerate(total, len(aliases)):
        data |= {f"aliases-{i}-name": name, f"aliases-{i}-entry": entry.pk if entry else ""}
    data |= {"aliases-TOTAL_FORMS": len(aliases) + len(total), "aliases-INITIAL_FORMS": len(aliases)}
    data |= {"revisions-TOTAL_FORMS": 0, "revisions-INITIAL_FORMS": 0}
    return url, {**data, **changes}


def save(client, entry=None, **changes):
    url, data = filled(client, entry, **changes)
    return client.post(url, data)


def errors(response):
    assert response.status_code == 200
    form = response.context["adminform"].form
    return {name: list(messages) for name, messages in form.errors.items()}


@pytest.fixture
def davinci(db):
    return make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04", on_sunset="redirects")


def test_saving_without_a_change_appends_nothing(editor, davinci):
    assert save(editor, davinci).status_code == 302
    assert davinci.revisions.count() == 1
    assert not AuditEntry.objects.exists()


def test_a_changed_date_becomes_one_revision_that_says_only_what_changed(editor, davinci):
    response = save(editor, davinci, sunset_on="2024-06-14", source_url=SOURCE, revision_note="Moved")
    assert response.status_code == 302
    old, new = davinci.revisions.order_by("id")
    assert old.milestones.get(kind="sunset").on == date(2024, 1, 4)
    assert [(step.kind, step.on) for step in new.milestones.all()] == [("sunset", date(2024, 6, 14))]
    assert (new.origin, new.by.username, new.known_on, new.note) == ("admin", "ada", date(2023, 12, 8), "Moved")
    assert not new.sets_replacements
    assert new.on_sunset == ""
    assert load(date(2023, 12, 7)).get("openai", "davinci").sunset_on == date(2024, 1, 4)
    assert load(date(2023, 12, 8)).get("openai", "davinci").sunset_on == date(2024, 6, 14)


def test_the_audit_log_tells_who_changed_what_from_what_to_what(editor, davinci):
    save(editor, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    change = AuditEntry.objects.get()
    assert change.by.username == "ada"
    [(old, new)] = [(old, new) for name, old, new in change.changes if name == "sunset"]
    assert (old["on"], new["on"]) == ("2024-01-04", "2024-06-14")
    history = editor.get(reverse("admin:catalog_entry_history", args=[davinci.pk])).content.decode()
    assert "2024-01-04" in history
    assert "2024-06-14" in history
    assert "ada" in history


def test_a_changed_date_needs_its_source(editor, davinci):
    assert "source_url" in errors(save(editor, davinci, sunset_on="2024-06-14"))
    assert davinci.revisions.count() == 1


@pytest.mark.parametrize(
    ("field", "value"), [("sunset_on", "0024-01-04"), ("regions", "sunset us-east-1 0024-01-04")]
)
def test_a_year_that_the_catalog_does_not_accept_is_refused_at_its_field(editor, davinci, field, value):
    found = errors(save(editor, davinci, source_url=SOURCE, **{field: value}))
    assert found == {field: ["Enter a year from 2000 to 2199"]}
    assert davinci.revisions.count() == 1


def test_a_sunset_before_its_announcement_is_refused_at_the_sunset(editor, davinci):
    found = errors(save(editor, davinci, sunset_on="2023-01-04", source_url=SOURCE))
    assert list(found) == ["sunset_on"]
    assert "before its announcement on 2023-07-06" in found["sunset_on"][0]


def test_a_replacement_that_is_itself_retired_by_then_is_refused_unless_meant(editor, davinci):
    make_entry("openai/curie", announced="2023-07-06", sunset="2024-01-04")
    found = errors(save(editor, davinci, replacements="curie", source_url=SOURCE))
    assert "curie is itself retired on 2024-01-04" in found["replacements"][0]
    assert save(editor, davinci, replacements="curie", source_url=SOURCE, accept_warnings="on").status_code == 302
    assert load(date(2023, 12, 8)).get("openai", "davinci").replacements


def test_an_unknown_replacement_is_refused_with_close_names(editor, davinci):
    make_entry("openai/davinci-002")
    found = errors(save(editor, davinci, replacements="davinci-02", source_url=SOURCE))
    assert "davinci-002" in found["replacements"][0]


def test_a_circle_of_replacements_is_refused(editor, davinci):
    successor = make_entry("openai/davinci-002")
    assert save(editor, davinci, replacements="davinci-002", source_url=SOURCE).status_code == 302
    found = errors(save(editor, successor, replacements="davinci", source_url=SOURCE))
    assert "davinci-002 → davinci → davinci-002" in found["replacements"][0]
    found = errors(save(editor, successor, replacements="davinci-002", source_url=SOURCE))
    assert "cannot replace itself" in found["replacements"][0]


def test_replacements_keep_their_order(editor, davinci):
    make_entry("openai/davinci-002")
    make_entry("openai/gpt-4")
    assert save(editor, davinci, replacements="gpt-4\ndavinci-002", source_url=SOURCE).status_code == 302
    known = load(date(2023, 12, 8))
    assert [e.id for e in known.replacements(known.get("openai", "davinci"))] == ["gpt-4", "davinci-002"]


def test_a_date_taken_away_is_withdrawn_from_that_day_on(editor, davinci):
    assert save(editor, davinci, sunset_on="", announced_on="", source_url=SOURCE).status_code == 302
    assert load(date(2023, 12, 7)).get("openai", "davinci").stage == "deprecated"
    assert load(date(2023, 12, 8)).get("openai", "davinci").stage == "active"


def test_dates_by_region_are_lines_of_text(editor, davinci):
    assert save(editor, davinci, regions="sunset us-east-1 2024-03-01 month", source_url=SOURCE).status_code == 302
    step = davinci.revisions.latest("id").milestones.get()
    assert (step.kind, step.region, step.on, step.precision) == ("sunset", "us-east-1", date(2024, 3, 1), "month")
    assert save(editor, davinci, regions="", source_url=SOURCE).status_code == 302
    assert davinci.revisions.latest("id").milestones.get().on is None
    assert "regions" in errors(save(editor, davinci, regions="sunset sometime", source_url=SOURCE))


def test_an_alias_belongs_to_one_entry(editor, davinci):
    other = make_entry("openai/curie")
    assert save(editor, davinci, new_aliases=["davinci:2020-05-03"]).status_code == 302
    assert Alias.objects.get().entry == davinci
    taken = save(editor, other, new_aliases=["davinci:2020-05-03"]).content.decode()
    assert "already belongs to openai/davinci" in taken
    assert "id of an entry" in save(editor, other, new_aliases=["davinci"]).content.decode()
    assert save(editor, other, new_aliases=["twice", "twice"]).status_code == 200
    assert Alias.objects.count() == 1
    [[(field, old, [alias])]] = [entry.changes for entry in AuditEntry.objects.all()]
    assert (field, old, alias["name"]) == ("aliases", None, "davinci:2020-05-03")


def test_two_people_do_not_save_over_each_other(editor, davinci):
    url, data = filled(editor, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    assert save(editor, davinci, sunset_on="2024-03-01", source_url=SOURCE).status_code == 302
    assert "Somebody changed this entry" in errors(editor.post(url, data))["__all__"][0]
    assert davinci.revisions.count() == 2


def test_a_new_entry_may_come_with_its_dates(editor, davinci):
    platform = davinci.platform_id
    response = save(
        editor,
        platform=platform,
        name="ada",
        kind="completion",
        announced_on="2023-07-06",
        sunset_on="2024-01-04",
        replacements="davinci",
        source_url=SOURCE,
        accept_warnings="on",
        known_on="2023-07-06",
    )
    assert response.status_code == 302
    ada = load(date(2023, 12, 8)).get("openai", "ada")
    assert (ada.stage, ada.days_left) == ("deprecated", 27)
    assert errors(save(editor, platform=platform, name="ada"))


def test_an_entry_that_is_called_cannot_be_deleted(editor, davinci):
    make_usage("shop", davinci, "2023-12-01", 5)
    scan.run(NOW, date(2023, 12, 8))
    url = reverse("admin:catalog_entry_delete", args=[davinci.pk])
    assert "Calls of applications to openai/davinci" in editor.get(url).content.decode()
    editor.post(url, {"post": "yes"})
    assert Entry.objects.filter(pk=davinci.pk).exists()


def test_an_entry_that_nobody_calls_can_be_deleted_and_the_log_keeps_it(editor, davinci):
    url = reverse("admin:catalog_entry_delete", args=[davinci.pk])
    assert editor.post(url, {"post": "yes"}).status_code == 302
    assert not Entry.objects.exists()
    assert AuditEntry.objects.get().before["sunset"]["on"] == "2024-01-04"
    assert not load(date(2023, 12, 8)).entries


def test_the_list_shows_and_filters_by_stage_without_a_query_per_row(editor, django_assert_max_num_queries):
    for number in range(30):
        make_entry(f"openai/m{number}", announced="2023-07-06", sunset="2024-01-04")
    make_entry("openai/steady")
    url = reverse("admin:catalog_entry_changelist")
    editor.get(url)
    with django_assert_max_num_queries(14):
        content = editor.get(url).content.decode()
    assert "27" in content
    assert "steady" not in editor.get(url, {"stage": "deprecated"}).content.decode().split("changelist-filter")[0]
    rows = editor.get(url, {"stage": "active"}).context["cl"].result_list
    assert [row.name for row in rows] == ["steady"]
    assert editor.get(url, {"within": "30"}).context["cl"].result_count == 30
    assert editor.get(url, {"q": "stead"}).context["cl"].result_count == 1


def test_the_page_shows_the_whole_history_read_only(editor, davinci):
    save(editor, davinci, sunset_on="2024-06-14", source_url=SOURCE)
    content = page(editor, davinci).content.decode()
    assert "Sunset 2024-01-04" in content
    assert "Sunset 2024-06-14" in content
    assert Revision.objects.count() == 2
    assert "<script>" not in content
    assert "style=" not in content
