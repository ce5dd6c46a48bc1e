"""A file counts once: copies, compression, growth, repeats, several readers."""

import gzip

import pytest
import zstandard

from dashboard.usage.ingest import dimensions, persist
from dashboard.usage.ingest.errors import InputError
from dashboard.usage.ingest.pipeline import Counts, Session, import_file
from dashboard.usage.models import HourlyRollup, RejectedLine, StaleDay, Stream
from tests.usage.conftest import NOW, access, calls, line, make_source, totals

LINES = [line(n) for n in range(1, 101)]
PLAIN = [access(n) for n in range(1, 101)]


def load(source, path, name="auto") -> Counts:
    return import_file(source, path, format=name, now=NOW)


def test_the_same_bytes_again_are_duplicates(source, write):
    path = write("usage.jsonl", b"".join(PLAIN))
    assert load(source, path) == Counts(100, 100, 0, 0, path.stat().st_size)
    assert load(source, path) == Counts(100, 0, 0, 100, path.stat().st_size)
    assert calls(source) == 100


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress, zstandard.compress], ids=["copy", "gz", "zst"])
def test_the_same_content_under_another_name_is_a_duplicate(source, write, squeeze):
    load(source, write("access.log", b"".join(PLAIN)))
    assert load(source, write("archive", squeeze(b"".join(PLAIN)))).duplicates == 100
    assert calls(source) == 100


def test_a_file_that_grew_counts_its_new_lines_only(source, write):
    load(source, write("access.log", b"".join(PLAIN[:40])))
    again = load(source, write("access.log", b"".join(PLAIN)))
    assert (again.records, again.accepted, again.duplicates) == (100, 60, 40)
    grown_copy = load(source, write("copy.log", b"".join([*PLAIN, access(500)])))
    assert (grown_copy.accepted, grown_copy.duplicates) == (1, 100)


def test_another_source_counts_the_same_bytes_for_itself(source, write):
    path = write("access.log", b"".join(PLAIN))
    load(source, path)
    assert load(make_source("other"), path).accepted == 100


def test_of_files_that_begin_alike_the_shared_beginning_counts_once(source, write):
    load(source, write("a.log", b"".join(PLAIN)))
    again = load(source, write("b.log", PLAIN[0] + b"".join(reversed(PLAIN))))
    assert (again.accepted, again.duplicates) == (100, 1)


@pytest.mark.parametrize("lines", [1, 37, 99])
def test_a_cut_off_copy_of_content_without_ids_is_a_duplicate(source, write, lines):
    load(source, write("access.log", b"".join(PLAIN)))
    copy = load(source, write("access.log.1", b"".join(PLAIN[:lines])))
    assert (copy.accepted, copy.duplicates) == (0, lines)
    grown = load(source, write("access.log.1", b"".join([*PLAIN[:lines], access(500)])))
    assert (grown.accepted, grown.duplicates) == (1, lines)
    assert calls(source) == 101


def test_the_same_line_twice_in_a_file_without_ids_is_two_calls(source, write):
    assert load(source, write("access.log", PLAIN[0] * 7)).accepted == 7


def test_a_call_delivered_again_in_another_file_is_a_duplicate(source, write):
    load(source, write("a.jsonl", b"".join(LINES)))
    again = load(source, write("b.jsonl", b"".join([line(900), *reversed(LINES), line(900)])))
    assert (again.accepted, again.duplicates) == (1, 101)
    assert calls(source) == 101


def test_many_small_deliveries_keep_every_id(source, write, monkeypatch):
    monkeypatch.setattr("dashboard.usage.ingest.dedup.MANY", 5)
    for start in range(0, 100, 7):
        load(source, write(f"{start}.jsonl", b"".join(LINES[start : start + 7])))
    assert load(source, write("all.jsonl", b"".join(reversed(LINES)))).duplicates == 100
    assert calls(source) == 100


def test_small_pieces_and_checkpoints_give_the_same_sums(write, db):
    content = b"".join(line(n, app=f"app-{n % 7}", hour=n % 24) for n in range(400))
    whole, pieces = make_source("whole"), make_source("pieces")
    path = write("x.jsonl", content)
    load(whole, path)
    counts = Session(pieces, NOW, piece_bytes=517, commit_bytes=2000).import_file(path, "sundial")
    assert counts.accepted == 400
    assert totals(whole) == totals(pieces)


def test_a_last_line_without_its_end_counts_in_an_import(source, write):
    assert load(source, write("x.jsonl", LINES[0] + LINES[1].rstrip())).accepted == 2
    again = load(source, write("x.jsonl", LINES[0] + LINES[1] + LINES[2]))
    assert (again.accepted, again.duplicates, again.rejected) == (1, 2, 0)


def test_an_empty_file_and_one_of_blank_lines_hold_nothing(source, write):
    assert load(source, write("empty", b"")) == Counts()
    assert load(source, write("blank", b"\n\n\n"), "sundial").records == 0


def test_rejected_lines_are_kept_with_their_place_once(source, write):
    path = write("x.jsonl", LINES[0] + b"nonsense\n" + LINES[1])
    assert load(source, path).rejected == 1
    again = load(source, path)
    assert (again.records, again.rejected, again.duplicates) == (3, 1, 2)
    kept = RejectedLine.objects.get()
    assert (kept.path, kept.line, kept.offset) == (str(path), 2, len(LINES[0]))


def test_rejected_lines_are_bounded(source, write, monkeypatch):
    monkeypatch.setattr(persist, "REJECTED_KEPT", 10)
    for n in range(5):
        load(source, write(f"{n}.jsonl", line(n) + b"nonsense %d\n" % n * 8), "sundial")
    assert RejectedLine.objects.count() == 10
    assert sum(Stream.objects.values_list("rejected", flat=True)) == 40


