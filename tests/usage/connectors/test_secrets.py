"""Which variables sources may use and where each may go; what a source's address may be."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from dashboard.admin.usage import SourceForm
from dashboard.env import Environment
from dashboard.usage.connectors.secrets import Destination, SecretError, check_destinations, variable_name
from dashboard.usage.connectors.sql.poller import database_hosts
from dashboard.usage.connectors.usage_api import preview as usage_api_preview
from dashboard.usage.models import Source
from dashboard.usage.polling import poll
from dashboard.usage.preview import preview
from tests.catalog.feeds.server import Server, say, serving
from tests.usage.conftest import make_source

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
SECRET = "hunter2-of-the-gateway"
KINDS = ("http", "s3", "sql")


@pytest.fixture
def listener(monkeypatch) -> Iterator[Server]:
    """A server of the editor's choice, on this host."""
    for name in ("GATEWAY_DB", "OTHER_KEY", "OPENAI_ADMIN_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    with serving() as found:
        yield found


def config(kind: str, variable: str, address: str = "https://attacker.example") -> dict:
    match kind:
        case "http":
            return {"provider": "openai", "url": address, "key": f"env:{variable}"}
        case "s3":
            keys = {"access_key": f"env:{variable}", "secret_key": f"env:{variable}"}
            return {"bucket": "bucket", "endpoint_url": address, **keys}
    return {"url": f"env:{variable}", "preset": "litellm-daily"}


def admin_errors(kind: str, values: dict) -> str:
    fields = {"name": "x", "slug": "x", "kind": kind, "format": "auto", "poll_seconds": 600, "deployments": "{}"}
    return str(SourceForm({**fields, "config": json.dumps(values)}).errors)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variable", ["PATH", "HOME", "AWS_SECRETS", "LITELLM_MASTER_KEY"])
def test_a_variable_that_is_not_listed_is_refused_by_form_poll_and_preview(settings, kind, variable):
    settings.SUNDIAL_SOURCE_SECRETS = {"GATEWAY_DB": ("db.internal",)}
    values = config(kind, variable)
    assert f"{variable}: it is not listed in SUNDIAL_SOURCE_SECRETS" in admin_errors(kind, values)
    source = make_source(kind=kind, config=values)
    poll(source, NOW)
    assert "SUNDIAL_SOURCE_SECRETS" in source.problem
    assert "SUNDIAL_SOURCE_SECRETS" in preview(source, NOW).problem


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_listed_variable_goes_to_no_other_host(listener, settings, kind):
    settings.SUNDIAL_SOURCE_SECRETS = {"OTHER_KEY": ("api.openai.com", "127.0.0.1:1")}
    for address in (listener.url.removesuffix("/feed.json"), "https://attacker.example"):
        values = config(kind, "OTHER_KEY", address)
        source = make_source(kind + address[-4:], kind=kind, config=values)
        poll(source, NOW)
        assert "OTHER_KEY may not go to" in source.problem
        assert "OTHER_KEY may not go to" in admin_errors(kind, values)
        assert "OTHER_KEY may not go to" in preview(source, NOW).problem
    assert listener.requests == []


@pytest.mark.django_db
def test_the_credentials_of_the_machine_go_to_amazon_only(listener, settings):
    settings.SUNDIAL_SOURCE_SECRETS = {"AWS_*": ("*.amazonaws.com",)}
    values = {"bucket": "bucket", "endpoint_url": listener.url.removesuffix("/feed.json")}
    source = make_source(kind="s3", config=values)
    poll(source, NOW)
    assert "AWS_SECRET_ACCESS_KEY may not go to 127.0.0.1" in source.problem
    assert "SUNDIAL_SOURCE_SECRETS" in admin_errors("s3", values)
    assert listener.requests == []
    assert admin_errors("s3", {"bucket": "bucket"}) == ""


@pytest.mark.django_db
def test_a_database_is_asked_only_where_its_variable_may_go(settings, monkeypatch):
    settings.SUNDIAL_SOURCE_SECRETS = {"GATEWAY_DB": ("db.internal:5432",)}
    monkeypatch.setenv("GATEWAY_DB", "postgresql://reader:hunter2@127.0.0.1:5432/litellm")
    source = make_source(kind="sql", config=config("sql", "GATEWAY_DB"))
    poll(source, NOW)
    assert source.problem.startswith("GATEWAY_DB may not go to 127.0.0.1:5432")
    assert "hunter2" not in source.problem


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("postgresql://u:p@db.internal/x", ["db.internal:5432"]),
        (
            "postgresql://u@db.internal:6000/x?host=other.internal:7000",
            ["db.internal:6000", "other.internal:7000"],
        ),
        ("postgresql://u@/x?host=a,b", ["a:5432", "b:5432"]),
        ("postgresql://u@db.internal/x?hostaddr=10.0.0.1", ["db.internal:5432", "10.0.0.1:5432"]),
        ("postgresql://u@/x?host=/run/postgresql", ["file"]),
        ("mysql+pymysql://u@db/x", ["db:3306"]),
        ("bigquery://project/data", ["project"]),
        ("sqlite:////srv/x.sqlite3", ["file"]),
    ],
)
def test_every_host_of_a_database_address_counts(address, hosts):
    from sqlalchemy.engine import make_url

    assert [str(found) for found in database_hosts(make_url(address))] == hosts


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.1.2.3", "[::1]"])
@pytest.mark.parametrize("kind", ["http", "s3"])
def test_private_addresses_are_refused_even_where_the_variable_may_go(settings, kind, host):
    settings.SUNDIAL_ALLOWED_PRIVATE_HOSTS = []
    settings.SUNDIAL_SOURCE_SECRETS = {"OTHER_KEY": (host.strip("[]"),)}
    values = config(kind, "OTHER_KEY", f"https://{host}:8443")
    assert "SUNDIAL_ALLOWED_PRIVATE_HOSTS" in admin_errors(kind, values)
    assert "SUNDIAL_ALLOWED_PRIVATE_HOSTS" in preview(make_source(kind=kind, config=values), NOW).problem


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_name_of_a_private_address_is_refused_on_the_connection(listener, settings, monkeypatch, kind):
    """The form sees a public name; only the connection shows where it leads."""
    settings.SUNDIAL_ALLOWED_PRIVATE_HOSTS = []
    settings.SUNDIAL_SOURCE_SECRETS = {"OTHER_KEY": ("logs.example.com",)}
    real, calls = socket.getaddrinfo, []

    def rebinding(host, port, *args, **kwargs):
        calls.append(host)
        public_first = len(calls) <= (2 if kind == "s3" else 1)
        return real("8.8.8.8" if public_first else "127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    address = f"https://logs.example.com:{listener.http.server_port}"
    values = config(kind, "OTHER_KEY", address)
    assert admin_errors(kind, values) == ""
    found = preview(make_source(kind=kind, config=values), NOW)
    assert "logs.example.com is not a public host" in found.problem
    assert "logs.example.com" in calls
    assert listener.requests == []


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["http", "s3"])
def test_errors_do_not_tell_open_ports_from_closed_ones(listener, settings, monkeypatch, kind):
    """A closed port, one that never answers, and one that does not speak HTTP."""
    monkeypatch.setattr(usage_api_preview, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr("dashboard.usage.connectors.s3.preview.TIMEOUT_SECONDS", 0.3)
    settings.SUNDIAL_SOURCE_SECRETS = {"OTHER_KEY": ("127.0.0.1",)}
    listener.answer = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    problems = set()
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for port in (9, silent.getsockname()[1], listener.http.server_port):
            values = config(kind, "OTHER_KEY", f"http://127.0.0.1:{port}")
            problems.add(preview(Source(kind=kind, slug="x", name="x", config=values), NOW).problem)
    assert len(problems) == 1
    assert "cannot be reached at this address" in problems.pop()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_redirect_is_not_followed(listener, settings, kind):
    settings.SUNDIAL_SOURCE_SECRETS = {"OTHER_KEY": ("127.0.0.1",)}
    with serving() as other:
        listener.answer = lambda handler: say(handler, 302, Location=other.url)
        address = listener.url.removesuffix("/feed.json")
        preview(make_source(kind=kind, config=config(kind, "OTHER_KEY", address)), NOW)
        assert listener.requests
        assert other.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *("https://api.openai.com@evil.example", "https://api.openai.com\\@evil.example", "https://u:p@api.openai.com"),
        *("https://evil.example#api.openai.com", "https://evil.example?api.openai.com", "file:///etc/passwd"),
        *("https://api.openai.com.evil.example", "https://evil.example/api.openai.com", "https://ａpi.openai.com"),
        *("https://api.openai.com:99999", "https://", "gopher://api.openai.com", "https://api.openai.com /x"),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_no_spelling_of_an_address_passes_for_another_host(address):
    assert admin_errors("http", config("http", "OPENAI_ADMIN_KEY", address))
    assert admin_errors("s3", config("s3", "OPENAI_ADMIN_KEY", address))


@pytest.mark.django_db
def test_the_shipped_providers_need_no_setting(settings):
    settings.SUNDIAL_SOURCE_SECRETS = Environment({}).destinations("X", django_settings_default())
    for provider in ("openai", "anthropic"):
        key = f"env:{provider.upper()}_ADMIN_KEY"
        assert admin_errors("http", {"provider": provider, "key": key}) == ""
    keys = {"access_key": "env:LOGS_ACCESS_KEY", "secret_key": "env:LOGS_SECRET_KEY"}
    assert admin_errors("s3", {"bucket": "acme-bedrock-logs", **keys}) == ""


def django_settings_default() -> dict[str, tuple[str, ...]]:
    """What a start without the setting has."""
    from dashboard import settings as shipped

    return shipped.SUNDIAL_SOURCE_SECRETS


def test_the_setting_adds_to_the_default_and_an_entry_of_the_same_name_replaces_it():
    environment = Environment({"X": "GATEWAY_DB=db.internal:5432|10.0.0.7, AWS_*=minio.internal,GATEWAY_DB=file"})
    assert environment.destinations("X", {"AWS_*": ("*.amazonaws.com",), "KEY": ("host",)}) == {
        "AWS_*": ("minio.internal",),
        "KEY": ("host",),
        "GATEWAY_DB": ("db.internal:5432", "10.0.0.7", "file"),
    }


@pytest.mark.parametrize("wrong", ["GATEWAY_DB", "GATEWAY_DB=", "=host", "A B=host", "KEY=https://host/x"])
def test_a_wrong_entry_stops_the_start_and_names_the_setting(wrong):
    with pytest.raises(ImproperlyConfigured, match="SUNDIAL_SOURCE_SECRETS must list VARIABLE=host"):
        Environment({"SUNDIAL_SOURCE_SECRETS": wrong}).destinations("SUNDIAL_SOURCE_SECRETS", {})


def test_a_name_wins_over_a_pattern_and_a_longer_pattern_over_a_shorter(settings):
    settings.SUNDIAL_SOURCE_SECRETS = {"AWS_*": ("a",), "AWS_LOGS_*": ("b",), "AWS_LOGS_KEY": ("c",)}
    for name, host in (("AWS_X", "a"), ("AWS_LOGS_X", "b"), ("AWS_LOGS_KEY", "c")):
        check_destinations(variable_name(f"env:{name}"), [Destination(host, None)])
        with pytest.raises(SecretError, match="may not go to"):
            check_destinations(name, [Destination("other", 443)])


def test_environment_variables_of_sources_are_read_in_one_module_only():
    folder = Path(django_settings.BASE_DIR) / "dashboard"
    reading = [
        str(path.relative_to(folder))
        for path in sorted((folder / "usage").rglob("*.py"))
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert reading == ["usage/connectors/secrets.py"]
