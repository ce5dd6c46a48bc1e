"""Every page, at every size, in both themes: whole, quiet, reachable, readable."""

import re
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dashboard.catalog.models import Entry
from dashboard.core import audit
from dashboard.findings import scan
from tests.factories import NOW, make_entry, make_usage

DEADLINE = "/deadlines/openai/2024-01-04/"
PAGES = [
    "/", "/timeline/", "/deadlines/", DEADLINE, "/models/", "/models/openai/text-davinci-003/", "/applications/",
    "/applications/shop/", "/findings/", "/uncatalogued/", "/sources/", "/sources/gateway/", "/guides/",
    "/patterns/",
]  # fmt: skip


def violations(page, *rules: str) -> list[tuple]:
    """Serious rules of axe that the page breaks, with where; all of them, or those named."""
    options = {"preload": False}  # axe mistakes our imports
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = Axe().run(page, options=options).response["violations"]
    serious = [v for v in found if v["impact"] in {"serious", "critical"}]
    return [(v["id"], [n["html"][:150] for n in v["nodes"][:3]]) for v in serious]


def drawn(page):
    """Wait until every chart of the page is drawn."""
    for chart in page.locator("[data-figure]").all():
        expect(chart.locator(".main-svg").first).to_be_visible()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_pages_fit_their_window_and_pass_axe_in_both_themes(open_page, size):
    """The themes differ in their colours only, so in the dark one contrast alone is looked at."""
    page = open_page(size=size, reduced_motion="reduce")
    for path in PAGES:
        page.emulate_media(color_scheme="light")
        assert page.goto(path).ok, path
        drawn(page)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{path} is {over} px too wide at {size}"
        assert violations(page) == [], f"{path} at {size}, light"
        page.emulate_media(color_scheme="dark")
        assert violations(page, "color-contrast") == [], f"{path} at {size}, dark"


SCATTERED = """[...document.querySelectorAll('.table--cards td')].filter(cell =>
    getComputedStyle(cell).display === 'flex' && cell.children.length && !cell.matches('.num')
    && [...cell.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())
).map(cell => cell.innerText)"""
"""Cells of a phone's cards whose words and links would be spread over the line, commas by themselves."""

CUT_OFF = """[...document.querySelectorAll('.table-wrap')].filter(box => box.scrollWidth > box.clientWidth + 1)
    .map(box => box.innerText.slice(0, 80))"""


@pytest.fixture
def long_names(story) -> None:
    """Ids without a place to break, two replacements, an earliest day, and a stranger with two callers."""
    route = "accounts/acme/routers/sample-"
    news = [make_entry(f"fireworks/{route}{n}p2-fast-us", announced="2023-12-05") for n in range(4)]
    old = make_entry(
        "openai/older", announced="2023-11-01", sunset="2024-02-01", precision="not_before", replacements=news[:2]
    )
    make_usage("shop", old, "2023-12-01", 10, days=8)
    make_usage("search", "a-name-nobody-knows-" * 4, "2023-12-01", 10, days=8)
    scan.run(NOW, date(2023, 12, 14))


@pytest.mark.parametrize(("size", "wrong"), [("phone", SCATTERED), ("desktop", CUT_OFF), ("phone", CUT_OFF)])
def test_a_cell_of_a_list_reads_as_one_and_no_list_is_cut_off(open_page, long_names, size, wrong):
    page = open_page(size=size)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate(wrong) == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page_passes_axe(open_page, theme):
    page = open_page(size="phone", theme=theme)
    page.context.clear_cookies()
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []


def test_the_burn_down_is_drawn_and_its_numbers_open(open_page):
    page = open_page(DEADLINE)
    drawn(page)
    chart = page.locator('[data-figure="burndown"]')
    expect(chart.locator(".scatterlayer .trace").first).to_be_attached()
    assert "baseline 1,0" in chart.get_attribute("aria-label").replace("1000", "1,000")
    numbers = page.locator("figure", has=chart).locator("table")
    expect(numbers).to_be_hidden()
    page.locator("figure", has=chart).get_by_text("Show the numbers").click()
    expect(numbers.get_by_role("row").nth(2)).to_contain_text("7 Dec 2023")
    expect(numbers.get_by_role("row").nth(2)).to_contain_text("750")


