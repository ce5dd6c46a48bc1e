"""The catalog in and out of files through the admin, and many entries changed together."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from dashboard.catalog.files import transfer
from dashboard.catalog.models import Entry, Revision
from dashboard.catalog.snapshot import load
from dashboard.core.models import AuditEntry
from tests.factories import make_entry
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)
SOURCE = "https://example.com/deprecations"
IMPORT = "/admin/catalog/entry/import/"
FILE = """\
platform: {slug: openai, name: OpenAI API}
entries:
  - id: davinci
    kind: completion
    history:
      - known: 2023-07-06
        source: https://example.com/deprecations
        milestones: {announced: 2023-07-06, sunset: 2024-01-04}
"""


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.SUNDIAL_TODAY = TODAY
    settings.VAR = tmp_path


def staff(role: str):
    client = signed_in(role)
    User.objects.filter(username=role).update(is_staff=True)
    return client


@pytest.fixture
def editor(db):
    return staff("editor")


def upload(client, text: str = FILE, name: str = "mine.yaml"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, text.encode())})


def test_a_file_is_shown_before_it_is_stored_and_stored_once_confirmed(editor):
    shown = upload(editor)
    assert "openai/davinci: added" in shown.text
    assert not Entry.objects.exists()
    done = editor.post(IMPORT, {"ticket": shown.context["ticket"]}, follow=True)
    assert "1 entries added, 0 changed; 1 revisions and 0 aliases" in done.text
    assert load(TODAY).get("openai", "davinci").sunset_on == date(2024, 1, 4)
    audit = AuditEntry.objects.get(model="catalog.entry")
    assert (audit.by.username, audit.origin) == ("editor", "admin import")


def test_the_dry_run_tells_each_value_before_and_after(editor):
    make_entry("openai/davinci")
    assert "Kind: Chat → Completion" in upload(editor).text


def test_the_same_file_again_has_nothing_to_change(editor):
    ticket = upload(editor).context["ticket"]
    editor.post(IMPORT, {"ticket": ticket})
    again = upload(editor)
    assert "Nothing to change" in again.text
    assert 'value="Import"' not in again.text
    assert "choose it again" in editor.post(IMPORT, {"ticket": ticket}, follow=True).text


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (FILE.replace("2024-01-04", "soon"), "mine.yaml", "mine.yaml:8"),
        (FILE.replace("2024-01-04", "2023-01-04"), "mine.yaml", "before its announcement"),
        (FILE, "mine.exe", "ends in .yaml, .json or .csv"),
        ("", "mine.yaml", "empty"),
        ("\x00\xff", "mine.json", "mine.json"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_and_nothing_stored(editor, text, name, says):
    response = upload(editor, text, name)
    assert says in response.text
    assert "ticket" not in response.context
    assert not Entry.objects.exists()


def test_a_catalog_that_changed_since_the_dry_run_is_compared_anew(editor):
    ticket = upload(editor).context["ticket"]
    make_entry("openai/davinci")
    again = editor.post(IMPORT, {"ticket": ticket})
    assert "Kind: Chat → Completion" in again.text
    assert Revision.objects.count() == 0
    editor.post(IMPORT, {"ticket": again.context["ticket"]})
    assert Revision.objects.count() == 1


def test_nobody_confirms_what_somebody_else_uploaded(editor):
    ticket = upload(editor).context["ticket"]
    other = User.objects.create_superuser("eve", "eve@example.com", "pw")
    editor.force_login(other)
    assert "choose it again" in editor.post(IMPORT, {"ticket": ticket}, follow=True).text
    assert "choose it again" in editor.post(IMPORT, {"ticket": ticket + "x"}, follow=True).text
    assert not Entry.objects.exists()


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_an_export_is_the_whole_catalog_and_comes_back_without_a_change(editor, form):
    editor.post(IMPORT, {"ticket": upload(editor).context["ticket"]})
    response = editor.get(f"/admin/catalog/entry/export/{form}/")
    assert response["Content-Disposition"] == f'attachment; filename="sundial-catalog-2023-12-08.{form}"'
    assert response.text == transfer.export_text(f".{form}", TODAY)
    assert "Nothing to change" in upload(editor, response.text, f"mine.{form}").text


def test_a_viewer_takes_files_out_but_brings_none_in(editor):
    viewer = staff("viewer")
    assert viewer.get("/admin/catalog/entry/export/yaml/").status_code == 200
    assert viewer.get("/admin/catalog/entry/export/exe/").status_code == 404
    assert viewer.get(IMPORT).status_code == 403
    assert upload(viewer).status_code == 403
    page = viewer.get(reverse("admin:catalog_entry_changelist")).text
    assert "Import a file" not in page
    assert "Export YAML" in page
    assert "Import a file" in editor.get(reverse("admin:catalog_entry_changelist")).text


# Many entries together ---------------------------------------------------------------------------


@pytest.fixture
def three(db):
    return [make_entry(f"openai/m{n}") for n in range(3)]


def act(client, action: str, entries, **data):
    url = reverse("admin:catalog_entry_changelist")
    return client.post(url, {"action": action, "_selected_action": [e.pk for e in entries], **data}, follow=True)


def test_entries_are_marked_unverified_and_verified_together(editor, three):
    assert "2 entries changed" in act(editor, "mark_unverified", three[:2]).text
    assert [load(TODAY).entries[e.pk].unverified for e in three] == [True, True, False]
    act(editor, "mark_verified", three[:1])
    assert [load(TODAY).entries[e.pk].unverified for e in three] == [False, True, False]
    assert AuditEntry.objects.count() == 3


def test_one_announcement_is_added_to_many_entries_after_a_look_at_it(editor, three):
    data = {"milestone": "sunset", "on": "2024-06-14", "precision": "day", "source_url": SOURCE, "vendor": ""}
    assert "as it is" in act(editor, "change_together", three).text
    shown = act(editor, "change_together", three, show="1", **data)
    assert shown.text.count("Sunset: none → 2024-06-14") == 3
    assert not Revision.objects.exists()
    assert "3 entries changed" in act(editor, "change_together", three, confirm="1", **data).text
    assert {load(TODAY).entries[e.pk].sunset_on for e in three} == {date(2024, 6, 14)}
    assert set(Revision.objects.values_list("source_url", "origin", "by__username")) == {
        (SOURCE, "admin", "editor")
    }


def test_kind_and_vendor_are_set_together(editor, three):
    act(editor, "change_together", three, confirm="1", kind="embedding", vendor=three[0].vendor_id)
    assert set(Entry.objects.values_list("kind", flat=True)) == {"embedding"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "Choose at least one change"),
        ({"milestone": "sunset", "on": "2024-06-14"}, "every date needs one"),
        ({"on": "2024-06-14", "source_url": SOURCE}, "Choose the milestone"),
        ({"milestone": "sunset", "on": "0024-06-14", "source_url": SOURCE}, "Enter a year from 2000 to 2199"),
        ({"kind": "chatty"}, "Select a valid choice"),
        ({"kind": "chat", "known_on": "2030-01-01"}, "Choose today or an earlier day"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(editor, three, data, says):
    assert says in act(editor, "change_together", three, confirm="1", **data).text
    assert not AuditEntry.objects.exists()


def test_all_or_nothing(editor, three):
    announced = make_entry("openai/late", announced="2024-06-20", known="2023-07-06")
    response = act(
        editor, "change_together", [*three, announced], confirm="1",
        milestone="sunset", on="2024-06-14", source_url=SOURCE,
    )  # fmt: skip
    assert "before its announcement" in response.text
    assert load(TODAY).entries[three[0].pk].sunset_on is None


def test_a_viewer_changes_nothing_together(three):
    act(staff("viewer"), "mark_unverified", three)
    assert not AuditEntry.objects.exists()
