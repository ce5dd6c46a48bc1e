"""Acting on a finding and narrowing lists in a real browser, also without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from dashboard.findings import scan
from dashboard.findings.models import Finding
from tests.factories import NOW, as_day, make_entry, make_usage

STILL = {"reduced_motion": "reduce"}
"""No transitions between pages: a click right after one would interrupt it, which the console tells."""


def path_of(application: str) -> str:
    return Finding.objects.get(application__name=application).get_absolute_url()


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
def test_an_editor_acknowledges_a_finding(open_page, javascript):
    page = open_page("/findings/", java_script_enabled=javascript, **STILL)
    page.get_by_role("link", name="shop", exact=True).click()
    page.get_by_text("Acknowledge", exact=True).first.click()
    page.get_by_label("Plan").fill("Moving to chat")
    page.get_by_label("Target date").fill("2023-12-20")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".banners")).to_contain_text("Acknowledged.")
    expect(page.locator("#history")).to_contain_text("Moving to chat")
    expect(page.locator(".head-actions")).to_contain_text("Acknowledged")


def test_a_mistake_opens_the_form_again_with_what_was_typed(open_page):
    page = open_page(path_of("shop"), **STILL)
    page.get_by_text("Snooze", exact=True).first.click()
    page.get_by_label("Until").fill("2023-12-01")
    page.locator("details[open]").get_by_label("Reason").fill("Release freeze")
    page.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text("Choose a day in the future")).to_be_visible()
    expect(page.locator("details[open]").get_by_label("Reason")).to_have_value("Release freeze")


def test_chips_and_filters_narrow_the_findings(open_page):
    page = open_page("/findings/", **STILL)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_label("Search").fill("search")
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name=re.compile("^All")).click()
    expect(page).to_have_url(re.compile("q=search.*status=all|status=all.*q=search"))
    page.get_by_role("link", name="Clear").click()
    expect(rows).to_have_count(2)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_hostile_names_fit_and_do_nothing(open_page, size):
    page = open_page(size=size, **STILL)
    entry = make_entry("openai/" + "m" * 190, announced="2023-07-06", sunset="2024-01-04")
    hostile = ["<script>document.title='taken'</script>", "تطبيق مرحبا \u202e abc", "🦊" * 40, "n" * 100]
    for name in hostile:
        make_usage(name, entry, "2023-12-05", 3)
        make_usage(name, "<img src=x onerror=\"document.title='taken'\">" + "y" * 240, "2023-12-05", 3)
    scan.run(NOW, as_day("2023-12-08"))
    for path in ("/findings/", "/applications/", "/uncatalogued/", entry.get_absolute_url(), path_of("n" * 100)):
        assert page.goto(path).ok, path
        for chart in page.locator("[data-figure]").all():
            expect(chart.locator(".main-svg").first).to_be_visible()
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{path} is {over} px too wide at {size}"
        assert "taken" not in page.title()
