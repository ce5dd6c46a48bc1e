"""Adding, testing and changing sources, and their buttons: who may, what is refused, and what is never shown."""

import json
import re
from datetime import date, timedelta
from unittest import mock

import pytest
from celery import current_app
from django.core.exceptions import ValidationError
from hypothesis import assume, given
from hypothesis import strategies as st
from kombu.exceptions import OperationalError

from dashboard.core import clock, heartbeat
from dashboard.core.models import AuditEntry
from dashboard.findings import scan
from dashboard.findings.models import Finding
from dashboard.usage.models import DailyRollup, Source, Stream
from dashboard.usage.polling import poll, polled_sources
from dashboard.web.sources import submit
from dashboard.web.sources.fields import ExtraSettingsField, PairsField, SecretNameField, looks_like_key
from dashboard.web.sources.forms_by_kind import form_for
from tests.factories import NOW, make_entry, make_source, make_usage
from tests.web.pages import words

pytestmark = pytest.mark.django_db

KEYS = (
    "sk-proj-abcdefgh12345678", "AKIAIOSFODNN7EXAMPLE", "gsk_abc", "env:sk-ant-api03-xyz", "AIzaSyA-1234567890",
    "postgresql://reader:hunter2@db.example/litellm", "3f8a9c1be27d40f5a6b1c9d8e7f60512",
)  # fmt: skip


def line(app: str = "shop", model: str = "gpt-4", number: int = 1) -> str:
    told = {"ts": "2023-12-08T09:00:00Z", "application": app, "model": model, "platform": "openai"}
    return json.dumps(told | {"id": f"call-{app}-{number}"}) + "\n"


def watch(**changes) -> dict[str, str]:
    return {"name": "Gateway", "slug": "", "paths": "", "format": "auto", "platform": "", "deployments": "",
            "poll_seconds": "30", "columns": "", "extra": "", **changes}  # fmt: skip


def database(**changes) -> dict[str, str]:
    return {"name": "Spend", "slug": "", "url": "env:LITELLM_DB", "preset": "litellm-spendlogs", "table": "",
            "columns": "", "since": "", "bucket": "", "time_unit": "", "window_hours": "", "platform": "",
            "deployments": "", "poll_seconds": "60", "extra": "", **changes}  # fmt: skip


def api(**changes) -> dict[str, str]:
    return {"name": "OpenAI", "slug": "", "provider": "openai", "key": "env:OPENAI_ADMIN_KEY",
            "since": "", "url": "", "platform": "", "deployments": "", "poll_seconds": "600",
            "extra": "", **changes}  # fmt: skip


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 422
    return dict(response.context["form"].errors)


# Who may ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sources/add/", "/sources/gateway/edit/"])
def test_viewers_neither_see_nor_send_the_forms(viewer, path, tmp_path):
    make_source("gateway", paths=str(tmp_path))
    assert viewer.get(path).status_code == 403
    assert viewer.post(path, watch(paths=str(tmp_path), save="1")).status_code == 403
    assert viewer.post(path, watch(paths=str(tmp_path), test="1")).status_code == 403
    assert Source.objects.count() == 1


@pytest.mark.parametrize("verb", ["pause", "resume", "poll", "back-fill"])
def test_viewers_press_no_button_and_see_none(viewer, verb):
    source = make_source("gateway", kind="sql")
    assert viewer.post(f"/sources/gateway/{verb}/", {"since": "2023-11-01"}).status_code == 403
    assert AuditEntry.objects.count() == 0
    assert Source.objects.get() == source
    for path in ("/sources/", "/sources/gateway/"):
        page = viewer.get(path).text
        assert "/edit/" not in page
        assert "/sources/add/" not in page
        assert f"/{verb}/" not in page


def test_a_visitor_is_sent_to_sign_in(client):
    assert client.get("/sources/add/").status_code == 302


@pytest.mark.parametrize("verb", ["pause", "resume", "poll", "back-fill"])
def test_looking_at_a_button_does_not_press_it(editor, verb):
    make_source("gateway")
    assert editor.get(f"/sources/gateway/{verb}/").status_code == 405


