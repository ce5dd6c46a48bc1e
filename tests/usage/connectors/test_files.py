"""Watched files as they grow, rotate, are copied, compressed and deleted: every line counts once."""

import gzip
import json
import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.core.locks import try_lock
from dashboard.usage import polling
from dashboard.usage.connectors.files import listing, poller
from dashboard.usage.ingest.pipeline import import_file
from dashboard.usage.models import Stream
from dashboard.usage.polling import claim_due, ensure_inbox, poll
from tasks import poll as task
from tests.thorough import examples
from tests.usage.conftest import NOW, access, calls, line, make_source, totals

PLAIN = [access(n) for n in range(1, 101)]


@pytest.fixture
def folder(settings, inbox):
    return settings.SUNDIAL_INBOX


def append(path, *lines: bytes) -> None:
    with path.open("ab") as handle:
        handle.write(b"".join(lines))


def test_only_new_lines_of_a_growing_file_count(inbox, folder):
    log = folder / "access.log"
    append(log, *PLAIN[:10])
    assert poll(inbox, NOW).accepted == 10
    assert poll(inbox, NOW).records == 0
    append(log, *PLAIN[10:15])
    assert poll(inbox, NOW).accepted == 5
    assert calls(inbox) == 15


def test_an_unchanged_file_is_not_opened(inbox, folder, monkeypatch):
    append(folder / "access.log", *PLAIN)
    poll(inbox, NOW)
    monkeypatch.setattr("dashboard.usage.ingest.file_reader.DecompressedStream", None)
    assert poll(inbox, NOW).records == 0


def test_a_half_written_line_waits_for_its_end(inbox, folder):
    log = folder / "access.log"
    append(log, PLAIN[0], PLAIN[1][:30])
    assert poll(inbox, NOW).accepted == 1
    append(log, PLAIN[1][30:], PLAIN[2])
    counts = poll(inbox, NOW)
    assert (counts.accepted, counts.rejected) == (2, 0)


def test_a_whole_object_without_a_newline_counts_once_the_file_is_left_alone(inbox, folder):
    log = folder / "call.json"
    log.write_bytes(line(1).rstrip())
    os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    assert poll(inbox, NOW + timedelta(seconds=10)).accepted == 0
    assert poll(inbox, NOW + timedelta(seconds=90)).accepted == 1
    append(log, b"\n", line(2))
    counts = poll(inbox, NOW + timedelta(seconds=120))
    assert (counts.accepted, counts.rejected, counts.duplicates) == (1, 0, 0)
    assert Stream.objects.get().lines == 2


def test_rotation_by_rename_keeps_both_files_apart(inbox, folder):
    log = folder / "access.log"
    append(log, *PLAIN[:10])
    poll(inbox, NOW)
    append(log, *PLAIN[10:12])
    log.rename(folder / "access.log.1")
    append(log, *PLAIN[12:20])
    assert poll(inbox, NOW).accepted == 10
    assert calls(inbox) == 20
    assert set(Stream.objects.values_list("path", "accepted")) == {
        (str(folder / "access.log.1"), 12),
        (str(log), 8),
    }


def test_rotation_by_copy_and_truncate_counts_every_line_once(inbox, folder):
    log, copy = folder / "access.log", folder / "access.log.1"
    append(log, *PLAIN[:10])
    poll(inbox, NOW)
    copy.write_bytes(log.read_bytes())
    os.truncate(log, 0)
    append(log, *PLAIN[50:53])
    assert poll(inbox, NOW).accepted == 3
    append(log, *PLAIN[53:80])
    assert poll(inbox, NOW).accepted == 27
    assert calls(inbox) == 40


