"""Sources at a glance: who reads, who is silent, what could not be counted."""

import re
from datetime import date, timedelta

import pytest

from dashboard.core import clock
from dashboard.findings import scan
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.models import DailyRollup, HourlyRollup, RejectedLine, Source, Stream, SyncWindow
from dashboard.web.sources.format_list import SUPPORTED
from tests.factories import NOW, at, make_source, make_usage
from tests.web.pages import queries_of, words

pytestmark = pytest.mark.django_db


def make_stream(source: Source, path: str, **fields) -> Stream:
    return Stream.objects.create(source=source, path=path, head=path[-30:], inode=1, read_at=NOW, **fields)


def states(response) -> dict[str, str]:
    return {row.source.slug: row.state for row in response.context["rows"]}


def test_each_source_has_one_word_and_those_in_need_come_first(viewer):
    for slug in ("alive", "quiet"):
        make_source(slug, polled_at=clock.wall())
    make_usage("shop", "x", "2023-12-08", 5, source=make_source("alive"))
    make_usage("shop", "x", "2023-12-01", 5, source=make_source("quiet"))
    make_source("fresh", polled_at=clock.wall())
    make_source("off", paused=True)
    make_source("hand", kind="import")
    make_source("wrong", polled_at=clock.wall(), problem="No such folder")
    response = viewer.get("/sources/")
    assert states(response) == {
        "wrong": "problem", "quiet": "silent", "alive": "reading", "fresh": "waiting", "hand": "imported",
        "off": "paused",
    }  # fmt: skip
    assert list(states(response))[:2] == ["wrong", "quiet"]
    assert "No such folder" in words(response)


def test_a_push_source_tells_its_last_delivery_and_is_silent_by_habit(viewer):
    make_usage("shop", "x", "2023-12-01", 5, source=make_source("edge", kind="push", polled_at=at("2023-12-01")))
    make_source("fresh", kind="push")
    make_source("odd", kind="push", problem="ci is in no format that could be told", polled_at=at("2023-12-08"))
    assert states(viewer.get("/sources/")) == {"odd": "problem", "edge": "silent", "fresh": "waiting"}
    text = words(viewer.get("/sources/edge/"))
    assert "Silent since 1 Dec 2023" in text
    assert "Last delivery 2023-12-01" in text
    assert "never" in words(viewer.get("/sources/fresh/"))
    assert "The last delivery ran into a problem. ci is in no format" in words(viewer.get("/sources/odd/"))


def test_silence_is_judged_as_of_the_day(viewer):
    make_usage("shop", "x", "2023-12-01", 5, source=make_source("quiet", polled_at=clock.wall()))
    assert states(viewer.get("/sources/?as_of=2023-12-03")) == {"quiet": "reading"}
    assert "Silent since 1 Dec 2023" in words(viewer.get("/sources/quiet/"))


def test_without_sources_the_page_names_the_real_inbox(viewer, settings):
    text = words(viewer.get("/sources/"))
    assert "No source yet" in text
    assert str(settings.SUNDIAL_INBOX) in text


def test_every_format_is_described(viewer):
    assert [name for name, _ in SUPPORTED] == list(FORMATS)
    text = words(viewer.get("/sources/"))
    for name in FORMATS:
        assert name in text


def test_a_source_shows_its_files_and_the_lines_that_were_not_counted(viewer):
    source = make_source("gateway", polled_at=clock.wall())
    make_stream(
        source, "/logs/a.jsonl", format="sundial", lines=120, rejected=2, accepted=118, offset=2048, size=900
    )
    RejectedLine.objects.create(
        source=source,
        path="/logs/a.jsonl",
        line=7,
        offset=512,
        reason="ts: not a time",
        sample='{"ts": <i>',
        at=NOW,
    )
    response = viewer.get("/sources/gateway/")
    text = words(response)
    for expected in ("/logs/a.jsonl:7", "byte 512", "ts: not a time", '{"ts": <i>', "118"):
        assert expected in text
    assert "<i>" not in response.text


def test_files_are_paged(viewer):
    source = make_source("gateway")
    for i in range(60):
        make_stream(source, f"/logs/{i:03}.jsonl")
    assert len(viewer.get("/sources/gateway/").context["page"].object_list) == 50
    assert len(viewer.get("/sources/gateway/?page=2").context["page"].object_list) == 10


def test_takes_as_many_queries_for_many_sources_as_for_few(viewer):
    make_usage("shop", "x", "2023-12-08", 5, source=make_source("one"))
    few = queries_of(viewer, "/sources/")
    for i in range(20):
        make_usage("shop", "x", "2023-12-08", 5, source=make_source(f"s-{i}"))
    scan.run(NOW, date(2023, 12, 8))
    assert queries_of(viewer, "/sources/") == few


