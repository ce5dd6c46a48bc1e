"""The demo's log files, before anything reads them."""

import gzip
import hashlib
import json
import re
from datetime import UTC, date, datetime

from django.conf import settings

from dashboard.demo import generate
from dashboard.demo.applications import APPLICATIONS, AVAILABLE_FROM
from dashboard.demo.scenario import FIRST_DAY, LAST_DAY, scenario_days, share_on
from dashboard.demo.traffic import hourly_calls

GOLDEN = "ffcb2526184d90ca5b1338b8dc1040e372a2f4d9d3bef776e593199fa7b2c1dd"


def lines_of(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        yield from lines


def logs(demo_files):
    return sorted(path for path in demo_files.folder.rglob("*") if path.is_file() and path.name != "manifest.json")


def test_the_files_hold_the_same_lines_on_every_run_and_machine(demo_files):
    digest = hashlib.sha256()
    for path in logs(demo_files):
        content = path.read_bytes()
        digest.update(path.relative_to(demo_files.folder).as_posix().encode())
        # What zlib makes of the lines may differ between its builds; the lines may not.
        digest.update(gzip.decompress(content) if path.suffix == ".gz" else content)
    assert digest.hexdigest() == GOLDEN


def test_a_packed_file_carries_no_time_and_no_name(demo_files):
    for path in (demo_files.folder / "litellm").iterdir():
        header = path.read_bytes()[:10]
        assert header[3] == 0, "no name, no comment"
        assert header[4:8] == b"\0\0\0\0", "no time"


def test_files_are_small_enough_to_write_and_read_at_the_first_start(demo_files):
    assert sum(path.stat().st_size for path in logs(demo_files)) < 60_000_000
    assert len(logs(demo_files)) > 200


def test_files_of_the_same_generator_are_current_and_others_are_not(demo_files, tmp_path):
    assert generate.is_current(demo_files.folder)
    assert not generate.is_current(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"source_digest": "of an older release"}))
    assert not generate.is_current(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    assert not generate.is_current(tmp_path)


def test_there_are_forty_applications_with_keys_of_their_own_and_reserved_addresses():
    assert len(APPLICATIONS) == len({application.key for application in APPLICATIONS}) == 40
    for application in APPLICATIONS:
        assert application.owner == "" or application.owner.endswith(".example")


def test_nobody_calls_a_model_before_it_exists():
    seen = set()
    for application in APPLICATIONS:
        for stream in application.streams:
            if stream.model in AVAILABLE_FROM:
                seen.add(stream.model)
                for day in scenario_days(FIRST_DAY, AVAILABLE_FROM[stream.model]):
                    if day < AVAILABLE_FROM[stream.model]:
                        assert share_on(stream.curve, day) == 0, (application.key, stream.model, day)
    assert seen == set(AVAILABLE_FROM)


def test_an_office_is_quiet_on_saturday_and_a_shop_is_not():
    def calls(key, day):
        application = next(m for m in APPLICATIONS if m.key == key)
        return sum(hour.calls for stream in application.streams for hour in hourly_calls(application, stream, day))

    friday, saturday = date(2023, 9, 15), date(2023, 9, 16)
    assert calls("meeting-notes", saturday) < calls("meeting-notes", friday) / 4
    assert calls("shop-assistant", saturday) > calls("shop-assistant", friday) / 2


def test_a_gateway_file_holds_the_calls_that_started_on_its_day_in_order(demo_files):
    path = demo_files.folder / "litellm" / "2023-12-31.jsonl.gz"
    starts = [json.loads(line)["startTime"] for line in lines_of(path)]
    assert starts == sorted(starts)
    assert {datetime.fromtimestamp(start, UTC).date() for start in starts} == {date(2023, 12, 31)}


def test_a_retried_upload_repeats_lines_of_the_first(demo_files):
    folder = demo_files.folder / "litellm"
    first = set(lines_of(folder / "2023-11-24.jsonl.gz"))
    again = set(lines_of(folder / "2023-11-24.retry.jsonl.gz"))
    assert again < first


def test_the_redirected_are_answered_by_another_model_from_the_day_on(demo_files):
    def answers(day):
        path = demo_files.folder / "litellm" / f"{day}.jsonl.gz"
        calls = [json.loads(line) for line in lines_of(path)]
        return {c["response"]["model"] for c in calls if c["model_group"] == "ticket-tagger" and c["response"]}

    assert answers("2024-01-03") == {"ada"}
    assert answers("2024-01-04") == {"babbage-002"}


def test_access_logs_are_rotated_on_sundays_and_end_in_one_that_is_still_open(demo_files):
    names = sorted(path.name for path in (demo_files.folder / "edge").iterdir())
    assert names[0] == "access.log"
    assert names[1] == "access.log-20230625"
    assert names[-1] == "access.log-20240107"
    assert all(date.fromisoformat(name[-8:]).weekday() == 6 for name in names[1:])


def test_the_partners_log_stops_in_the_middle_of_october(demo_files):
    newest = max((demo_files.folder / "partner").iterdir(), key=lambda path: path.name)
    *_, last = lines_of(newest)
    assert re.search(r"\[15/Oct/2023:23:", last)


def test_the_expected_totals_cover_every_day_and_count_what_is_in_the_lines(demo_files):
    per_day = demo_files.totals.per_day()
    assert list(per_day) == list(scenario_days())
    day = date(2023, 12, 31)
    gateway = sum(1 for _ in lines_of(demo_files.folder / "litellm" / f"{day}.jsonl.gz"))
    edge = sum(
        " 31/Dec/2023:" in line.replace("[", " ") and "POST" in line
        for path in (demo_files.folder / "edge").iterdir()
        for line in lines_of(path)
    )
    exported = (json.loads(line) for line in lines_of(demo_files.folder / "platform" / "usage-2023-12.jsonl"))
    platform = sum(line["calls"] for line in exported if line["ts"].startswith(str(day)))
    assert per_day[day].calls == gateway + edge + platform
    assert LAST_DAY in per_day


def test_the_documentation_lists_the_applications_as_they_are():
    table = (settings.BASE_DIR / "docs" / "demo.md").read_text()
    for application in APPLICATIONS:
        row = next(line for line in table.splitlines() if line.startswith(f"| {application.name} |"))
        assert f"| `{application.gateway}` |" in row
        assert row.endswith(f"| {application.role} |")
        assert all(f"`{stream.model}`" in row for stream in application.streams if stream.model)