def test_compressing_what_was_read_adds_nothing(inbox, folder):
    log = folder / "access.log.1"
    append(log, *PLAIN[:20])
    poll(inbox, NOW)
    append(log, *PLAIN[20:25])
    (folder / "access.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    assert poll(inbox, NOW).accepted == 5
    (folder / "backup.gz").write_bytes((folder / "access.log.1.gz").read_bytes())
    counts = poll(inbox, NOW)
    assert (counts.accepted, counts.duplicates) == (0, 25)
    assert calls(inbox) == 25


def test_a_file_rewritten_with_other_content_counts_anew(inbox, folder):
    log = folder / "access.log"
    append(log, *PLAIN[:10])
    poll(inbox, NOW)
    log.write_bytes(b"".join(reversed(PLAIN)))
    assert poll(inbox, NOW).accepted == 100


def test_a_file_replaced_by_a_longer_version_of_itself_counts_the_rest(inbox, folder):
    log = folder / "usage.log"
    for number in (10, 30, 60):
        fresh = folder / "usage.log.tmp"
        fresh.write_bytes(b"".join(PLAIN[:number]))
        fresh.rename(log)
        poll(inbox, NOW)
    assert calls(inbox) == 60
    assert Stream.objects.count() == 1


def test_two_growing_copies_count_once(inbox, folder):
    for end in (10, 25, 60):
        for name in ("a.log", "b.log"):
            (folder / name).open("ab").close()
            append(folder / name, *PLAIN[(folder / name).read_bytes().count(b"\n") : end])
        poll(inbox, NOW)
    assert calls(inbox) == 60


def test_hard_and_symbolic_links_are_one_file(inbox, folder):
    append(folder / "a.log", *PLAIN[:5])
    os.link(folder / "a.log", folder / "hard.log")
    (folder / "soft.log").symlink_to(folder / "a.log")
    assert poll(inbox, NOW).records == 5


def test_a_link_that_leads_out_of_the_roots_is_not_followed(inbox, folder, settings, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.log"
    outside.write_bytes(PLAIN[0])
    settings.SUNDIAL_WATCH_ROOTS = []
    (folder / "link.log").symlink_to(outside)
    append(folder / "a.log", PLAIN[1])
    assert poll(inbox, NOW).accepted == 1
    assert "lies outside the folders that may be read" in inbox.problem


def test_temporary_and_hidden_files_are_left_alone(inbox, folder):
    for name in (".hidden.log", "upload.log.part", "x.tmp", "y.swp", "z.log~"):
        append(folder / name, PLAIN[0])
    assert poll(inbox, NOW).records == 0


def test_a_file_of_no_known_format_becomes_a_problem_until_it_changes(inbox, folder):
    notes = folder / "notes.txt"
    notes.write_bytes(b"hello\n")
    append(folder / "good.log", *PLAIN[:3])
    assert poll(inbox, NOW).accepted == 3
    assert "notes.txt is in no format that could be told" in inbox.problem
    poll(inbox, NOW)
    assert "notes.txt" in inbox.problem
    notes.unlink()
    poll(inbox, NOW)
    assert inbox.problem == ""


def test_globs_are_read_within_the_roots_and_files_are_bounded(db, tmp_path, monkeypatch):
    for n in range(6):
        append((tmp_path / f"app-{n}.log"), access(n + 1))
    source = make_source(
        "globs", kind="watch", paths=f"{tmp_path}/app-*.log\n{tmp_path}/app-1.log", format="access-log"
    )
    assert poll(source, NOW).accepted == 6
    monkeypatch.setattr(listing, "MAX_FILES", 3)
    poll(source, NOW)
    assert "More than 3 files" in source.problem


def test_a_path_that_does_not_exist_is_told(db, tmp_path):
    source = make_source("typo", kind="watch", paths=f"{tmp_path}/acces.log")
    poll(source, NOW)
    assert source.problem == f"{tmp_path}/acces.log does not exist"


def test_a_source_is_polled_by_one_worker_at_a_time(inbox, folder):
    append(folder / "a.log", PLAIN[0])
    with try_lock(f"poll:{inbox.pk}", 60) as acquired:
        assert acquired
        assert poll(inbox, NOW).records == 0
    assert poll(inbox, NOW).accepted == 1


def test_large_files_of_several_are_handed_out_and_read_by_one_worker_each(inbox, folder, monkeypatch):
    monkeypatch.setattr(poller, "LARGE_BACKLOG", 2000)
    append(folder / "a.log", *PLAIN[:60])
    append(folder / "b.log", *PLAIN[60:])
    append(folder / "c.log", access(500))
    given = []
    assert poll(inbox, NOW, lambda *claimed: given.append(claimed)).accepted == 1
    assert len(given) == 2
    again = []
    assert poll(inbox, NOW, lambda *claimed: again.append(claimed)).records == 0
    assert again == []  # each is still claimed
    (folder / "a.log").rename(folder / "a.log.1")
    assert [polling.poll_file(inbox, place, token, NOW).accepted for place, token in given] == [60, 40]
    append(folder / "a.log.1", access(501))
    assert poll(inbox, NOW).accepted == 1
    assert calls(inbox) == 102


def test_a_handed_out_file_that_went_or_whose_source_rests_is_left(inbox, folder, monkeypatch):
    monkeypatch.setattr(poller, "LARGE_BACKLOG", 2000)
    append(folder / "a.log", *PLAIN[:60])
    append(folder / "b.log", *PLAIN[60:])
    given = []
    poll(inbox, NOW, lambda *claimed: given.append(claimed))
    (folder / "a.log").rename(folder / "a.log.part")
    inbox.paused = True
    assert [polling.poll_file(inbox, place, token, NOW).records for place, token in given] == [0, 0]
    (folder / "a.log.part").rename(folder / "a.log")
    inbox.paused = False
    assert poll(inbox, NOW).accepted == 100


def test_one_large_file_alone_is_read_at_once(inbox, folder, monkeypatch):
    monkeypatch.setattr(poller, "LARGE_BACKLOG", 2000)
    append(folder / "a.log", *PLAIN)
    assert poll(inbox, NOW, pytest.fail).accepted == 100


def test_what_is_wrong_with_a_handed_out_file_is_told(inbox, folder, monkeypatch):
    monkeypatch.setattr(poller, "LARGE_BACKLOG", 2000)
    append(folder / "a.log", *PLAIN)
    append(folder / "b.log", *[b"no log at all\n"] * 300)
    given = []
    poll(inbox, NOW, lambda *claimed: given.append(claimed))
    for place, token in given:
        polling.poll_file(inbox, place, token, NOW)
    assert "b.log" in polling.Source.objects.get(pk=inbox.pk).problem
    assert calls(inbox) == 100


def test_a_source_is_claimed_when_it_is_due_and_only_once(db):
    source = ensure_inbox(NOW)
    assert claim_due(NOW) == [source.pk]
    assert claim_due(NOW + timedelta(seconds=5)) == []
    later = NOW + timedelta(seconds=source.poll_seconds)
    assert claim_due(later) == [source.pk]
    source.paused = True
    source.save()
    assert claim_due(later + timedelta(hours=1)) == []


def test_the_poll_task_reads_and_asks_for_a_scan(inbox, folder, monkeypatch):
    asked = []
    monkeypatch.setattr(task.current_app, "send_task", asked.append)
    append(folder / "a.log", *PLAIN[:4])
    assert task.poll(inbox.pk) == 4
    assert task.poll(inbox.pk) == 0
    assert asked == ["sundial.scan"]
    assert task.poll(0) == 0


def test_the_poll_task_gives_large_files_to_others(inbox, folder, monkeypatch):
    monkeypatch.setattr(poller, "LARGE_BACKLOG", 2000)
    given, asked = [], []
    monkeypatch.setattr(task.read, "delay", lambda *claimed: given.append(claimed))
    monkeypatch.setattr(task.current_app, "send_task", asked.append)
    append(folder / "a.log", *PLAIN[:60])
    append(folder / "b.log", *PLAIN[60:])
    assert task.poll(inbox.pk) == 0
    assert [task.read(*json.loads(json.dumps(claimed))) for claimed in given] == [60, 40]
    assert asked == ["sundial.scan"] * 2
    assert task.read(0, 1, 2, "") == 0


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 6000), max_size=6),
    rotate=st.lists(st.sampled_from(["", "rename", "copy", "gz"]), min_size=9, max_size=9),
    ids=st.booleans(),
)
def test_however_a_log_grows_and_rotates_between_polls_the_totals_are_those_of_one_read(
    db, settings, tmp_path_factory, cuts, rotate, ids
):
    folder = settings.SUNDIAL_INBOX = tmp_path_factory.mktemp("inbox")
    content = b"".join(line(n) if ids else access(n) for n in range(1, 60))
    polling.Source.objects.filter(slug="inbox").delete()
    inbox = make_source("inbox", kind="watch", format="sundial" if ids else "access-log")
    log = folder / "x.log"
    start = 0
    for number, cut in enumerate([*sorted(min(c, len(content)) for c in cuts), len(content)]):
        append(log, content[start:cut])
        start = cut
        poll(inbox, NOW)
        whole_lines = not cut or content[cut - 1 : cut] == b"\n"
        if rotate[number] and whole_lines and log.stat().st_size:
            if rotate[number] == "rename":
                log.rename(folder / f"x.log.{number}")
            elif rotate[number] == "gz":
                (folder / f"x.{number}.gz").write_bytes(gzip.compress(log.read_bytes()))
            else:
                (folder / f"x.copy.{number}").write_bytes(log.read_bytes())
                os.truncate(log, 0)
            if rotate[number] != "gz":
                log.open("ab").close()
    poll(inbox, NOW)
    once = make_source(f"once-{polling.Source.objects.count()}")
    path = tmp_path_factory.mktemp("once") / "all.log"
    path.write_bytes(content)
    import_file(once, path, format=inbox.format, now=NOW)
    assert totals(inbox) == totals(once)