def test_an_unknown_source_is_not_found(viewer):
    assert viewer.get("/sources/nope/").status_code == 404


def test_a_source_that_never_tells_on_weekends_is_not_silent_on_monday(viewer):
    source = make_source("office", polled_at=clock.wall())
    for monday in ("2023-11-06", "2023-11-13", "2023-11-20", "2023-11-27"):
        make_usage("shop", "x", monday, 5, days=5, source=source)
    assert states(viewer.get("/sources/?as_of=2023-12-04")) == {"office": "reading"}
    assert states(viewer.get("/sources/?as_of=2023-12-05")) == {"office": "silent"}
    assert "Its usual pause is 3 days" in words(viewer.get("/sources/office/?as_of=2023-12-05"))


def test_a_source_whose_applications_call_less_is_quiet_and_not_silent(viewer):
    source = make_source("gateway", polled_at=clock.wall())
    make_usage("shop", "x", "2023-11-01", 5, days=10, source=source)
    make_usage("labs", "y", "2023-11-01", 5, days=38, source=source)
    assert states(viewer.get("/sources/")) == {"gateway": "reading"}


def test_chips_and_search_narrow_many_sources(viewer):
    for n in range(12):
        make_source(f"gateway-{n}", polled_at=clock.wall(), paused=n < 5)
    response = viewer.get("/sources/")
    assert "Paused5" in words(response).replace(" ", "")
    assert len(states(viewer.get("/sources/?state=paused"))) == 5
    assert set(states(viewer.get("/sources/?q=WAY-11"))) == {"gateway-11"}
    assert "Nothing matches these filters" in words(viewer.get("/sources/?q=nope"))


def test_a_source_that_tells_no_calls_shows_its_tokens(viewer):
    source = make_source("anthropic", polled_at=clock.wall())
    make_usage("shop", "claude-2", "2023-12-07", None, input_tokens=500, source=source)
    (row,) = viewer.get("/sources/").context["rows"]
    assert (row.health.measure, row.health.calls[-2:]) == ("tokens", (500, 0))
    assert "Input tokens per day" in words(viewer.get("/sources/anthropic/"))


def test_the_newest_hour_tells_how_far_a_source_is(viewer):
    source = make_source("gateway", polled_at=clock.wall())
    make_usage("shop", "x", "2023-12-08", 5, source=source)
    rollup = DailyRollup.objects.get()
    HourlyRollup.objects.create(
        hour=at("2023-12-08", 9), source=source, identity=rollup.identity, name=rollup.name, calls=5
    )
    assert "09:00 UTC" in words(viewer.get("/sources/"))
    assert "Newest hour 09:00 of 2023-12-08 UTC" in words(viewer.get("/sources/gateway/"))


def test_why_lines_were_rejected_is_summed_up(viewer):
    source = make_source("gateway", polled_at=clock.wall())
    for n, reason in enumerate(["the time is missing"] * 3 + ["not JSON <b>"]):
        RejectedLine.objects.create(source=source, path="a", line=n, offset=n, reason=reason, at=NOW)
    response = viewer.get("/sources/gateway/")
    assert response.context["reasons"] == [("the time is missing", 3), ("not JSON <b>", 1)]
    assert "<b>" not in response.text


def test_a_database_shows_how_much_of_its_history_is_read(viewer):
    begun = clock.wall() - timedelta(days=1)
    config = {"url": "env:DB", "preset": "litellm-spendlogs", "since": f"{begun - timedelta(days=99):%Y-%m-%d}"}
    source = make_source("db", kind="sql", config=config, polled_at=clock.wall())
    until = int(clock.wall().timestamp())
    SyncWindow.objects.create(
        source=source, name="LiteLLM_SpendLogs", begin=until - 50 * 86400, until=until, read_at=NOW
    )
    response = viewer.get("/sources/db/")
    assert re.search(r'<progress id="meter" max="1" value="0\.[45]\d*">', response.text)
    assert 'data-refresh="/sources/db/status/"' in response.text
    Source.objects.update(paused=True)
    assert "data-refresh" not in viewer.get("/sources/db/status/").text


def test_takes_the_same_queries_for_one_source_however_many_there_are(viewer):
    make_usage("shop", "x", "2023-12-08", 5, source=make_source("one"))
    few = queries_of(viewer, "/sources/one/")
    for i in range(20):
        make_usage("shop", "x", "2023-12-01", 5, source=make_source(f"s-{i}"))
    assert queries_of(viewer, "/sources/one/") == few