def test_charts_are_drawn_again_in_the_colours_of_the_chosen_theme(open_page):
    page = open_page(DEADLINE)
    drawn(page)
    line = page.locator('[data-figure="burndown"] .scatterlayer .js-line').last
    by_day = line.get_attribute("style")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(line).not_to_have_attribute("style", by_day)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_charts_speak_the_language_of_the_page(open_page):
    page = open_page(DEADLINE)
    page.get_by_role("button", name="简体中文").click()
    drawn(page)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator('[data-figure="burndown"] .xaxislayer-above').first).to_contain_text("月")


def test_a_mark_of_the_timeline_opens_its_deadline(open_page):
    page = open_page("/timeline/?platform=openai")
    drawn(page)
    # Other milestones are drawn first, behind the suns.
    mark = page.locator(".scatterlayer .point").last.bounding_box()
    page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    page.wait_for_url(f"**{DEADLINE}")


def test_the_day_moves_the_whole_site(open_page):
    page = open_page(DEADLINE)
    expect(page.get_by_text("27 days left").first).to_be_visible()
    page.get_by_role("link", name="A day later").click()
    page.wait_for_url("**as_of=2023-12-09")
    expect(page.locator(".hero-number")).to_contain_text("26")
    page.get_by_role("link", name="Applications", exact=True).click()
    page.wait_for_url("**/applications/?as_of=2023-12-09")
    page.get_by_label("As of").fill("2023-11-20")
    page.wait_for_url("**as_of=2023-11-20")
    page.get_by_role("link", name="Back to today").click()
    expect(page.get_by_label("As of")).to_have_value("2023-12-08")


def test_the_demo_slider_steps_by_keyboard(open_page):
    page = open_page("/")
    slider = page.get_by_role("slider", name="Day of the demo")
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_url("**as_of=2023-12-09")
    page.get_by_role("link", name="Sunset", exact=True).click()
    page.wait_for_url("**as_of=2024-01-04")


def test_the_first_tab_offers_to_skip_to_the_content(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_what_has_the_focus_shows_it(open_page):
    page = open_page("/")
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")[:200]


def test_everything_works_without_javascript(open_page):
    page = open_page(DEADLINE, java_script_enabled=False)
    expect(page.get_by_text("The chart needs JavaScript").first).to_be_visible()
    page.get_by_text("Show the numbers").first.click()
    expect(page.locator("figure").first.get_by_role("row").nth(2)).to_contain_text("7 Dec 2023")
    page.get_by_label("As of").fill("2023-12-01")
    page.get_by_role("button", name="Go").click()
    page.wait_for_url("**as_of=2023-12-01")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_first_visit_stays_light(open_page):
    """Charts are loaded where charts are, once; other pages carry little."""
    page = open_page("/accounts/login/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    assert not [url for url in asked if "plotly" in url]
    page.goto(DEADLINE)
    drawn(page)
    assert len([url for url in asked if re.search(r"plotly-basic[\w.]*\.js", url)]) == 1


def test_the_history_of_an_entry_fits_a_phone(open_page, long_names):
    entry = Entry.objects.get(name="older")
    address = "https://docs.example.com/a/page/with/a/long/address/that-says-when/what-ends"
    audit.record(
        entry, before={"source_url": address}, after={"source_url": address + "/now"}, now=NOW, origin="shipped"
    )
    page = open_page(f"/admin/catalog/entry/{entry.pk}/history/", size="phone")
    expect(page.get_by_text("/now")).to_be_visible()
    box = page.locator(".audit-scroll")
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") <= 0
    when = page.locator("#change-history th[scope=row]").bounding_box()
    assert when["height"] < 30, "the time stands on one line"


OFFERS_A_TRANSITION = """(() => {
    const within = rules => [...rules].some(rule => rule.constructor.name === 'CSSViewTransitionRule'
        || (rule.styleSheet && within(rule.styleSheet.cssRules)) || (rule.cssRules && within(rule.cssRules)));
    return [...document.styleSheets].some(sheet => within(sheet.cssRules));
})()"""


def test_pages_of_the_site_and_of_the_admin_offer_the_same_transition(open_page):
    """Going from a page that offers one to a page that does not is an error on the console."""
    page = open_page()
    for path in ("/", "/models/openai/text-davinci-003/", "/admin/", "/admin/catalog/entry/"):
        page.goto(path)
        assert page.evaluate(OFFERS_A_TRANSITION), path
