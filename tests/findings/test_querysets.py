"""Questions about findings as of any day, and what people do to them."""

from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from dashboard.catalog import snapshot
from dashboard.findings import actions, lifecycle, scan
from dashboard.findings.history import finding_history, silent_sources
from dashboard.findings.models import Finding, FindingAction, OpenPeriod
from tests.factories import NOW, as_day, at, make_application, make_entry, make_source, make_usage, report_only
from tests.thorough import examples

pytestmark = pytest.mark.django_db

TODAY = date(2023, 8, 1)


@pytest.fixture
def davinci():
    return make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")


@pytest.fixture
def finding(davinci):
    make_usage("shop", davinci, "2023-07-10", days=22)
    scan.run(NOW, TODAY)
    return Finding.objects.get()


def known(as_of=TODAY):
    day = as_day(as_of)
    return Finding.objects.as_of(day, snapshot.load(day))


def status(as_of) -> str:
    return known(as_of).get().status


def test_an_acknowledged_finding_was_open_the_day_before(finding):
    actions.acknowledge(finding, None, at("2023-07-20"), note="moving to instruct", target=date(2023, 9, 1))
    assert [status(day) for day in ("2023-07-19", "2023-07-20")] == ["open", "acknowledged"]


def test_a_snooze_ends_on_its_day(finding):
    actions.snooze(finding, None, at("2023-07-20"), until=date(2023, 7, 25))
    assert [status(day) for day in ("2023-07-20", "2023-07-24", "2023-07-25")] == ["snoozed", "snoozed", "open"]


def test_the_last_word_of_a_day_counts(finding):
    actions.exempt(finding, None, at("2023-07-20", 9), reason="contract ends anyway")
    actions.reopen(finding, None, at("2023-07-20", 10))
    assert status("2023-07-20") == "open"
    actions.exempt(finding, None, at("2023-07-21"), reason="it really does")
    assert [status(day) for day in ("2023-07-20", "2023-07-21", "2023-08-01")] == ["open", "exempt", "exempt"]


def test_comments_and_assignments_decide_nothing(finding):
    actions.acknowledge(finding, None, at("2023-07-20"), note="on it")
    actions.comment(finding, None, at("2023-07-21"), text="half way")
    actions.assign(finding, None, at("2023-07-21"), address=" ada@example.com ")
    assert status("2023-07-22") == "acknowledged"
    finding.refresh_from_db()
    assert finding.assignee == "ada@example.com"


