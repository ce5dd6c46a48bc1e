"""What all tests share: the choice and order of tests, real services, and folders of their own."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from django.conf import settings as django_settings
from django.utils import translation
from xdist.scheduler import LoadFileScheduling

from dashboard.runtime import broker
from tests.thorough import THOROUGH, examples

# Machines that run tests are busy: how long an example takes says nothing.
hypothesis.settings.register_profile("tests", deadline=None, max_examples=examples(100))
hypothesis.settings.load_profile("tests")


SLOW_FIXTURES = {"mysql_server", "postgres_server", "shared_database"}
"""They start a database server, or share a database with processes that are killed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="only tests that touch the database, without browser or stack"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.slow)


class FileOrDemoScheduling(LoadFileScheduling):
    """A file's tests run on one worker, and so do those of `tests/demo`, which load the demo once."""

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return "tests/demo" if scope.startswith("tests/demo/") else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadFileScheduling | None:
    return FileOrDemoScheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)  # after pytest-django, which puts tests with transactions of their own last
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database-only"):
        wanted = [item for item in items if _touches_database(item) and not _needs_stack_or_browser(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(wanted)])
        items[:] = wanted
    long_files = {item.path for item in items if item.get_closest_marker("slow") or _needs_stack_or_browser(item)}
    items.sort(key=lambda item: item.path not in long_files)


def _touches_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    asked = {"db", "transactional_db", "live_server"} | ({"shared_database"} if THOROUGH else set())
    return bool(item.get_closest_marker("django_db") or fixtures & asked)


def _needs_stack_or_browser(item: pytest.Item) -> bool:
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
