"""Digests: which findings they report, that each is written once, and the text of the mail."""

from datetime import date, timedelta

import pytest

from dashboard.alerts import outbox
from dashboard.alerts.models import Delivery, Notice
from dashboard.catalog import snapshot
from dashboard.catalog.models import Milestone
from dashboard.findings import actions, scan
from dashboard.findings.models import Finding
from dashboard.usage.models import Application
from tests.factories import NOW, as_day, at, make_application, make_entry, make_revision, make_source, make_usage

pytestmark = pytest.mark.django_db

SUNSET = date(2024, 1, 4)
TODAY = date(2023, 12, 8)


@pytest.fixture(autouse=True)
def _fallback(settings):
    settings.SUNDIAL_ALERT_FALLBACK = "platform@example.com"
    settings.SUNDIAL_BASE_URL = "https://sundial.example.com"


@pytest.fixture
def davinci():
    instruct = make_entry("openai/gpt-3.5-turbo-instruct")
    return make_entry(
        "openai/davinci", announced="2023-07-06", sunset=SUNSET, on_sunset="fails", replacements=[instruct]
    )


def decide(as_of=TODAY) -> list[Delivery]:
    day = as_day(as_of)
    scan.run(at(day), day)
    return outbox.write_digests(at(day), day)


@pytest.mark.parametrize(
    ("day", "subject"),
    [
        ("2024-01-03", "One of your models retires in one day (2024-01-04)"),
        ("2024-01-04", "One of your models retires today (2024-01-04)"),
        ("2024-01-05", "One of your models retired one day ago (2024-01-04)"),
    ],
)
def test_the_subject_says_the_nearest_deadline(davinci, day, subject):
    make_usage("shop", davinci, "2023-12-02", days=60)
    assert [mail.subject for mail in decide(day)] == [subject]


def test_an_owner_gets_one_mail_about_all_of_their_models(davinci):
    ada = make_entry(
        "openai/ada", announced="2023-07-06", sunset=SUNSET, on_sunset="redirects", replacements=[davinci]
    )
    for name in ("shop", "store"):
        make_application(name, owner="Ada@example.com" if name == "shop" else "ada@example.com")
        make_usage(name, davinci, "2023-12-02", 10, days=7)
    make_usage("shop", ada, "2023-12-02", 1750, days=7)
    (mail,) = decide()
    assert mail.subject == "2 of your models retire in 27 days (2024-01-04)"
    assert Notice.objects.count() == mail.notices.count() == 6, "the 30-day threshold and 'new', three times"
    for word in (
        "shop → davinci",
        "store → davinci",
        "gpt-3.5-turbo-instruct",
        "redirected to davinci",
        "10\u202f500",
    ):
        assert word in mail.text
    assert "https://sundial.example.com/findings/" in mail.html
    assert "no owner" not in mail.text


def test_deciding_again_writes_nothing(davinci):
    make_usage("shop", davinci, "2023-12-01", days=7)
    assert len(decide()) == 1
    assert decide() == []


def test_two_runs_that_decide_at_once_write_one_mail(davinci, monkeypatch):
    """Both have read that nothing is reported yet; the constraint lets the first one win."""
    make_usage("shop", davinci, "2023-12-01", days=7)
    scan.run(NOW, TODAY)
    earlier = outbox.plan_digests(TODAY)
    assert len(outbox.write_digests(NOW, TODAY)) == 1
    monkeypatch.setattr(outbox, "plan_digests", lambda _: earlier)
    assert outbox.write_digests(NOW, TODAY) == []
    assert Delivery.objects.count() == 1


def test_what_the_first_run_left_over_is_reported_by_the_next_one(davinci, monkeypatch):
    make_usage("shop", davinci, "2023-12-02", days=7)
    scan.run(NOW, TODAY)
    earlier = outbox.plan_digests(TODAY)
    outbox.write_digests(NOW, TODAY)
    Delivery.objects.update(message_id="another")
    Notice.objects.filter(reason="new").delete()
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "plan_digests", lambda _: earlier)
        assert outbox.write_digests(NOW, TODAY) == []
    assert Notice.objects.count() == 1, "nothing of a lost race stays behind"
    assert len(decide()) == 1


