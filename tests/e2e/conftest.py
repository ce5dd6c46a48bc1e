"""A real Chromium against a live server: what only a browser can tell."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from dashboard.findings import scan
from tests.factories import NOW, make_application, make_entry, make_source, make_usage

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next((p for p in CHROMIUM if Path(p).exists()), None)
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def story(transactional_db, settings) -> None:
    """A small version of the demo, on its day: 2023-12-08."""
    settings.SUNDIAL_TODAY, settings.SUNDIAL_DEMO = date(2023, 12, 8), True
    new = make_entry("openai/gpt-3.5-turbo-instruct", kind="completion")
    announced = {"announced": "2023-07-06", "sunset": "2024-01-04"}
    davinci = make_entry("openai/text-davinci-003", **announced, on_sunset="fails", replacements=[new])
    ada = make_entry("openai/ada", **announced, on_sunset="redirects", replacements=[new])
    make_entry("anthropic/claude-1", announced="2023-11-20", sunset="2024-11-06")
    gateway = make_source("gateway", name="Gateway")
    make_application("shop", owner="somebody-with-a-long-name@shop.acme.example", team="Sales")
    make_usage("shop", davinci, "2023-11-01", 700, days=44, source=gateway)
    make_usage("early-bird", davinci, "2023-11-01", 300, days=12, source=gateway)
    make_usage("early-bird", new, "2023-11-13", 300, days=32, source=gateway)
    make_usage("search", ada, "2023-11-20", 50, days=25, source=gateway)
    make_usage("stranger", "a-name-nobody-knows-" * 4, "2023-12-01", 10, days=8, source=gateway)
    scan.run(NOW, date(2023, 12, 14))


@pytest.fixture
def open_page(browser: Browser, live_server, story) -> Iterator[Callable[..., Page]]:
    """Open a signed-in page at a size in a theme. Errors on the console (also of the policy) fail the test."""
    problems: list[str] = []
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    cookie = {"name": "sundial_session", "value": client.cookies["sundial_session"].value, "url": live_server.url}
    with ExitStack() as stack:

        def open_page(path: str = "/", size: str = "desktop", theme: str = "light", **context) -> Page:
            opened = browser.new_context(
                base_url=live_server.url, viewport=SIZES[size], color_scheme=theme, locale="en-GB", **context
            )
            stack.callback(opened.close)
            opened.add_cookies([cookie])
            page = opened.new_page()
            page.on("console", lambda m: problems.append(f"{page.url}: {m.text}") if m.type == "error" else None)
            page.on("pageerror", lambda e: problems.append(f"{page.url}: {e}"))
            page.goto(path)
            return page

        yield open_page
    assert problems == []
