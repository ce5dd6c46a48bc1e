"""The rest of the admin: sources, applications and their rules, the outbox, roles."""

from datetime import date

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse

from dashboard.access.roles import ensure_roles
from dashboard.alerts.models import Delivery, State
from dashboard.catalog.models import Platform
from dashboard.core.models import AuditEntry
from dashboard.findings import scan
from dashboard.findings.models import Finding
from dashboard.usage.connectors.files.allowed_paths import path_problem
from dashboard.usage.models import Application, ApplicationRule, Identity, Source
from tests.factories import NOW, make_application, make_entry, make_source, make_usage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("ada", "ada@example.com", "pw"))
    return client


def source_form(**changes):
    return {
        "name": "Gateway",
        "slug": "gateway",
        "kind": "watch",
        "format": "auto",
        "platform": "",
        "paths": "",
        "deployments": "{}",
        "poll_seconds": "30",
        **changes,
    }


def test_a_source_reads_only_folders_that_are_allowed(boss, tmp_path, settings):
    url = reverse("admin:usage_source_add")
    refused = boss.post(url, source_form(paths="/etc/passwd\nlogs/*.log"))
    found = refused.context["adminform"].form.errors["paths"]
    assert any("/etc/passwd lies outside" in text and "SUNDIAL_WATCH_ROOTS" in text for text in found)
    assert any("logs/*.log is not an absolute path" in text for text in found)
    assert boss.post(url, source_form(paths=f"{tmp_path}/logs/*.log")).status_code == 302
    assert Source.objects.get().paths == f"{tmp_path}/logs/*.log"
    assert AuditEntry.objects.get().after["paths"] == f"{tmp_path}/logs/*.log"


def test_platforms_are_offered_by_display_name_and_a_stored_one_stays_valid(boss):
    make_entry("openai/davinci")
    platform = Platform.objects.get()
    platform.name = "OpenAI API"
    platform.save()
    source = make_source(platform="left-the-catalog")
    form = boss.get(reverse("admin:usage_source_change", args=[source.pk])).context["adminform"].form
    assert form.fields["platform"].choices == [
        ("", "—"),
        ("openai", "OpenAI API"),
        ("left-the-catalog", "left-the-catalog"),
    ]


def test_a_link_out_of_the_allowed_folders_is_followed_and_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    roots = [tmp_path / "in"]
    assert path_problem(f"{tmp_path}/in/**/*.log", roots) == ""
    assert path_problem(f"{tmp_path}/in", roots) == ""
    assert "outside" in path_problem(f"{tmp_path}/in/link/*.log", roots)
    assert "outside" in path_problem(f"{tmp_path}/in/../out/x.log", roots)
    assert "outside" in path_problem(f"{tmp_path}/inner/x.log", roots)
    assert "outside" in path_problem("/*", roots)


@pytest.mark.parametrize("deployments", ["[]", '{"a": 1}', '{"a": ""}', "nonsense"])
def test_a_deployment_map_names_a_model_per_deployment(boss, tmp_path, deployments):
    url = reverse("admin:usage_source_add")
    answer = boss.post(url, source_form(paths=str(tmp_path), deployments=deployments))
    assert (
        ("deployments" in answer.context["adminform"].form.errors)
        if answer.status_code == 200
        else deployments == "[]"
    )


def test_a_rule_moves_its_callers_to_the_application(boss):
    make_usage("gateway-key-7", make_entry("openai/davinci"), "2023-12-01", 5)
    Identity.objects.update(team="Search")
    shop = make_application("Search shop")
    data = {"position": 1, "field": "team", "pattern": "sea*", "application": shop.pk}
    assert boss.post(reverse("admin:usage_applicationrule_add"), data).status_code == 302
    assert Identity.objects.get().application == shop
    rule = ApplicationRule.objects.get()
    boss.post(reverse("admin:usage_applicationrule_delete", args=[rule.pk]), {"post": "yes"})
    assert Identity.objects.get().application.slug == "gateway-key-7"
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["added", "removed"]


def test_an_owner_is_set_in_the_list(boss):
    shop = make_application("shop")
    url = reverse("admin:usage_application_changelist")
    data = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": shop.pk,
        "form-0-owner": "shop@example.com",
        "form-0-criticality": "1",
        "_save": "Save",
    }
    assert boss.post(url, data).status_code == 302
    assert Application.objects.get().owner == "shop@example.com"


def delivery(state):
    return Delivery.objects.create(
        recipient="a@example.com",
        as_of=date(2023, 12, 8),
        subject="s",
        text="t",
        message_id=f"<{state}@x>",
        state=state,
        attempts=5,
        created_at=NOW,
        next_try_at=NOW,
        error="refused",
    )


def test_only_what_did_not_arrive_for_sure_is_sent_again(boss):
    rows = {state: delivery(state) for state in (State.FAILED, State.UNKNOWN, State.SENT, State.SENDING)}
    url = reverse("admin:alerts_delivery_changelist")
    boss.post(url, {"action": "send_again", "_selected_action": [row.pk for row in rows.values()]})
    for row in rows.values():
        row.refresh_from_db()
    assert rows[State.FAILED].state == rows[State.UNKNOWN].state == State.PENDING
    assert rows[State.FAILED].attempts == 0
    assert (rows[State.SENT].state, rows[State.SENDING].state) == (State.SENT, State.SENDING)


@pytest.mark.parametrize(("role", "may_save"), [("viewer", False), ("editor", True)])
def test_an_editor_changes_the_catalog_and_a_viewer_looks(client, role, may_save):
    ensure_roles()
    user = User.objects.create_user("bob", password="pw", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    entry = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
    answer = client.get(reverse("admin:catalog_entry_change", args=[entry.pk]))
    assert answer.status_code == 200
    assert ("_save" in answer.content.decode()) is may_save
    assert "2024-01-04" in answer.content.decode()
    assert client.get(reverse("admin:usage_source_changelist")).status_code == 200
    assert client.get(reverse("admin:auth_user_changelist")).status_code == 403


def test_every_list_opens(boss):
    make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
    delivery(State.SENT)
    for model in filter(admin.site.is_registered, apps.get_models()):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        answer = boss.get(reverse(name), {"q": "x"} if admin.site.get_model_admin(model).search_fields else {})
        assert answer.status_code == 200
        content = answer.content.decode()
        assert "<style" not in content
        assert "onclick" not in content


def test_a_changed_deployment_map_changes_the_past(boss):
    entry = make_entry("openai/gpt-4", announced="2023-07-06", sunset="2024-06-01")
    source = make_source("gateway", kind="import")
    make_usage("shop", "prod-chat", "2023-12-01", 5, source=source)
    scan.run(NOW, date(2023, 12, 8))
    assert not Finding.objects.exists()
    form = source_form(kind="import", deployments='{"prod-chat": "gpt-4"}', config="{}")
    assert boss.post(reverse("admin:usage_source_change", args=[source.pk]), form).status_code == 302
    scan.run(NOW, date(2023, 12, 8))
    assert Finding.objects.get().entry == entry