def test_there_is_no_form_for_imports_nor_for_kinds_that_do_not_exist(editor):
    make_source("hand", kind="import")
    assert editor.get("/sources/hand/edit/").status_code == 404
    assert editor.post("/sources/hand/poll/").status_code == 404
    assert editor.get("/sources/add/?kind=import").status_code == 404
    assert editor.get("/sources/add/?kind=<b>").status_code == 404
    assert "/sources/hand/edit/" not in editor.get("/sources/hand/").text


# Watched files ------------------------------------------------------------------------------------------------


def test_a_test_shows_the_first_records_and_writes_nothing(editor, tmp_path):
    make_entry("openai/gpt-4", announced="2023-07-06", sunset="2024-06-01")
    (tmp_path / "a.jsonl").write_text(line("shop") + line("search", "my-model") + '{"ts": 1}\n')
    response = editor.post("/sources/add/", watch(name="", paths=str(tmp_path), test="1"))
    assert response.status_code == 200
    text = words(response)
    for told in (
        "It can be read.",
        "Format sundial",
        "2023-12-08 09:00",
        "shop new",
        "search",
        "not in the catalog",
    ):
        assert told in text
    assert "1 rejected" in text
    (_, meant, _), (_, unknown, _) = response.context["tested"].records
    assert (meant.key, unknown) == ("openai/gpt-4", None)
    assert not Source.objects.exists()
    assert not Stream.objects.exists()
    assert f"{tmp_path}</textarea>" in response.text, "what was typed is still there"


def test_the_deployment_map_of_the_form_decides_what_names_mean_in_a_test(editor, tmp_path):
    make_entry("openai/gpt-4")
    (tmp_path / "a.jsonl").write_text(line(model="prod-chat"))
    form = watch(paths=str(tmp_path), deployments="prod-chat = gpt-4", test="1")
    ((_, meant, _),) = editor.post("/sources/add/", form).context["tested"].records
    assert meant.key == "openai/gpt-4"


def test_a_test_that_finds_nothing_says_what_to_do(editor, tmp_path):
    text = words(editor.post("/sources/add/", watch(paths=f"{tmp_path}/*.log", test="1")))
    assert "It cannot be read. No file matches these paths A folder stands for everything" in text


def test_hostile_records_are_shown_as_text(editor, tmp_path):
    (tmp_path / "a.jsonl").write_text(line("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"))
    page = editor.post("/sources/add/", watch(paths=str(tmp_path), test="1")).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_saved_source_reads_what_its_test_showed(editor, tmp_path):
    (tmp_path / "a.jsonl").write_text(line())
    response = editor.post("/sources/add/", watch(paths=f"{tmp_path}\n\n", save="1"), follow=True)
    assert "“Gateway” is added." in words(response)
    source = Source.objects.get()
    assert (source.slug, source.kind, source.paths, source.config) == ("gateway", "watch", str(tmp_path), {})
    poll(source, NOW)
    assert DailyRollup.objects.get().calls == 1
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["paths"], entry.by.username) == ("added", str(tmp_path), "editor")


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"paths": "/etc/passwd"}, "paths", "outside"),
        ({"paths": "logs/*.log"}, "paths", "not an absolute path"),
        ({"paths": ""}, "paths", "at least one folder"),
        ({"name": " "}, "name", "required"),
        ({"slug": "add"}, "slug", "taken"),
        ({"slug": "old"}, "slug", "taken"),
        ({"slug": "a/b"}, "slug", "slug"),
        ({"format": "nonsense"}, "format", "valid choice"),
        ({"poll_seconds": "1"}, "poll_seconds", "greater"),
        ({"deployments": "prod-chat"}, "deployments", "Line 1: write name = model"),
        ({"deployments": "a = b\n\na = c"}, "deployments", "Line 3 names “a” again"),
        ({"extra": "[1]"}, "extra", "JSON object"),
        ({"extra": '{"a": 1,\n}'}, "extra", "Line 2: this is not JSON"),
        ({"extra": '{"columns": {}}'}, "extra", "“columns” has a field of its own"),
    ],
)
def test_a_mistake_is_told_at_its_field(editor, tmp_path, changes, field, problem):
    make_source("old")
    response = editor.post("/sources/add/", watch(paths=str(tmp_path), save="1") | changes)
    assert list(errors(response)) == [field]
    assert problem in str(errors(response)[field])
    assert Source.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "slug"), [("Gateway EU", "gateway-eu"), ("Add", "add-2"), ("old", "old-2"), ("网关", "app-")]
)
def test_a_short_name_is_made_from_the_name(editor, tmp_path, name, slug):
    make_source("old")
    editor.post("/sources/add/", watch(name=name, paths=str(tmp_path), save="1"))
    assert Source.objects.get(name=name, paths=str(tmp_path)).slug.startswith(slug)


