"""The frame around every page: who may enter, which day it is about, how it is protected, how it looks."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.urls import reverse

from dashboard.access import setup_link
from dashboard.core import clock
from dashboard.web.system.staticfiles import bundle

pytestmark = pytest.mark.django_db

PAGES = [
    "/", "/timeline/", "/deadlines/", "/models/", "/applications/", "/findings/", "/uncatalogued/", "/sources/",
    "/guides/", "/patterns/",
]  # fmt: skip
NO_DAYS = ["yesterday", "2023-13-01", "2023-02-30", "20231208", "1999-01-01", "%00", "0" * 999]


class TestSigningIn:
    @pytest.mark.parametrize("path", PAGES)
    def test_strangers_are_sent_to_the_door_and_back(self, client, path):
        response = client.get(path)
        assert response.status_code == 302
        assert response.url == f"/accounts/login/?next={path}"

    def test_strangers_are_not_told_about_days(self, client):
        assert client.get("/?as_of=nonsense").status_code == 302

    @pytest.mark.parametrize("path", ["/accounts/login/", "/healthz"])
    def test_some_doors_are_open(self, client, path):
        assert client.get(path).status_code == 200

    def test_a_name_and_a_password_open_the_overview(self, client):
        User.objects.create_user("grace", password="correct-horse-1")
        response = client.post("/accounts/login/", {"username": "grace", "password": "correct-horse-1"})
        assert response.url == "/"

    def test_a_wrong_password_says_so_on_a_readable_page(self, client):
        page = client.post("/accounts/login/", {"username": "grace", "password": "wrong"})
        assert page.status_code == 200
        assert 'role="alert"' in page.text

    def test_guessing_is_slowed_down_with_a_page_of_ours(self, client, settings):
        User.objects.create_user("grace", password="correct-horse-1")
        for _ in range(settings.AXES_FAILURE_LIMIT):
            page = client.post("/accounts/login/", {"username": "grace", "password": "wrong"})
        assert page.status_code == 429
        assert "Too many attempts" in page.text

    def test_signing_out_needs_a_post(self, viewer):
        assert viewer.get("/accounts/logout/").status_code == 405
        assert viewer.post("/accounts/logout/").status_code == 302
        assert viewer.get("/").status_code == 302


class TestFirstSignIn:
    def form(self, **changed):
        return {"username": "root", "password": "sunny-horizon-9", "again": "sunny-horizon-9"} | changed

    def test_makes_the_administrator_and_signs_in(self, client):
        path = reverse("setup", args=[setup_link.issue_token(clock.wall())])
        assert client.get(path).status_code == 200
        assert client.post(path, self.form()).url == "/"
        assert client.get("/").status_code == 200
        assert User.objects.get().is_superuser

    def test_works_once(self, client):
        path = reverse("setup", args=[setup_link.issue_token(clock.wall())])
        User.objects.create_user("somebody")
        assert client.get(path).status_code == 410

    @pytest.mark.parametrize(
        ("changed", "told"),
        [({"again": "another"}, "differ"), ({"password": "12345", "again": "12345"}, "too short"),
         ({"username": "a b"}, "valid username")],
    )  # fmt: skip
    def test_says_what_is_wrong_with_name_or_password(self, client, changed, told):
        path = reverse("setup", args=[setup_link.issue_token(clock.wall())])
        page = client.post(path, self.form(**changed))
        assert told in page.text
        assert not User.objects.exists()

    def test_refuses_a_link_that_we_did_not_make(self, client):
        assert client.get("/accounts/setup/made-up/").status_code == 410


class TestDay:
    @pytest.mark.parametrize("text", NO_DAYS)
    def test_that_makes_no_sense_is_a_clear_400(self, viewer, text):
        page = viewer.get(f"/?as_of={text}")
        assert page.status_code == 400
        assert "is not a day" in page.text

    def test_is_today_without_being_asked(self, viewer):
        assert viewer.get("/").context["site"].day.as_of == date(2023, 12, 8)

    def test_stays_with_every_link_of_the_page(self, viewer):
        page = viewer.get("/?as_of=2023-11-01").text
        links = re.findall(r'href="(/(?:timeline|deadlines|findings|models|applications|sources)/[^"]*)"', page)
        assert links
        assert all("as_of=2023-11-01" in link for link in links)

    def test_leaves_addresses_of_today_plain(self, viewer):
        assert 'href="/timeline/"' in viewer.get("/").text

    def test_moves_by_a_day_and_keeps_the_filters(self, viewer):
        page = viewer.get("/timeline/?as_of=2023-11-01&ours=on&page=3").text
        assert 'href="?as_of=2023-10-31&amp;ours=on"' in page
        assert 'href="?as_of=2023-11-02&amp;ours=on"' in page
        assert '<input type="hidden" name="ours" value="on">' in page

    def test_of_the_demo_can_be_told_as_a_story(self, viewer, settings):
        assert "demo-moments" not in viewer.get("/").text
        settings.SUNDIAL_DEMO = True
        page = viewer.get("/?as_of=2024-01-04").text
        assert re.search(r'as_of=2024-01-04"\s+aria-current="step"', page)
        assert page.count('rel="nofollow" href="?as_of=') >= 10


class TestProtection:
    @pytest.mark.parametrize("path", ["/", "/patterns/", "/?as_of=nonsense", "/nowhere/"])
    def test_pages_carry_the_policy_and_nothing_inline(self, viewer, path):
        page = viewer.get(path)
        policy = page["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"\sstyle=|\son\w+=|<style", page.text)
        assert not re.findall(r"<script(?![^>]*(?:\bsrc=|application/json))", page.text)

    def test_no_page_asks_another_host(self, viewer):
        for path in ("/", "/patterns/"):
            assert not re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//', viewer.get(path).text)

    def test_a_figure_cannot_end_its_block(self, viewer):
        from dashboard.web.templatetags.sundial import figure_json

        hostile = {"name": "</script><script>alert(1)</script><!-- & \u2028"}
        block = str(figure_json(hostile, "x"))
        inner = block.removeprefix('<script id="x" type="application/json">').removesuffix("</script>")
        assert "<" not in inner
        assert json.loads(inner) == hostile

    def test_what_does_not_exist_is_a_page_of_ours(self, viewer):
        page = viewer.get("/nowhere/")
        assert page.status_code == 404
        assert "Sundial" in page.text

    def test_a_broken_page_is_a_page_of_ours(self, client, rf):
        from dashboard.web.system.errors import server_error

        response = server_error(rf.get("/"))
        assert response.status_code == 500
        assert "Something went wrong" in response.content.decode()

    def test_pages_travel_compressed(self, viewer):
        page = viewer.get("/patterns/", headers={"accept-encoding": "gzip"})
        assert page["Content-Encoding"] == "gzip"
        assert len(page.content) < 12_000


class TestChoices:
    def test_the_theme_is_kept_and_rendered_without_a_flash(self, viewer):
        assert 'data-theme="auto"' in viewer.get("/").text
        assert viewer.post("/theme/", {"theme": "dark", "next": "/deadlines/"}).url == "/deadlines/"
        assert 'data-theme="dark"' in viewer.get("/").text

    def test_the_theme_leads_nowhere_else(self, viewer):
        assert viewer.post("/theme/", {"theme": "dark", "next": "https://evil.example/"}).url == "/"

    @pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
    def test_a_theme_that_does_not_exist_changes_nothing(self, viewer, theme):
        viewer.post("/theme/", {"theme": theme})
        assert 'data-theme="auto"' in viewer.get("/").text

    def test_the_language_is_kept(self, viewer):
        viewer.post("/language/", {"language": "zh-hans", "next": "/"})
        assert '<html lang="zh-hans"' in viewer.get("/").text


class TestHealth:
    def test_healthz_asks_nothing_of_the_database(self, client, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert client.get("/healthz").content == b"ok\n"

    def test_readyz_tells_what_is_missing(self, client):
        response = client.get("/readyz")
        assert response.status_code == 503
        parts = response.json()["parts"]
        assert parts["database"]["ok"]
        assert parts["broker"]["ok"]
        assert not parts["worker"]["ok"]


def test_the_stylesheet_is_served_in_one_piece():
    sheet = Path(finders.find("dashboard/sundial.css")).read_text()
    whole = bundle(sheet, "dashboard")
    assert "@import" not in whole
    for component in Path(finders.find("dashboard/components")).glob("*.css"):
        assert component.read_text() in whole, f"{component.name} is not in the stylesheet"


def test_an_import_of_nothing_is_an_error():
    with pytest.raises(FileNotFoundError, match=r"missing\.css"):
        bundle('@import "missing.css";\n', "dashboard")


def test_a_page_without_an_icon_of_its_own_finds_ours(client):
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"].endswith(".svg")
