"""Pages of an API as files: read whole, once, also while they are being written."""

import gzip
import json

import pytest

from dashboard.usage.ingest.errors import InputError
from dashboard.usage.ingest.pipeline import Counts, Session, import_file
from dashboard.usage.models import RejectedLine, Stream
from dashboard.usage.polling import poll
from tests.usage.conftest import NOW, calls, totals


def record(number: int) -> dict:
    """One call in the shape of Cloudflare AI Gateway's logs; records of one number are the same call."""
    at = f"2024-01-04T09:{number // 60 % 60:02}:{number % 60:02}Z"
    call = {"id": f"log-{number}", "created_at": at, "provider": "openai", "model": "gpt-4", "status_code": 200}
    return call | {"cached": False, "tokens_in": number, "tokens_out": 1, "metadata": '{"app": "search"}'}


def page(first: int, last: int, indent: int | None = 2) -> bytes:
    found = [record(number) for number in range(first, last + 1)]
    return json.dumps({"result": found, "success": True, "result_info": {"page": 1}}, indent=indent).encode()


def load(source, path) -> Counts:
    return import_file(source, path, format="auto", now=NOW)


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "gz"])
def test_a_page_of_any_layout_is_read_whole_and_once(source, write, indent, squeeze):
    path = write("page.json", squeeze(page(1, 30, indent)))
    assert load(source, path) == Counts(30, 30, 0, 0, path.stat().st_size)
    assert load(source, path) == Counts(30, 0, 0, 30, path.stat().st_size)
    assert totals(source) == {("2024-01-04", "search", "gpt-4"): (30, sum(range(31)))}


def test_pages_that_overlap_count_each_record_once(source, write):
    load(source, write("1.json", page(1, 30)))
    assert load(source, write("2.json", page(21, 50))).duplicates == 10
    assert load(source, write("3.json", page(1, 50, indent=None))).duplicates == 50
    assert calls(source) == 50


def test_a_long_page_on_one_line_is_read(source, write):
    whole = page(1, 3000, indent=None)
    assert len(whole) > 9 * 64 << 10
    assert load(source, write("line.json", whole + b"\n")).accepted == 3000
    assert (
        load(source, write("lines.jsonl", page(3001, 3900, None) + b"\n" + page(3901, 3910, None))).accepted == 910
    )


def test_a_record_at_fault_is_kept_with_its_place(source, write):
    content = page(1, 3).replace(b'"created_at": "2024-01-04T09:00:02Z"', b'"created_at": "soon"')
    assert load(source, write("page.json", content)).rejected == 1
    kept = RejectedLine.objects.get()
    assert (kept.line, content[kept.offset :].split(b"\n")[1].strip()) == (2, b'"id": "log-2",')


def test_a_page_larger_than_the_bound_is_refused_and_says_what_to_do(source, write, monkeypatch):
    monkeypatch.setattr("dashboard.usage.ingest.chunks.MAX_DOCUMENT", 5000)
    with pytest.raises(InputError, match=r"page\.json is one JSON document of more than .*smaller pages"):
        load(source, write("page.json", page(1, 40)))
    assert calls(source) == 0


def test_a_page_that_is_cut_off_is_refused(source, write):
    with pytest.raises(InputError, match="not one whole JSON document"):
        load(source, write("page.json", page(1, 40)[:-30]))
    assert calls(source) == 0


def test_a_page_that_is_still_being_written_waits(inbox, settings):
    path, whole = settings.SUNDIAL_INBOX / "page.json", page(1, 40)
    for end in (3000, 6000):
        path.write_bytes(whole[:end])
        assert poll(inbox, NOW).records == 0
        assert "not one whole JSON document" in Stream.objects.get().problem
    path.write_bytes(whole)
    assert poll(inbox, NOW).accepted == 40
    assert Stream.objects.get().problem == ""
    path.write_bytes(whole + b"\n")
    assert poll(inbox, NOW).records == 0
    assert (calls(inbox), Stream.objects.get().problem) == (40, "")


def test_a_page_that_is_fetched_again_with_more_counts_the_new_records(inbox, settings):
    path = settings.SUNDIAL_INBOX / "latest.json"
    path.write_bytes(page(1, 20))
    assert poll(inbox, NOW).accepted == 20
    path.write_bytes(page(1, 25))
    counts = poll(inbox, NOW)
    assert (counts.accepted, counts.duplicates) == (5, 20)
    assert calls(inbox) == 25


def test_a_page_too_big_for_one_process_is_still_read_whole(source, write):
    counts = Session(source, NOW, workers=1, worker_threshold=0).import_file(
        write("page.json", page(1, 200)), "auto", None
    )
    assert (counts.accepted, counts.rejected) == (200, 0)
