"""Sources at a glance: who reads, who is silent, what could not be counted."""

from datetime import date

import pytest

from dashboard.findings import scan
from dashboard.kit import clock
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.models import RejectedLine, Source, Stream
from dashboard.web.formats import SUPPORTED
from tests.factories import NOW, make_source, make_usage
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


def test_only_people_of_the_admin_are_led_to_add_one(viewer, admin_client):
    assert "Add a source" not in words(viewer.get("/sources/"))
    assert 'href="/admin/usage/source/add/"' in admin_client.get("/sources/").text


def test_an_unknown_source_is_not_found(viewer):
    assert viewer.get("/sources/nope/").status_code == 404
