"""What tests of the API share: a fixed today, a small catalog, and clients with tokens."""

from datetime import date

import pytest
from django.test import Client

from dashboard.access.models import ApiToken
from dashboard.catalog.models import Entry
from dashboard.core import clock
from dashboard.findings import scan
from tests.factories import NOW, make_application, make_entry, make_usage


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)


def with_token(role: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiToken.issue(f'a {role}', role, NOW)}"})


@pytest.fixture
def api(db) -> Client:
    """A program with a viewer's token."""
    return with_token("viewer")


@pytest.fixture
def world(db):
    """OpenAI's announcement of 2023-07-06 in small, and an endpoint."""
    instruct = make_entry("openai/gpt-3.5-turbo-instruct", kind="completion")
    make_entry(
        "openai/text-davinci-003",
        announced="2023-07-06",
        sunset="2024-01-04",
        on_sunset="fails",
        replacements=[instruct],
        kind="completion",
    )
    make_entry("openai//v1/edits", announced="2023-07-06", sunset="2024-01-04", kind="endpoint")
    make_entry("groq/openai/gpt-oss-20b")


@pytest.fixture
def progress_world(world):
    """The world, and two applications that call what retires: one still does, the other stopped."""
    davinci = Entry.objects.get(name="text-davinci-003")
    make_usage(make_application("shop", team="web"), davinci, "2023-12-01", 10, days=7)
    make_usage(make_application("labs", team="research"), davinci, "2023-11-01", 30, days=7)
    make_usage("shop", Entry.objects.get(name="gpt-3.5-turbo-instruct"), "2023-12-05", 5, days=3)
    scan.run(clock.now(), date(2023, 12, 8))
