"""What a digest reported counts as reported when a server accepted it; what reached nobody is told again."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from dashboard.alerts.delivery import send_due
from dashboard.alerts.models import Delivery, Notice, State
from dashboard.alerts.undelivered import MailStatus, check_mail, mail_status
from dashboard.core import clock
from dashboard.findings import actions
from dashboard.findings.models import Finding
from dashboard.usage.models import Application
from tests.alerts.test_delivery import make_delivery
from tests.alerts.test_outbox import SUNSET, decide
from tests.factories import at, make_application, make_entry, make_usage

pytestmark = pytest.mark.django_db

TODAY = date(2023, 12, 8)
WORKING = "dashboard.alerts.file_backend.EmailBackend"


@pytest.fixture(autouse=True)
def shop(settings):
    """An application with a finding due in 27 days, and a mail server that is away."""
    settings.SUNDIAL_ALERT_FALLBACK = ""
    settings.EMAIL_BACKEND = "dashboard.alerts.smtp_backend.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.SUNDIAL_ALERT_DAYS = [30, 14, 7]
    davinci = make_entry("openai/davinci", announced="2023-07-06", sunset=SUNSET, on_sunset="fails")
    make_application("shop", owner="ada@example.com")
    make_usage("shop", davinci, "2023-12-05", days=30)


def outage(day: date) -> Delivery:
    """The digest of a day, tried until it is given up."""
    (delivery,) = decide(day)
    while delivery.state == State.PENDING:
        send_due(delivery.next_try_at)
        delivery.refresh_from_db()
    assert delivery.state == State.FAILED
    return delivery


def reasons(delivery: Delivery) -> set[tuple[str, int]]:
    return set(delivery.notices.values_list("reason", "step"))


def test_what_no_mail_carried_is_told_on_the_day_after(settings):
    lost = outage(TODAY)
    told = reasons(lost)
    settings.EMAIL_BACKEND = WORKING
    (digest,) = decide(TODAY + timedelta(days=1))
    send_due(at(digest.as_of))
    lost.refresh_from_db()
    digest.refresh_from_db()
    assert reasons(digest) == told == {("threshold", 30), ("new", 0)}
    assert (digest.state, lost.state, lost.notices.count()) == (State.SENT, State.REPLACED, 0)
    assert decide(TODAY + timedelta(days=2)) == []


def test_after_a_long_outage_one_digest_tells_all_of_it(settings):
    """Twelve days later the finding is not new any more, and another threshold is reached."""
    for days in range(13):
        outage(TODAY + timedelta(days=days))
    (digest,) = decide(TODAY + timedelta(days=13))
    assert reasons(digest) == {("threshold", 14), ("new", 0)}
    assert set(Delivery.objects.exclude(pk=digest.pk).values_list("state", flat=True)) == {State.REPLACED}


def test_the_same_day_has_no_second_digest_for_the_same_reader():
    outage(TODAY)
    assert decide(TODAY) == []
    assert Notice.objects.count() == 2, "nothing was lost"


def test_the_owner_of_today_is_told(settings):
    outage(TODAY)
    Application.objects.filter(slug="shop").update(owner="eve@example.com")
    (digest,) = decide(TODAY + timedelta(days=1))
    assert digest.recipient == "eve@example.com"


def test_an_exempt_finding_is_not_told_later():
    outage(TODAY)
    actions.exempt(Finding.objects.get(), None, at(TODAY), reason="shut down by then")
    assert decide(TODAY + timedelta(days=1)) == []


@pytest.mark.parametrize("is_repeated", [False, True])
def test_a_mail_of_unknown_fate_is_told_again_only_if_the_operator_says_so(settings, is_repeated):
    settings.SUNDIAL_ALERT_REPEAT_UNKNOWN = is_repeated
    (delivery,) = decide(TODAY)
    Delivery.objects.update(state=State.UNKNOWN)
    again = decide(TODAY + timedelta(days=1))
    assert len(again) == is_repeated
    delivery.refresh_from_db()
    assert delivery.state == (State.REPLACED if is_repeated else State.UNKNOWN)


def test_a_digest_on_its_way_is_not_written_a_second_time():
    (delivery,) = decide(TODAY)
    send_due(at(TODAY))
    delivery.refresh_from_db()
    assert delivery.state == State.PENDING
    assert decide(TODAY + timedelta(days=1)) == []


def test_readiness_and_overview_show_mail_that_does_not_go_out_until_it_does(client, admin_user, settings):
    client.force_login(admin_user)
    now = clock.wall()
    failed = make_delivery(1, state=State.FAILED, claimed_at=now, error="550 no such user")
    assert check_mail(now) == {"ok": False, "detail": "0 waiting, 1 given up, 0 of unknown fate"}
    assert client.get("/readyz").json()["parts"]["mail"]["ok"] is False
    page = client.get(reverse("overview")).content.decode()
    assert "Mail does not go out." in page
    assert reverse("admin:alerts_delivery_changelist") in page
    make_delivery(2, state=State.SENT, sent_at=now)
    assert client.get("/readyz").json()["parts"]["mail"]["ok"] is True
    assert "Some mail did not arrive." in client.get(reverse("overview")).content.decode()
    failed.delete()
    assert mail_status(now) == MailStatus()
    assert "did not arrive" not in client.get(reverse("overview")).content.decode()


def test_mail_that_nobody_tries_to_send_is_failing():
    now = clock.wall()
    make_delivery(1, next_try_at=now - timedelta(minutes=10))
    assert mail_status(now) == MailStatus()
    assert mail_status(now + timedelta(minutes=10)) == MailStatus(is_failing=True, waiting=1)


def test_one_refused_try_is_no_alarm_and_a_second_one_is():
    now = clock.wall()
    delivery = make_delivery(1, attempts=1, claimed_at=now, next_try_at=now + timedelta(minutes=1))
    assert check_mail(now)["ok"] is True
    Delivery.objects.filter(pk=delivery.pk).update(attempts=2)
    assert check_mail(now)["ok"] is False


def test_an_old_failure_is_not_shown_for_ever():
    now = clock.wall()
    make_delivery(1, state=State.FAILED, claimed_at=now - timedelta(days=8))
    make_delivery(2, state=State.UNKNOWN, claimed_at=now - timedelta(days=8))
    assert mail_status(now) == MailStatus()