@pytest.mark.parametrize(
    ("act", "arguments", "field"),
    [
        (actions.acknowledge, {"note": " "}, "note"),
        (actions.acknowledge, {"note": "ok", "target": date(2023, 7, 19)}, "target"),
        (actions.snooze, {"until": date(2023, 7, 20)}, "until"),
        (actions.snooze, {"until": date(2025, 7, 20)}, "until"),
        (actions.exempt, {"reason": ""}, "reason"),
        (actions.exempt, {"reason": "x" * 4001}, "reason"),
        (actions.assign, {"address": "a@b\nBcc: everybody@example.com"}, "address"),
        (actions.comment, {"text": "\0"}, "text"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(finding, act, arguments, field):
    with pytest.raises(ValidationError) as caught:
        act(finding, None, at("2023-07-20"), **arguments)
    assert list(caught.value.message_dict) == [field]
    assert not FindingAction.objects.exists()


def test_the_history_tells_calls_and_people_in_one_list_up_to_a_day(davinci):
    gateway = make_source()
    make_usage("shop", davinci, "2023-07-10", source=gateway)
    report_only(gateway, "2023-07-11", days=20)
    make_usage("shop", davinci, "2023-07-25", source=gateway)
    scan.run(NOW, TODAY)
    finding = Finding.objects.get()
    ada = get_user_model().objects.create_user("ada")
    actions.comment(finding, ada, at("2023-07-12"), text="moved")
    told = [(event.on.isoformat(), event.kind) for event in finding_history(finding, TODAY)]
    assert told == [
        ("2023-07-25", "regressed"),
        ("2023-07-18", "resolved"),
        ("2023-07-12", "comment"),
        ("2023-07-10", "opened"),
    ]
    assert len(finding_history(finding, date(2023, 7, 17))) == 2
    assert finding_history(finding, TODAY)[2].by == ada


def test_a_finding_whose_source_is_silent_says_so(davinci):
    gone, there = make_source("gone"), make_source("there")
    make_usage("shop", davinci, "2023-07-10", source=gone)
    make_usage("store", davinci, "2023-07-10", source=there)
    report_only(there, "2023-07-11", days=5)
    scan.run(NOW, date(2023, 7, 15))
    findings = list(known("2023-07-15").select_related("application"))
    silent = {f.application.slug: silent_sources(findings, date(2023, 7, 15)).get(f.pk) for f in findings}
    assert silent == {"shop": [gone], "store": None}
    findings = list(known("2023-07-12"))
    assert silent_sources(findings, date(2023, 7, 12)) == {}, "two days may pass"


def test_filters_narrow_the_list(davinci):
    soon = make_entry("azure-openai/gpt-35", announced="2023-07-01", sunset="2023-08-20")
    make_application("shop", team="Retail")
    make_usage("shop", davinci, "2023-07-30")
    make_usage("desk", soon, "2023-07-30")
    scan.run(NOW, TODAY)

    def names(found) -> list[str]:
        return sorted(f.application.slug for f in found.select_related("application"))

    assert names(known().due_within(30)) == ["desk"]
    assert names(known().on_platform("openai")) == names(known().of_team("Retail")) == ["shop"]
    assert (
        names(known().for_entries([soon.pk]))
        == names(known().for_application(make_application("desk")))
        == ["desk"]
    )
    assert names(known().alive()) == ["desk", "shop"]
    assert names(known().with_status("resolved")) == []
    counts = known().status_counts()
    assert counts["open"] == 2
    assert counts["exempt"] == 0


def test_the_list_is_paged_by_due_date_and_reads_only_the_page(django_assert_max_num_queries):
    for number in range(30):
        entry = make_entry(
            f"openai/m{number:02}", announced="2023-07-01", sunset=date(2024, 1, 1) - timedelta(days=number)
        )
        for name in ("b", "a", "c"):
            make_usage(name, entry, "2023-07-20")
    scan.run(NOW, TODAY)
    order = known().by_due()
    everything = list(order)
    assert [(f.entry.name, f.application.name) for f in everything[:4]] == [
        ("m29", "a"), ("m29", "b"), ("m29", "c"), ("m28", "a"),
    ]  # fmt: skip
    pages = Paginator(order, 7)
    assert [f.pk for page in pages for f in page] == [f.pk for f in everything]
    assert [f.pk for f in order[::-1]] == [f.pk for f in everything][::-1]
    assert order[-1].pk == everything[-1].pk
    with django_assert_max_num_queries(5):
        page = Paginator(known().by_due(), 50).page(1)
        assert all(f.entry.platform.slug == "openai" and f.status == "open" for f in page)


offsets = st.integers(0, 30)
decisions = st.lists(
    st.tuples(st.sampled_from(["acknowledge", "snooze", "exempt", "reopen"]), offsets, st.integers(1, 20)),
    max_size=5,
)


@fuzz(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=3), made=decisions)
def test_sql_status_equals_the_rule_of_the_lifecycle_on_every_day(finding, life, made):
    start = date(2023, 7, 6)
    OpenPeriod.objects.all().delete()
    FindingAction.objects.all().delete()
    periods, day = [], start
    for number, (length, pause) in enumerate(life):
        last = number == len(life) - 1
        periods.append(lifecycle.Period(number, day, day, None if last else day + timedelta(days=length)))
        day += timedelta(days=length + pause)
    ends = [s.opened_on for s in periods[1:]] + [None]
    for period, end in zip(periods, ends, strict=True):
        OpenPeriod.objects.create(
            finding=finding,
            number=period.number,
            opened_on=period.opened_on,
            last_call_on=period.last_call_on,
            resolved_on=period.resolved_on,
            next_opened_on=end,
        )
    status_actions = []
    for kind, offset, ahead in sorted(made, key=lambda item: item[1]):
        on = start + timedelta(days=offset)
        until = on + timedelta(days=ahead)
        status_actions.append(lifecycle.StatusAction(kind, on, until))
        extra = {"snooze": {"until": until}, "acknowledge": {"note": "n"}, "exempt": {"reason": "r"}}.get(kind, {})
        getattr(actions, kind)(finding, None, at(on), **extra)
    for offset in range(-1, 50, 3):
        asked = start + timedelta(days=offset)
        if asked < start:
            continue
        expected = lifecycle.status_on(asked, periods, status_actions)
        assert known(asked).values_list("status", flat=True).first() == expected
