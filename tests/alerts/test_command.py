"""`alerts run`, from usage to a mail in a file."""

import json
from datetime import date

import pytest
from django.core.management import call_command

from dashboard.alerts.models import Delivery
from tasks.notify import deliver, notify
from tasks.scan import scan
from tests.factories import make_application, make_entry, make_usage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)
    settings.SUNDIAL_ALERT_FALLBACK = ""
    settings.EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
    davinci = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
    make_application("shop", owner="ada@example.com")
    make_usage("shop", davinci, "2023-11-01", 10, days=60)
    make_usage("orphan", davinci, "2023-11-01", 10, days=60)


def run(capsys, *arguments) -> dict:
    call_command("alerts", "run", "--json", *arguments)
    return json.loads(capsys.readouterr().out)


def test_a_run_looks_decides_and_sends_and_tells_who_hears_nothing(capsys, settings):
    found = run(capsys)
    assert found["deliveries"] == [
        {
            "recipient": "ada@example.com",
            "subject": "One of your models retires in 27 days (2024-01-04)",
            "findings": 1,
            "state": "sent",
        }
    ]
    assert [(s["application"], s["why"]) for s in found["skipped"]] == [("orphan", "no recipient")]
    assert len(list(settings.MAIL_FOLDER.glob("*.eml"))) == 1
    assert run(capsys)["deliveries"] == []
    assert len(list(settings.MAIL_FOLDER.glob("*.eml"))) == 1


def test_a_dry_run_says_it_and_sends_nothing(capsys, settings):
    assert run(capsys, "--dry-run")["deliveries"] == [
        {"recipient": "ada@example.com", "findings": 1, "state": "planned"}
    ]
    assert not Delivery.objects.exists()
    assert not settings.MAIL_FOLDER.exists()
    assert run(capsys)["deliveries"][0]["state"] == "sent"


def test_a_run_as_of_another_day_decides_for_that_day(capsys):
    found = run(capsys, "--as-of", "2023-12-25")
    assert found["deliveries"][0]["subject"] == "One of your models retires in 10 days (2024-01-04)"


def test_people_get_a_table(capsys):
    call_command("alerts", "run")
    shown = capsys.readouterr().out
    for word in ("ada@example.com", "Outbox: 1 sent", "no recipient"):
        assert word in shown


def test_a_mail_that_cannot_go_out_fails_the_run(capsys, settings):
    settings.EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
    Delivery.objects.create(
        recipient="a@b\nBcc: x",
        as_of=date(2023, 12, 1),
        subject="s",
        text="t",
        message_id="<1@x>",
        created_at="2023-12-01T00:00Z",
        next_try_at="2023-12-01T00:00Z",
    )
    with pytest.raises(SystemExit) as left:
        run(capsys)
    assert left.value.code == 1
    assert json.loads(capsys.readouterr().out)["outbox"]["failed"] == 1


def test_the_tasks_do_the_same_by_themselves(settings):
    scan()
    notify()
    assert Delivery.objects.get().state == "pending"
    deliver()
    deliver()
    assert Delivery.objects.get().state == "sent"
    assert len(list(settings.MAIL_FOLDER.glob("*.eml"))) == 1