def test_changing_a_source_loses_nothing_that_the_form_does_not_know(editor, tmp_path):
    odd = {"prod = chat": "gpt-4", "eu": "gpt-4o"}
    config = {"columns": {"When": "ts"}, "future": {"deep": [1, 2]}}
    make_source(
        "gateway", name="Old", paths=str(tmp_path), deployments=odd, config=config, format="not-known-any-more"
    )
    page = editor.get("/sources/gateway/edit/")
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"save": "1", "name": "New"}
    editor.post("/sources/gateway/edit/", data | {"extra": data["extra"].replace("\n", "\r\n")})
    source = Source.objects.get()
    assert source.name == "New"
    assert (source.deployments, source.config, source.format) == (odd, config, "not-known-any-more")
    changes = AuditEntry.objects.get().changes
    assert changes == [("name", "Old", "New")]


def test_a_changed_deployment_map_changes_the_past(editor, tmp_path):
    entry = make_entry("openai/gpt-4", announced="2023-07-06", sunset="2024-06-01")
    source = make_source("gateway", paths=str(tmp_path))
    make_usage("shop", "prod-chat", "2023-12-01", 5, source=source)
    scan.run(NOW, date(2023, 12, 8))
    assert not Finding.objects.exists()
    editor.post("/sources/gateway/edit/", watch(paths=str(tmp_path), deployments="prod-chat = gpt-4", save="1"))
    scan.run(NOW, date(2023, 12, 8))
    assert Finding.objects.get().entry == entry


def test_the_inbox_has_no_paths_to_change(editor):
    make_source("inbox", name="Inbox")
    page = editor.get("/sources/inbox/edit/")
    assert "paths" not in page.context["form"].fields
    editor.post("/sources/inbox/edit/", watch(name="Drop box", save="1"))
    assert Source.objects.get().name == "Drop box"


# What is asked ------------------------------------------------------------------------------------------------


def test_a_database_is_added_without_writing_json(editor):
    columns = "time = created\nmodel = name\napplication = who"
    editor.post(
        "/sources/add/?kind=sql",
        database(preset="", table="calls", columns=columns, since="2023-11-01", window_hours="12", save="1"),
    )
    assert Source.objects.get().config == {
        "url": "env:LITELLM_DB",
        "table": "calls",
        "columns": {"time": "created", "model": "name", "application": "who"},
        "since": "2023-11-01",
        "window_hours": 12,
    }


def test_a_usage_api_is_added_and_changed(editor):
    editor.post("/sources/add/?kind=http", api(key="OPENAI_ADMIN_KEY", endpoints=["completions"], save="1"))
    source = Source.objects.get()
    assert source.config == {"provider": "openai", "key": "env:OPENAI_ADMIN_KEY", "endpoints": ["completions"]}
    editor.post(f"/sources/{source.slug}/edit/", api(provider="anthropic", key="env:ANTHROPIC_KEY", save="1"))
    assert Source.objects.get().config == {"provider": "anthropic", "key": "env:ANTHROPIC_KEY"}


def store(**changes) -> dict[str, str]:
    return {"name": "Bedrock", "slug": "", "bucket": "logs", "prefix": "", "region": "", "endpoint_url": "",
            "access_key": "", "secret_key": "", "since": "", "window_days": "", "columns": "", "format": "auto",
            "platform": "", "deployments": "", "poll_seconds": "300", "extra": "", **changes}  # fmt: skip


