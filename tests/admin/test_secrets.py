"""A secret that was written by mistake is refused, and what was stored earlier is shown to nobody."""

import json
import logging

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from dashboard.access.roles import ensure_roles
from dashboard.core.models import AuditAction, AuditEntry
from dashboard.core.text import mask_secrets, mask_values
from dashboard.log_format import LogFormatter
from dashboard.usage.models import Source
from tests.factories import NOW, make_source

pytestmark = pytest.mark.django_db

PASSWORD = "hunter2pw"
MISTAKES = [
    {"url": f"postgresql://u:{PASSWORD}@h/db", "preset": "litellm-daily"},
    {"url": "env:GATEWAY_DB", "password": PASSWORD, "preset": "litellm-daily"},
    {"url": "env:GATEWAY_DB", "table": f"postgresql://u:{PASSWORD}@h/db", "preset": "litellm-daily"},
    {"url": "env:GATEWAY_DB", "preset": "litellm-daily", "options": [{"api_key": PASSWORD}]},
    {"url": "env:GATEWAY_DB", "preset": "litellm-daily", "note": f"see https://h/?token={PASSWORD}"},
    {"url": "env:GATEWAY_DB", "preset": "litellm-daily", "note": "sk-live-12345678"},
]


def sign_in(client, role: str):
    ensure_roles()
    user = User.objects.create_user(role, password="pw", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


def source_form(config: str) -> dict[str, str]:
    return {
        "name": "Gateway",
        "slug": "gateway",
        "kind": "sql",
        "format": "auto",
        "platform": "",
        "paths": "",
        "config": config,
        "deployments": "{}",
        "poll_seconds": "60",
    }


@pytest.mark.parametrize("config", MISTAKES, ids=str)
def test_the_admin_refuses_a_secret_wherever_it_stands(client, config):
    response = sign_in(client, "editor").post(reverse("admin:usage_source_add"), source_form(json.dumps(config)))
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["config"]
    assert PASSWORD not in response.text
    assert "sk-live-12345678" not in response.text
    assert not Source.objects.exists()


@pytest.mark.parametrize("config", MISTAKES, ids=str)
@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_a_secret_that_was_stored_earlier_is_on_no_page(client, role, config):
    source = make_source("gateway", kind="sql", config=config)
    entry = AuditEntry.objects.create(
        at=NOW, model="usage.source", object_id=str(source.pk), label="x", action=AuditAction.CHANGED,
        before={"config": {}}, after={"config": config}, origin="admin",
    )  # fmt: skip
    sign_in(client, role)
    for url in (
        "/sources/gateway/",
        "/sources/gateway/edit/",
        reverse("admin:usage_source_change", args=[source.pk]),
        reverse("admin:usage_source_history", args=[source.pk]),
        reverse("admin:core_auditentry_change", args=[entry.pk]),
        reverse("admin:core_auditentry_changelist"),
    ):
        response = client.get(url)
        assert response.status_code in ({200, 403} if url.endswith("/edit/") else {200}), url
        assert PASSWORD not in response.text, url
        assert "sk-live-12345678" not in response.text, url


def test_saving_what_is_masked_keeps_what_is_stored_and_the_audit_log_keeps_no_secret(client):
    config = {"url": "env:GATEWAY_DB", "preset": "litellm-daily", "password": PASSWORD}
    source = make_source("gateway", kind="sql", config=config)
    sign_in(client, "editor")
    page = client.get(reverse("admin:usage_source_change", args=[source.pk]))
    shown = page.context["adminform"].form["config"].value()
    response = client.post(
        reverse("admin:usage_source_change", args=[source.pk]), source_form(shown) | {"poll_seconds": "99"}
    )
    assert response.status_code == 302
    source.refresh_from_db()
    assert (source.config, source.poll_seconds) == (config, 99)
    entry = AuditEntry.objects.get()
    assert PASSWORD not in str((entry.before, entry.after))


def test_the_log_has_no_secrets_not_even_in_tracebacks():
    try:
        raise ValueError(f"postgresql://u:{PASSWORD}@h/db refuses sk-live-12345678")  # noqa: TRY301
    except ValueError as error:
        record = logging.LogRecord("x", 40, "x", 1, "password=%s", (PASSWORD,), (type(error), error, None))
    text = LogFormatter().format(record)
    assert PASSWORD not in text
    assert "12345678" not in text


@pytest.mark.parametrize(
    "text",
    ["basic authentication", "https://db.example:5432/x@y", "AWSLogs/123456789012/x", "gpt-4-0613", "disk_usage"],
)  # fmt: skip
def test_plain_text_is_not_masked(text):
    assert mask_secrets(text) == text


def test_names_of_variables_and_columns_are_not_masked():
    config = {
        "key": "env:OPENAI_ADMIN_KEY", "access_key": "LOGS_KEY", "bucket": "sk-logs-2024-europe",
        "columns": {"input_tokens": "tokens_in", "key_alias": "alias"}, "window_hours": 4, "endpoints": ["x"],
    }  # fmt: skip
    assert mask_values(config) == config
