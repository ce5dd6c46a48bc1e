"""Addresses in settings mean one thing for every part."""

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dashboard.addresses import parse_base_url, parse_redis_url
from dashboard.env import Environment
from tests.runtime.processes import environment
from tests.runtime.test_settings import values


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://Sundial.Example.com:443/", "https://sundial.example.com", ""),
        ("HTTP://sundial.example.com:80", "http://sundial.example.com", ""),
        ("https://sundial.example.com:8443/Sundial/", "https://sundial.example.com:8443", "/Sundial"),
        ("https://[FD00::7]:443/a/b", "https://[fd00::7]", "/a/b"),
        ("https://bücher.example", "https://xn--bcher-kva.example", ""),
    ],
)
def test_a_base_url_is_kept_as_browsers_write_it(text, origin, path):
    base = parse_base_url(text)
    assert (base.origin, base.path, str(base)) == (origin, path, origin + path)
    assert base.is_valid


@pytest.mark.parametrize(
    "text",
    [
        "sundial.example.com",
        "https://",
        "https://a:b@host",
        "https://host/?q=1",
        "https://host:x",
        "https://h/a b",
    ],
)
def test_what_is_no_base_url_is_left_for_the_check_to_name(text):
    base = parse_base_url(text)
    assert str(base) == text
    assert not base.is_valid


def test_the_path_of_the_base_url_is_in_every_setting_that_makes_an_address(tmp_path):
    env = environment(tmp_path / "var", SUNDIAL_BASE_URL="https://Tools.example.com:443/sundial/")
    found = values(
        env,
        "SUNDIAL_BASE_URL",
        "FORCE_SCRIPT_NAME",
        "STATIC_URL",
        "SESSION_COOKIE_PATH",
        "CSRF_COOKIE_PATH",
        "CSRF_TRUSTED_ORIGINS",
        "LANGUAGE_COOKIE_SECURE",
    )
    assert found == [
        "https://tools.example.com/sundial",
        "/sundial",
        "/sundial/static/",
        "/sundial/",
        "/sundial/",
        "['https://tools.example.com']",
        "True",
    ]


def test_browsers_insist_on_https_where_the_base_url_has_it(tmp_path):
    assert values(environment(tmp_path / "var"), "SECURE_HSTS_SECONDS") == ["0"]
    env = environment(tmp_path / "var", SUNDIAL_BASE_URL="https://sundial.example.com")
    assert values(env, "SECURE_HSTS_SECONDS") == ["2592000"]
    assert values(env | {"SUNDIAL_HSTS_SECONDS": "0"}, "SECURE_HSTS_SECONDS") == ["0"]


def test_tls_to_redis_is_verified_by_cache_and_queue_alike():
    urls = parse_redis_url("rediss://:s3cret@redis.example.com:6380/1")
    assert urls.client == (
        "rediss://:s3cret@redis.example.com:6380/1?ssl_cert_reqs=required&ssl_check_hostname=true"
    )
    assert urls.broker == "rediss://:s3cret@redis.example.com:6380/1"
    assert urls.broker_tls == {"ssl_cert_reqs": "required", "ssl_check_hostname": True}


def test_an_own_authority_and_no_verification_reach_cache_and_queue_alike():
    urls = parse_redis_url("rediss://redis/0?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false")
    assert "ssl_ca_certs=/etc/ca.pem" in urls.client
    assert "ssl_check_hostname=false" in urls.client
    assert urls.broker_tls == {
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": False,
        "ssl_ca_certs": "/etc/ca.pem",
    }


@pytest.mark.parametrize("scheme", ["unix", "redis+socket"])
def test_a_unix_socket_serves_cache_and_queue_from_the_same_database(redis_server, scheme):
    urls = parse_redis_url(f"{scheme}://{settings.BROKER_SOCKET}?db=3")
    with redis.Redis.from_url(urls.client) as client, Celery(broker=urls.broker).connection_for_write() as queue:
        client.set("sundial-test-addresses", "here")
        try:
            queue.ensure_connection(max_retries=1)
            assert queue.default_channel.client.get("sundial-test-addresses") == b"here"
        finally:
            client.delete("sundial-test-addresses")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sentinel://a:26379;sentinel://b:26379", "REDIS_URL is an address of Sentinel"),
        ("redis://", "REDIS_URL must start with"),
        ("http://redis:6379", "REDIS_URL must start with"),
        ("redis://host:port", "REDIS_URL is not an address"),
        ("redis://host/name", "REDIS_URL must end with the number"),
        ("redis://host/0?socket_timeout=3", "REDIS_URL has the option 'socket_timeout'"),
        ("rediss://host/0?ssl_cert_reqs=maybe", "REDIS_URL has an ssl_cert_reqs"),
        ("unix://host", "REDIS_URL must be like unix:///run/redis.sock"),
    ],
)
def test_a_redis_that_not_every_part_can_reach_stops_the_start_in_one_line(text, complaint):
    with pytest.raises(ImproperlyConfigured) as error:
        Environment({"REDIS_URL": text}).redis("REDIS_URL", "")
    assert str(error.value).startswith(complaint)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "port", "implicit", "starttls"),
    [
        ("smtps://me:pass@mail.example.com", 465, True, False),
        ("smtps://me:pass@mail.example.com:2465", 2465, True, False),
        ("smtp+ssl://mail.example.com:465", 465, True, False),
        ("smtp+tls://mail.example.com:465", 465, True, False),
        ("smtp://mail.example.com:465", 465, True, False),
        ("smtp+tls://mail.example.com", 587, False, True),
        ("smtp+tls://mail.example.com:25", 25, False, True),
        ("smtp://mail.example.com", 25, False, False),
    ],
)
def test_the_scheme_and_port_of_a_mail_server_say_how_it_is_encrypted(text, port, implicit, starttls):
    mail = Environment({"EMAIL_URL": text}).mail("EMAIL_URL")
    assert (mail["EMAIL_PORT"], mail["EMAIL_USE_SSL"], mail["EMAIL_USE_TLS"]) == (port, implicit, starttls)