def test_the_assignee_comes_before_the_owner_and_the_fallback_last(davinci):
    make_application("owned", owner="owner@example.com")
    for name in ("owned", "assigned", "orphan"):
        make_usage(name, davinci, "2023-12-01", days=7)
    scan.run(NOW, TODAY)
    finding = Finding.objects.get(application__slug="assigned")
    actions.assign(finding, None, NOW, address="grace@example.com")
    assert {d.recipient for d in decide()} == {"owner@example.com", "grace@example.com", "platform@example.com"}
    assert "have no owner" in Delivery.objects.get(recipient="platform@example.com").text


def test_without_anybody_to_tell_the_reason_is_visible_and_nothing_is_lost(davinci, settings):
    settings.SUNDIAL_ALERT_FALLBACK = ""
    make_usage("orphan", davinci, "2023-12-01", days=7)
    assert decide() == []
    (skip,) = outbox.plan_digests(TODAY).skipped
    assert (skip.finding.application.slug, skip.why) == ("orphan", "no recipient")
    settings.SUNDIAL_ALERT_FALLBACK = "platform@example.com"
    assert len(decide()) == 1


@pytest.mark.parametrize("act", ["snooze", "exempt"])
def test_silenced_findings_are_not_told_and_say_why(davinci, act):
    make_usage("shop", davinci, "2023-12-01", days=7)
    scan.run(NOW, TODAY)
    if act == "snooze":
        actions.snooze(Finding.objects.get(), None, NOW, until=date(2023, 12, 20))
    else:
        actions.exempt(Finding.objects.get(), None, NOW, reason="leaves with the contract")
    assert decide() == []
    assert [skip.why for skip in outbox.plan_digests(TODAY).skipped] == [
        "snoozed" if act == "snooze" else "exempt"
    ]


@pytest.mark.slow
def test_half_a_year_day_by_day_tells_each_threshold_once_and_then_weekly(davinci):
    make_application("shop", owner="ada@example.com")
    make_usage("shop", davinci, "2023-07-01", 100, days=205)
    told: list[tuple[int, str, int]] = []
    day = date(2023, 7, 10)
    scan.run(NOW, date(2024, 1, 21))
    while day <= date(2024, 1, 20):
        for mail in outbox.write_digests(at(day), day):
            told += [((SUNSET - day).days, notice.reason, notice.step) for notice in mail.notices.all()]
        day += timedelta(days=1)
    thresholds = [(left, step) for left, reason, step in told if reason == "threshold"]
    assert thresholds == [(days, days) for days in (90, 60, 30, 14, 7, 3, 1, 0)]
    late = [left for left, reason, _ in told if reason == "late"]
    assert late == [-4, -11], "Mondays of the weeks after, in which no other mail went"
    assert {reason for _, reason, _ in told} == {"threshold", "late"}


def test_an_application_that_appears_late_is_reported_once_and_not_for_every_missed_threshold(davinci):
    make_usage("shop", davinci, "2023-12-27", 5, days=3)
    (mail,) = decide("2023-12-30")
    assert {(n.reason, n.step) for n in mail.notices.all()} == {("threshold", 7), ("new", 0)}


def test_a_moved_date_is_told_with_the_old_one_and_thresholds_count_anew(davinci):
    make_usage("shop", davinci, "2023-11-01", days=60)
    decide("2023-12-06")
    make_revision(davinci, "2023-12-08", sunset="2024-01-20")
    (mail,) = decide("2023-12-08")
    assert {n.reason for n in mail.notices.all()} == {"moved", "threshold"}
    assert mail.subject == "One of your models retires in 43 days (2024-01-20)"
    assert "date moved from 2024-01-04" in mail.text
    assert decide("2023-12-09") == []
    (mail,) = decide("2023-12-21")
    assert [(n.reason, n.step) for n in mail.notices.all()] == [("threshold", 30)]


