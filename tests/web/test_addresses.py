"""One address: below a path, behind a proxy, asked by a probe, or opened under a name that is not ours."""

import io
import re

import pytest
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.urls import get_script_prefix, reverse, set_script_prefix

from dashboard.core.links import absolute_url
from dashboard.web.system.mount import accept_full_paths

pytestmark = pytest.mark.django_db


@pytest.fixture
def below_a_path(settings):
    settings.SUNDIAL_BASE_URL = "https://tools.example.com/sundial"
    settings.FORCE_SCRIPT_NAME, settings.STATIC_URL = "/sundial", "/sundial/static/"
    settings.SESSION_COOKIE_PATH = settings.CSRF_COOKIE_PATH = "/sundial/"
    before = get_script_prefix()
    yield
    set_script_prefix(before)


def ask(path: str, **environ: str) -> tuple[str, list[tuple[str, str]], str]:
    """Status, headers and text of the response to a GET, as a web server asks for it."""
    answer: list = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **environ,
    }
    application = accept_full_paths(get_wsgi_application())
    body = b"".join(application(environ, lambda status, headers, *_: answer.extend((status, headers))))
    return answer[0], answer[1], body.decode()


@pytest.mark.parametrize("path", ["/", "/sundial/", "/sundial"])
def test_below_a_path_redirects_keep_it_whether_or_not_the_proxy_strips_it(below_a_path, path):
    status, headers, _ = ask(path)
    assert status.startswith("302")
    assert dict(headers)["Location"] == "/sundial/accounts/login/?next=/sundial/"


def test_below_a_path_every_link_static_file_and_cookie_keeps_it(below_a_path):
    status, headers, text = ask("/accounts/login/")
    assert status.startswith("200")
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', text)
    assert addresses
    assert [address for address in addresses if not address.startswith("/sundial/")] == []
    cookies = [value for name, value in headers if name == "Set-Cookie"]
    assert cookies
    assert all("Path=/sundial/" in cookie for cookie in cookies)


def test_a_full_address_has_the_path_once_with_or_without_a_request(below_a_path):
    set_script_prefix("/")
    assert absolute_url(reverse("findings")) == "https://tools.example.com/sundial/findings/"
    set_script_prefix("/sundial")
    assert absolute_url(reverse("findings")) == "https://tools.example.com/sundial/findings/"


@pytest.mark.parametrize("host", ["10.42.0.17:8000", "sundial-web.ai.svc.cluster.local", "[fd00::7]:8000"])
def test_probes_answer_under_any_host_and_nothing_else_does(client, host):
    assert client.get("/healthz", headers={"host": host}).status_code == 200
    assert client.get("/readyz", headers={"host": host}).status_code == 503
    assert client.head("/healthz", headers={"host": host}).status_code == 200
    for path in ("/", "/accounts/login/", "/api/v1/models", "/healthz/", "/static/dashboard/sundial.js"):
        assert client.get(path, headers={"host": host}).status_code == 400


def post_login(origin: str, *, host: str = "sundial.example.com", cookie: bool = True, **headers: str):
    """Sign in from a page at `origin`."""
    User.objects.create_user("ada", password="Sunny-pass-2026")
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/accounts/login/", headers={"host": host})
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)', page.content.decode())
    assert token
    if not cookie:
        browser.cookies.clear()
    form = {"csrfmiddlewaretoken": token[1], "username": "ada", "password": "Sunny-pass-2026"}
    return browser.post("/accounts/login/", form, headers={"host": host, "origin": origin, **headers})


@pytest.fixture
def https(settings):
    settings.SUNDIAL_BASE_URL = "https://sundial.example.com"
    settings.CSRF_TRUSTED_ORIGINS = ["https://sundial.example.com"]
    settings.ALLOWED_HOSTS = ["sundial.example.com", "sundial.corp", "10.0.0.5"]
    settings.CSRF_COOKIE_SECURE = settings.SESSION_COOKIE_SECURE = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def test_the_own_address_signs_in_though_the_proxy_says_nothing_of_https(https):
    assert post_login("https://sundial.example.com").status_code == 302


@pytest.mark.parametrize(
    ("origin", "host", "cookie"),
    [
        ("https://sundial.corp", "sundial.corp", True),
        ("http://10.0.0.5", "10.0.0.5", False),
        ("https://<script>", "sundial.example.com", True),
        ("null", "sundial.example.com", True),
    ],
)
def test_another_address_is_told_as_one_and_names_the_settings(https, origin, host, cookie):
    response = post_login(origin, host=host, cookie=cookie)
    text = response.content.decode()
    assert response.status_code == 403
    assert "Opened under another address" in text
    assert "SUNDIAL_BASE_URL" in text
    assert "X-Forwarded-Proto" in text
    assert "expired" not in text
    assert "<script>" not in text


def test_an_old_form_is_still_told_as_one(https):
    response = post_login("https://sundial.example.com", cookie=False)
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


def test_under_https_every_cookie_is_secure(https):
    browser = Client()
    for path in ("/theme/", "/language/"):
        browser.post(path, {"theme": "dark", "language": "en"}, headers={"host": "sundial.example.com"})
    browser.get("/accounts/login/", headers={"host": "sundial.example.com"})
    assert {"sundial_theme", "django_language", "sundial_csrf"} <= set(browser.cookies)
    assert all(cookie["secure"] for cookie in browser.cookies.values())
