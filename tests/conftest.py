"""What every test stands on: real services, and folders of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.utils import translation

from dashboard.runtime import broker


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="only tests that touch the database, without browser or stack"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--database-only"):
        return
    wanted = [item for item in items if _touches_database(item) and not _is_slow(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(wanted)])
    items[:] = wanted


def _touches_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db", "live_server"})


def _is_slow(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("e2e") or item.get_closest_marker("stack"))


@pytest.fixture(scope="session", autouse=True)
def redis_server() -> Iterator[str]:
    """The embedded broker, on the socket that the settings of this test process name; its address."""
    with broker.running(django_settings.BROKER_SOCKET, django_settings.BROKER_FOLDER):
        yield django_settings.CACHES["default"]["LOCATION"]


@pytest.fixture(scope="session")
def redis_client(redis_server: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server) as client:
        yield client


@pytest.fixture(autouse=True)
def fresh_state(settings, tmp_path: Path, redis_client: redis.Redis) -> None:
    """Each test starts with an empty broker, cache, inbox and mail folder, in the language of the settings."""
    translation.activate(settings.LANGUAGE_CODE)
    redis_client.flushall()
    settings.SUNDIAL_INBOX = tmp_path / "inbox"
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.SUNDIAL_WATCH_ROOTS = [tmp_path]