def test_an_object_store_is_added_and_read_again_by_its_form(editor):
    form = store(prefix="a/\n b/ \n", region="eu-central-1", access_key="S3_KEY", secret_key="S3_SECRET")
    editor.post("/sources/add/?kind=s3", form | {"save": "1", "extra": '{"addressing": "path"}'})
    source = Source.objects.get()
    config = {
        "bucket": "logs",
        "prefix": ["a/", "b/"],
        "region": "eu-central-1",
        "access_key": "env:S3_KEY",
        "secret_key": "env:S3_SECRET",
        "addressing": "path",
    }
    assert (source.kind, source.config) == ("s3", config)
    shown = editor.get("/sources/bedrock/edit/").context["form"]
    data = {name: shown[name].value() or "" for name in shown.fields} | {"save": "1"}
    assert editor.post("/sources/bedrock/edit/", data).status_code == 302
    assert Source.objects.get().config == config


@pytest.mark.parametrize(
    ("kind", "form", "field"),
    [
        ("s3", store(bucket="s3://logs"), "bucket"),
        ("s3", store(access_key="env:S3_KEY"), "secret_key"),
        ("s3", store(endpoint_url="https://u:hunter2@minio.example"), "endpoint_url"),
        ("s3", store(prefix="a/\na/b/"), "__all__"),
        ("sql", database(preset="", table="", columns="time = a\nmodel = b"), "table"),
        ("sql", database(preset="", table="t", columns="time = a"), "columns"),
        ("sql", database(url=""), "url"),
        ("sql", database(since="2001-01-01"), "since"),
        ("sql", database(url="env:SECRET_KEY"), "url"),
        ("http", api(endpoints=["completions"], provider="anthropic"), "endpoints"),
        ("http", api(url="https://u:hunter2@proxy.example"), "url"),
        ("http", api(url="http://proxy.example"), "__all__"),
    ],
)
def test_a_mistake_in_what_is_asked_is_told_at_its_field(editor, kind, form, field):
    assert list(errors(editor.post(f"/sources/add/?kind={kind}", form | {"save": "1"}))) == [field]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("kind", "field"), [("sql", "url"), ("http", "key")])
def test_what_looks_like_a_secret_is_refused_and_never_shown_again(editor, kind, field, key):
    form = (database if kind == "sql" else api)(**{field: key}, save="1")
    response = editor.post(f"/sources/add/?kind={kind}", form)
    assert "looks like the secret itself" in str(errors(response)[field])
    assert key not in response.text
    assert not Source.objects.exists()


def test_a_secret_among_further_settings_is_refused_and_never_shown_again(editor):
    response = editor.post("/sources/add/?kind=sql", database(extra='{"x": ["sk-live-12345678"]}', save="1"))
    assert "looks like a secret" in str(errors(response)["extra"])
    assert "sk-live" not in response.text


def test_a_secret_that_was_stored_by_other_means_is_not_shown_and_not_lost(editor):
    config = {"url": "env:LITELLM_DB", "preset": "litellm-spendlogs", "token": "sk-live-12345678"}
    make_source("db", kind="sql", config=config)
    page = editor.get("/sources/db/edit/")
    assert "sk-live" not in page.text
    shown = page.context["form"]["extra"].value()
    editor.post("/sources/db/edit/", database(extra=shown, save="1"))
    assert Source.objects.get().config == config


@pytest.mark.parametrize(
    "name", ["OPENAI_ADMIN_KEY", "env:LITELLM_DATABASE_URL_OF_PRODUCTION", "DB1", "K8S_POD_2"]
)
def test_names_of_variables_are_no_secrets(name):
    assert not looks_like_key(name)


def test_a_variable_that_is_not_set_is_told_by_a_test(editor):
    text = words(editor.post("/sources/add/?kind=http", api(key="env:NOT_SET_ANYWHERE", test="1")))
    assert "NOT_SET_ANYWHERE is not set" in text
    assert ".env" in text


# Buttons ------------------------------------------------------------------------------------------------------