def test_an_overlong_line_is_rejected_with_its_place_and_the_rest_counts(source, write):
    long = b'{"ts": "' + b"x" * (9 << 20) + b'"}\n'
    path = write("x.jsonl", LINES[0] + long + LINES[1])
    assert load(source, path, "sundial").accepted == 2
    kept = RejectedLine.objects.get()
    assert (kept.line, kept.offset, kept.sample) == (2, len(LINES[0]), "")


def test_a_damaged_archive_counts_what_could_be_read_and_says_so(source, write):
    packed = bytearray(gzip.compress(b"".join(PLAIN * 400)))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = b"\xff" * 40
    with pytest.raises(InputError, match=r"x\.gz"):
        load(source, write("x.gz", bytes(packed)), "access-log")


def test_an_archive_that_is_rotten_from_the_start_is_a_problem_of_that_file(source, write):
    packed = gzip.compress(b"".join(line(n) for n in range(3000)))
    with pytest.raises(InputError, match="damaged"):
        load(source, write("x.gz", packed[:30] + b"\0" * 500), "sundial")


@pytest.mark.parametrize("squeeze", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_an_archive_that_was_cut_off_continues_when_it_is_whole(source, write, squeeze):
    whole = squeeze(b"".join(PLAIN * 50))
    with pytest.raises(InputError, match="cut off"):
        load(source, write("x", whole[:-9]), "access-log")
    counted = calls(source)
    assert load(source, write("x", whole), "access-log").accepted == 5000 - counted
    assert calls(source) == 5000


def test_a_bomb_is_not_inflated_to_the_end(source, write, monkeypatch):
    monkeypatch.setattr("dashboard.usage.ingest.decompress.BOMB_BYTES", 1 << 20)
    path = write("bomb.zst", zstandard.compress(b"0" * (64 << 20)))
    with pytest.raises(InputError, match="inflates more than"):
        load(source, path, "sundial")


def test_an_unknown_format_is_refused_by_name(source, write):
    with pytest.raises(InputError, match="no format 'xml'"):
        load(source, write("x", LINES[0]), "xml")
    with pytest.raises(InputError, match=r"notes\.txt is in no format that could be told: 1 lines of text"):
        load(source, write("notes.txt", b"hello\n"))


def test_names_without_end_are_bounded_and_lose_no_call(source, write, monkeypatch):
    monkeypatch.setattr(dimensions, "NAMES_PER_DAY", 5)
    monkeypatch.setattr(dimensions, "CALLERS_PER_DAY", 5)
    session = Session(source, NOW)
    content = b"".join(line(n, model=f"m-{n}", app=f"a-{n}") for n in range(50))
    assert session.import_file(write("x", content), "sundial").accepted == 50
    sums = totals(source)
    assert sum(number for number, _ in sums.values()) == 50
    assert sums["2024-01-04", "(other)", "(other)"][0] == 45
    assert "counted as (other)" in session.dimensions.overflow


def test_days_that_changed_are_marked_stale_with_the_counts(source, write):
    load(source, write("x", line(1) + line(2, ts="2024-01-05T00:00:00Z")), "sundial")
    assert {str(row.day) for row in StaleDay.objects.all()} == {"2024-01-04", "2024-01-05"}


def test_a_missing_measure_stays_missing_and_a_sum_skips_it(source, write):
    load(source, write("a", line(1, calls=None, input_tokens=None, cost=0.5)), "sundial")
    row = HourlyRollup.objects.get()
    assert (row.calls, row.input_tokens, row.cost_nano) == (None, None, 500_000_000)
    load(source, write("b", line(2, calls=3, input_tokens=7)), "sundial")
    row.refresh_from_db()
    assert (row.calls, row.errors, row.input_tokens, row.cost_nano) == (3, None, 7, 500_000_000)


def test_absurd_sums_do_not_leave_the_integers(source, write):
    huge = [line(n, calls=10**12, cost=10**6) for n in range(3)]
    HourlyRollup.objects.all().delete()
    load(source, write("a", huge[0]), "sundial")
    HourlyRollup.objects.update(calls=2**63 - 1)
    load(source, write("b", huge[1]), "sundial")
    assert isinstance(HourlyRollup.objects.get().calls, int)
    assert HourlyRollup.objects.get().calls < 2**63


def test_many_rows_merge_as_few_do(source, write):
    content = [line(n, app=f"app-{n % 40}", model=f"model-{n % 50}", hour=n % 24) for n in range(3000)]
    load(source, write("a", b"".join(content)), "sundial")
    load(source, write("b", b"".join(line(n + 5000, app=f"app-{n % 40}") for n in range(3000))), "sundial")
    assert calls(source) == 6000


def test_a_reader_overtaken_by_another_counts_nothing_twice(source, write):
    path = write("x.log", b"".join(PLAIN))
    slow = Session(source, NOW, piece_bytes=300, commit_bytes=600)
    overtaken = []

    def overtake(_: int) -> None:
        if not overtaken:
            overtaken.append(load(source, path))

    counts = slow.import_file(path, "access-log", overtake)
    assert calls(source) == 100
    assert counts.records == 100
    assert overtaken[0].accepted + counts.accepted == 100


def test_an_id_counted_by_another_reader_meanwhile_is_a_duplicate(source, write):
    path, rival = write("x.jsonl", b"".join(LINES)), write("y.jsonl", b"".join(reversed(LINES)))
    slow = Session(source, NOW, piece_bytes=3000, commit_bytes=3000)
    overtaken = []

    def overtake(_: int) -> None:
        if not overtaken:
            overtaken.append(load(source, rival))

    counts = slow.import_file(path, "sundial", overtake)
    assert calls(source) == 100
    assert counts.accepted + overtaken[0].accepted == 100