def test_calls_that_come_back_inside_thirty_days_are_told(davinci):
    gateway = make_source()
    make_usage("shop", davinci, "2023-11-01", source=gateway, days=10)
    make_usage("other", davinci, "2023-11-01", source=gateway, days=60)
    make_application("shop", owner="ada@example.com")
    Finding.objects.all().delete()
    decide("2023-11-12")
    assert Finding.objects.as_of(date(2023, 12, 1), outbox.catalog.load(date(2023, 12, 1))).count() == 2
    make_usage("shop", davinci, "2023-12-20", source=gateway)
    make_application("shop").save()
    from_shop = [d for d in decide("2023-12-21") for n in d.notices.all() if n.finding.application.slug == "shop"]
    assert {n.reason for n in from_shop[0].notices.filter(finding__application__slug="shop")} == {
        "threshold",
        "regressed",
    }


def test_hostile_names_cannot_break_the_mail(davinci):
    nasty = "<script>alert(1)</script>\r\nBcc: everybody@example.com\u202e" + "x" * 120
    make_usage(Application.objects.create(slug="nasty", name=nasty), davinci, "2023-12-01", days=7)
    (mail,) = decide()
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "\nBcc" not in mail.text
    assert "\u202e" not in mail.text
    assert "<script>alert(1)</script> Bcc: everybody@example.com xxx" in mail.text
    assert "x" * 100 not in mail.text


def test_ten_thousand_findings_make_one_mail_of_bounded_length(davinci, monkeypatch):
    monkeypatch.setattr(outbox.digest, "ITEMS_SHOWN", 3)
    for number in range(5):
        make_usage(f"app {number}", davinci, "2023-12-01", days=7)
    (mail,) = decide()
    assert mail.notices.filter(reason="threshold").count() == 5
    assert "2 more findings: https://sundial.example.com/findings/" in mail.text


CLAUDE = "anthropic.claude-v2:1"


@pytest.fixture
def claude():
    """Ends in July everywhere, and in January in Paris, which is known since 1 November."""
    entry = make_entry(f"aws-bedrock/{CLAUDE}", announced="2023-07-06", sunset="2024-07-04", on_sunset="fails")
    end_in_paris(entry, "2023-11-01", "2024-01-04")
    return entry


def end_in_paris(entry, known: str, on: str) -> None:
    Milestone.objects.create(revision=make_revision(entry, known), kind="sunset", on=on, region="eu-west-3")
    snapshot.bump(NOW)


def test_thresholds_count_from_the_day_that_applies_and_the_mail_names_the_region(claude):
    make_application("paris", owner="paris@example.com")
    make_application("world", owner="world@example.com")
    make_usage("paris", f"eu.{CLAUDE}", "2023-11-01", days=38, platform="aws-bedrock")
    make_usage("world", CLAUDE, "2023-11-01", days=38, platform="aws-bedrock")
    (mail,) = decide()
    assert (mail.recipient, mail.subject) == (
        "paris@example.com",
        "One of your models retires in 27 days (2024-01-04)",
    )
    assert {(n.reason, n.step, n.sunset_on) for n in mail.notices.all()} == {("threshold", 30, SUNSET)}
    told = "Sunset date: 2024-01-04 (in eu-west-3; the model’s general sunset date is 2024-07-04)"
    assert told in mail.text
    assert told.removeprefix("Sunset date: ") in mail.html
    assert decide("2023-12-09") == []


def test_a_moved_date_of_a_region_is_news_for_those_who_call_from_there(claude):
    for name, called in (("paris", f"eu.{CLAUDE}"), ("world", CLAUDE)):
        make_application(name, owner=f"{name}@example.com")
        make_usage(name, called, "2023-11-01", days=38, platform="aws-bedrock")
    decide("2023-12-01")
    end_in_paris(claude, "2023-12-05", "2024-02-20")
    (mail,) = decide()
    assert mail.recipient == "paris@example.com"
    assert ("moved", date(2024, 2, 20)) in {(n.reason, n.sunset_on) for n in mail.notices.all()}
    assert "2024-01-04" in mail.text, "where it was"


def test_a_first_date_for_a_region_is_a_move_for_its_callers():
    entry = make_entry(f"aws-bedrock/{CLAUDE}", announced="2023-07-06", sunset="2024-07-04", on_sunset="fails")
    make_usage("paris", f"eu.{CLAUDE}", "2023-11-01", days=38, platform="aws-bedrock")
    end_in_paris(entry, "2023-12-05", "2024-01-04")
    (mail,) = decide()
    assert "moved" in {n.reason for n in mail.notices.all()}