def test_pause_and_resume_are_told_and_logged(editor):
    make_source("gateway")
    assert "Paused: nothing is read" in words(editor.post("/sources/gateway/pause/", follow=True))
    assert Source.objects.get().paused
    assert "Resumed" in words(editor.post("/sources/gateway/resume/", follow=True))
    assert not Source.objects.get().paused
    assert [entry.changes for entry in AuditEntry.objects.order_by("pk")] == [
        [("paused", False, True)],
        [("paused", True, False)],
    ]


def test_pausing_what_is_paused_changes_nothing(editor):
    make_source("gateway", paused=True)
    editor.post("/sources/gateway/pause/")
    assert not AuditEntry.objects.exists()


def test_poll_now_asks_a_worker_and_the_page_follows(editor, redis_client):
    make_source("gateway")
    heartbeat.record("worker", clock.wall())
    response = editor.post("/sources/gateway/poll/", follow=True)
    assert "A worker reads it now." in words(response)
    assert "a worker is reading it" in words(response)
    assert redis_client.llen("sundial:ingest") == 1
    assert 'data-refresh="/sources/gateway/status/?asked=' in response.text


def test_poll_now_without_a_worker_says_what_to_do(editor):
    make_source("gateway")
    heartbeat.record("worker", clock.wall() - timedelta(minutes=5))
    text = words(editor.post("/sources/gateway/poll/", follow=True))
    assert "No worker is running" in text
    assert "python manage.py usage poll gateway" in text


def test_poll_now_without_a_broker_says_what_to_do(editor):
    make_source("gateway")
    with mock.patch.object(current_app, "send_task", side_effect=OperationalError("no broker")):
        response = editor.post("/sources/gateway/poll/", follow=True)
    assert "python manage.py usage poll gateway" in words(response)


def test_a_back_fill_moves_the_first_day_and_polls(editor, redis_client):
    make_source("db", kind="sql", config={"url": "env:DB", "preset": "litellm-spendlogs"})
    heartbeat.record("worker", clock.wall())
    response = editor.post("/sources/db/back-fill/", {"since": "2023-11-01"}, follow=True)
    assert "read from that day on" in words(response)
    assert Source.objects.get().config["since"] == "2023-11-01"
    assert redis_client.llen("sundial:remote") == 1
    assert 'value="2023-11-01"' in response.text


@pytest.mark.parametrize("since", ["2014-01-01", "2023-12-09", "", "soon"])
def test_a_back_fill_from_a_day_that_makes_no_sense_is_refused(editor, since):
    make_source("db", kind="sql", config={"url": "env:DB", "preset": "litellm-spendlogs"})
    assert "Choose" in words(editor.post("/sources/db/back-fill/", {"since": since}, follow=True))
    assert "since" not in Source.objects.get().config


def test_files_are_not_back_filled(editor):
    make_source("gateway")
    assert "Read history from" not in words(editor.get("/sources/gateway/"))
    assert "read as a whole" in words(
        editor.post("/sources/gateway/back-fill/", {"since": "2023-11-01"}, follow=True)
    )


# Fields -------------------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


def test_of_two_people_who_take_one_short_name_the_second_is_told(tmp_path):
    form = form_for(Source(kind="watch"), watch(paths=str(tmp_path)))
    assert form.is_valid()
    make_source("gateway")
    assert submit.save_form(form, by=None, now=NOW) is None
    assert "taken" in str(form.errors["slug"])


@given(st.dictionaries(names, names.filter(lambda name: "=" not in name), max_size=5))
def test_a_map_is_the_same_after_it_was_shown_as_lines(pairs):
    field = PairsField("x", "y")
    assert field.clean(field.prepare_value(pairs)) == pairs


@given(st.text(max_size=200))
def test_any_text_is_a_map_or_a_mistake(text):
    try:
        found = PairsField("x", "y").clean(text)
    except ValidationError:
        return
    assert all(left and right for left, right in found.items())


@given(st.text(max_size=60))
def test_only_the_name_of_a_variable_is_ever_shown_of_a_secret(text):
    shown = SecretNameField("x", "y", example="").widget.format_value(text)
    assert shown == "" or re.fullmatch(r"(env:)?[A-Za-z_][A-Za-z0-9_]*", shown)


