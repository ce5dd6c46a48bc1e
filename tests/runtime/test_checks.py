"""System checks: each misconfiguration is named, and none when all is well."""

import pytest
from django.core.checks import run_checks


def found(*, deploy: bool = False) -> set[str]:
    messages = run_checks(include_deployment_checks=deploy)
    return {message.id for message in messages if message.id and message.id.startswith("sundial.")}


def test_the_defaults_are_sane():
    assert found() == set()


@pytest.mark.parametrize("url", ["sundial.example.com", "ftp://sundial.example.com", "https://"])
def test_a_base_url_that_nobody_can_open_is_an_error(settings, url):
    settings.SUNDIAL_BASE_URL = url
    assert "sundial.E001" in found()


def test_a_base_url_below_one_of_our_own_pages_is_an_error(settings):
    settings.SUNDIAL_BASE_URL = "https://tools.example.com/models"
    assert found() == {"sundial.E003"}
    settings.SUNDIAL_BASE_URL = "https://tools.example.com/sundial"
    assert found() == set()


def test_alert_and_quiet_days_out_of_range_are_errors(settings):
    settings.SUNDIAL_ALERT_DAYS = [4000]
    assert "sundial.E002" in found()
    settings.SUNDIAL_ALERT_DAYS = [30]
    settings.SUNDIAL_QUIET_DAYS = 0
    assert "sundial.E002" in found()


def test_a_misspelt_variable_is_named_with_what_was_meant(monkeypatch):
    monkeypatch.setenv("SUNDIAL_QUITE_DAYS", "3")
    (message,) = [m for m in run_checks() if m.id == "sundial.W002"]
    assert "SUNDIAL_QUITE_DAYS" in message.msg
    assert message.hint == "Did you mean SUNDIAL_QUIET_DAYS?"


def test_a_production_without_a_fallback_address_is_warned(settings):
    settings.SUNDIAL_ALERT_FALLBACK = ""
    assert "sundial.W001" in found(deploy=True)
    settings.SUNDIAL_ALERT_FALLBACK = "team@example.com"
    assert "sundial.W001" not in found(deploy=True)
