"""A source from its form to its first records, in a real browser; the worker is this test."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from dashboard.core import clock
from dashboard.usage.models import Source
from dashboard.usage.polling import poll

STILL = {"reduced_motion": "reduce"}


@pytest.fixture
def log(tmp_path, settings):
    settings.SUNDIAL_WATCH_ROOTS = [tmp_path]
    path = tmp_path / "gateway.jsonl"
    told = {"ts": "2023-12-08T09:00:00Z", "application": "shop", "platform": "openai", "model": "text-davinci-003"}
    path.write_text("".join(json.dumps(told | {"id": f"call-{n}"}) + "\n" for n in range(3)))
    return path


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_source_is_added_tested_read_and_paused(open_page, log, javascript, size):
    page = open_page("/sources/", size, java_script_enabled=javascript, **STILL)
    page.get_by_role("link", name="Add a source").first.click()
    page.get_by_label("Files").fill(str(log.parent))
    page.get_by_role("button", name="Test this source").click()
    expect(page.locator("#preview")).to_contain_text("It can be read.")
    expect(page.locator("#preview tbody tr")).to_have_count(3)
    expect(page.locator("#preview [data-label=Means]").first).to_contain_text("text-davinci-003")
    assert fits(page) or not javascript
    assert not Source.objects.filter(slug="frankfurt").exists()

    page.get_by_label("Name", exact=True).fill("Frankfurt")
    page.get_by_role("button", name="Add the source").last.click()
    expect(page.locator(".banners")).to_contain_text("“Frankfurt” is added.")
    expect(page.locator("#status")).to_contain_text("a worker is reading it")

    poll(Source.objects.get(slug="frankfurt"), clock.wall())
    if not javascript:
        page.reload()
    # With scripts, the page follows by itself.
    expect(page.locator("#status")).to_contain_text(re.compile(r"Lines accepted\s*3"), timeout=15_000)
    expect(page.locator("table").first).to_contain_text("gateway.jsonl", timeout=15_000)
    expect(page.locator(".head-actions")).to_contain_text("Reading")

    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".banners")).to_contain_text("Paused")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert Source.objects.get(slug="frankfurt").paused


def test_each_kind_asks_for_what_it_needs_and_a_preset_knows_its_columns(open_page):
    page = open_page("/sources/add/", **STILL)
    page.get_by_role("link", name="Database").click()
    expect(page.get_by_label("Files")).to_have_count(0)
    expect(page.get_by_label("Columns")).to_be_hidden()
    page.get_by_label("What it is").select_option("")
    expect(page.get_by_label("Columns")).to_be_visible()
    page.get_by_role("link", name="Usage API").click()
    expect(page.get_by_label("Admin key")).to_be_visible()
    page.get_by_role("link", name="Object store").click()
    expect(page.get_by_label("Bucket")).to_be_visible()


def test_enter_in_a_field_tests_and_saves_nothing(open_page, log):
    page = open_page("/sources/add/", **STILL)
    page.get_by_label("Files").fill(str(log))
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.locator("#preview")).to_contain_text("It can be read.")
    assert not Source.objects.filter(kind="watch", paths=str(log)).exists()