@given(st.recursive(st.none() | st.integers() | names, lambda inner: st.dictionaries(names, inner, max_size=3)))
def test_further_settings_are_the_same_after_they_were_shown(value):
    field = ExtraSettingsField("x", "y")
    told = {"setting": value}
    assume("…" not in field.prepare_value(told))
    assert field.clean(field.prepare_value(told)) == told
    assert not field.has_changed(told, field.prepare_value(told))


# Push ---------------------------------------------------------------------------------------------------------


def pushed(**changes) -> dict[str, str]:
    return {"name": "Edge", "slug": "", "format": "auto", "platform": "", "deployments": "", "columns": "",
            "extra": "", "save": "1", **changes}  # fmt: skip


def test_a_push_source_is_added_without_a_test_and_its_page_says_how_to_push(editor):
    page = editor.get("/sources/add/?kind=push")
    assert "Test this source" not in words(page)
    assert "Seconds between polls" not in words(page)
    sent = pushed(deployments="prod = gpt-4", format="sundial", platform="")
    response = editor.post("/sources/add/?kind=push", sent, follow=True)
    source = Source.objects.get()
    assert (source.kind, source.slug, source.format, source.deployments) == (
        "push", "edge", "sundial", {"prod": "gpt-4"},
    )  # fmt: skip
    assert response.redirect_chain == [("/sources/edge/", 302)]
    text = words(response)
    assert "token create edge --role ingest" in text
    assert "http://localhost:8000/api/v1/usage/import?source=edge" in text
    assert "http://localhost:8000/v1/traces?source=edge" in text
    assert "Nothing was pushed yet" in text
    assert "Poll now" not in text


def test_a_push_source_is_changed_paused_and_never_polled(editor):
    source = make_source("edge", kind="push")
    assert editor.post("/sources/edge/edit/", pushed(name="Edge of Europe")).status_code == 302
    source.refresh_from_db()
    assert source.name == "Edge of Europe"
    assert editor.post("/sources/edge/poll/").status_code == 404
    assert editor.post("/sources/edge/pause/").status_code == 302
    assert "files are refused" in words(editor.get("/sources/edge/"))
    assert source not in polled_sources()
    assert editor.post("/sources/edge/resume/").status_code == 302
    assert source not in polled_sources()


def test_a_test_that_is_asked_for_by_hand_says_that_there_is_nothing_to_test(editor):
    sent = {**pushed(), "test": "1"}
    del sent["save"]
    assert "cannot be tested" in words(editor.post("/sources/add/?kind=push", sent))


# Two editors -------------------------------------------------------------------------------------------------


def test_a_form_that_shows_an_older_version_is_refused_and_says_who_saved_since(editor, tmp_path):
    make_source("gateway", paths=str(tmp_path))
    form = editor.get("/sources/gateway/edit/")
    older = {"version": form.context["form"]["version"].value(), "save": "1", "paths": str(tmp_path)}
    assert f'value="{older["version"]}"' in form.content.decode()
    ours = watch(deployments="prod = gpt-4", **older)
    assert editor.post("/sources/gateway/edit/", ours).status_code == 302
    refused = editor.post("/sources/gateway/edit/", watch(name="Renamed", **older))
    (message,) = errors(refused)["__all__"]
    assert "Somebody changed this while you were editing it" in message
    assert "editor" in message
    source = Source.objects.get()
    assert (source.name, source.deployments) == ("Gateway", {"prod": "gpt-4"})


def test_pausing_between_opening_and_saving_is_kept(editor, tmp_path):
    make_source("gateway", paths=str(tmp_path))
    version = editor.get("/sources/gateway/edit/").context["form"]["version"].value()
    editor.post("/sources/gateway/pause/")
    form = watch(name="Renamed", paths=str(tmp_path), version=version, save="1")
    assert editor.post("/sources/gateway/edit/", form).status_code == 302
    source = Source.objects.get()
    assert (source.name, source.paused) == ("Renamed", True)
