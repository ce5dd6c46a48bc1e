"""One measurement in a process of its own: `python -m benchmarks.engines NAME FILE [OPTION]` prints it as JSON.

Seconds of wall time and of processor time (children included) leave out starting up and migrating; memory is
the peak of private megabytes, helper processes included.
"""

import csv
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.memory import Peak

__all__ = ["ENGINES"]

SUMS = """
select floor("startTime" / 3600)::BIGINT as hour, metadata.user_api_key_alias, custom_llm_provider,
       model, count(*), sum(prompt_tokens), sum(completion_tokens), sum(response_cost)
from read_json(?, format = 'newline_delimited', ignore_errors = true, columns = {
    startTime: 'DOUBLE', model: 'VARCHAR', custom_llm_provider: 'VARCHAR', prompt_tokens: 'BIGINT',
    completion_tokens: 'BIGINT', response_cost: 'DOUBLE', metadata: 'STRUCT(user_api_key_alias VARCHAR)'})
group by all
"""
PROGRAM = (
    "fromjson? | [(.startTime / 3600 | floor), .metadata.user_api_key_alias, .custom_llm_provider, .model] | @tsv"
)
COMBINED = re.compile(r'(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\d+|-) "[^"]*" "([^"]*)"')


def ours(path: Path, option: str) -> dict:
    """Into the database of DATABASE_URL; `option` is the format and the number of helpers."""
    source, now = _source()
    from dashboard.usage.ingest.pipeline import Session

    name, workers = option.split(",")
    before = _spent()
    counts = Session(source, now, workers=int(workers)).import_file(path, name)
    return _since(before) | {"records": counts.records, "rejected": counts.rejected}


def duckdb(path: Path, option: str) -> dict:
    import duckdb as engine

    connection = engine.connect(config={"threads": int(option)})
    before = _spent()
    rows = connection.execute(SUMS, [str(path)]).fetchall()
    return _since(before) | {"groups": len(rows)}


def json_loop(path: Path, _option: str) -> dict:
    before = _spent()
    sums: dict[tuple, list] = {}
    bad = 0
    with path.open("rb") as file:
        for line in file:
            try:
                record = json.loads(line)
                key = (
                    int(record["startTime"]) // 3600,
                    record["metadata"]["user_api_key_alias"],
                    record["custom_llm_provider"],
                    record["model"],
                )
                row = sums.setdefault(key, [0, 0, 0, 0.0])
                row[0] += 1
                row[1] += record["prompt_tokens"]
                row[2] += record["completion_tokens"]
                row[3] += record["response_cost"]
            except (ValueError, KeyError, TypeError):
                bad += 1
    return _since(before) | {"groups": len(sums), "rejected": bad}


def access_loop(path: Path, _option: str) -> dict:
    before = _spent()
    sums: dict[tuple, int] = {}
    with path.open() as file:
        for line in file:
            found = COMBINED.match(line)
            if not found:
                continue
            _, user, at, _, uri, status, _, agent = found.groups()
            hour = int(datetime.strptime(at, "%d/%b/%Y:%H:%M:%S %z").timestamp()) // 3600
            key = hour, user, agent, uri, status
            sums[key] = sums.get(key, 0) + 1
    return _since(before) | {"groups": len(sums)}


def csv_loop(path: Path, _option: str) -> dict:
    before = _spent()
    sums: dict[tuple, list] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            hour = int(datetime.fromisoformat(row["ts"]).timestamp()) // 3600
            sum_ = sums.setdefault((hour, row["application"], row["platform"], row["model"]), [0, 0, 0, 0.0])
            sum_[0] += 1
            sum_[1] += int(row["input_tokens"])
            sum_[2] += int(row["output_tokens"])
            sum_[3] += float(row["cost"])
    return _since(before) | {"groups": len(sums)}


def otlp_loop(path: Path, _option: str) -> dict:
    before = _spent()
    sums: dict[tuple, list] = {}
    with path.open("rb") as file:
        for line in file:
            for resource in json.loads(line)["resourceSpans"]:
                told = {a["key"]: a["value"] for a in resource["resource"]["attributes"]}
                service = told["service.name"]["stringValue"]
                for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
                    of_span = {a["key"]: a["value"] for a in span["attributes"]}
                    hour = int(span["startTimeUnixNano"]) // 3_600_000_000_000
                    key = hour, service, of_span["gen_ai.request.model"]["stringValue"]
                    sum_ = sums.setdefault(key, [0, 0, 0])
                    sum_[0] += 1
                    sum_[1] += int(of_span["gen_ai.usage.input_tokens"]["intValue"])
                    sum_[2] += int(of_span["gen_ai.usage.output_tokens"]["intValue"])
    return _since(before) | {"groups": len(sums)}


def jq(path: Path, _option: str) -> dict:
    before = _spent()
    command = 'jq -R -r "$1" "$2" | LC_ALL=C sort | uniq -c | wc -l'
    found = subprocess.run(["sh", "-c", command, "sh", PROGRAM, path], check=True, capture_output=True)
    return _since(before) | {"groups": int(found.stdout)}


def increment(path: Path, option: str) -> dict:
    """A kilobyte appended to a file that was read: the median of 30 follow-ups, commit included."""
    source, now = _source()
    from dashboard.usage.ingest.pipeline import Session
    from dashboard.usage.models import Stream

    lines = path.read_bytes()[: 4 << 20].splitlines(keepends=True)
    grown = path.with_name("grown.log")
    grown.write_bytes(b"".join(lines[:4000]))
    session = Session(source, now)
    session.follow(grown, option, None)
    times = []
    for start in range(4000, 4060, 2):
        with grown.open("ab") as file:
            file.write(b"".join(lines[start : start + 2]))
        stream = Stream.objects.get(source=source)
        before = time.perf_counter()
        session.follow(grown, option, stream)
        times.append(time.perf_counter() - before)
    grown.unlink()
    return {"seconds": statistics.median(times)}


def idle_poll(path: Path, option: str) -> dict:
    """A poll of so many files of which none changed; as many calls of `stat` and one query for what was read."""
    from django.conf import settings
    from django.db import connection

    source, now = _source()
    from dashboard.runtime import broker
    from dashboard.usage.polling import poll

    folder = path.with_name("many")
    folder.mkdir(exist_ok=True)
    # Whole lines only: a file that cannot be read is looked at again on each poll.
    lines = [line for line in path.read_bytes()[: 8 << 20].splitlines(keepends=True) if line.endswith(b"}\n")]
    files = [folder / f"{number}.jsonl" for number in range(int(option))]
    for number, file in enumerate(files):
        file.write_bytes(lines[number])
    settings.SUNDIAL_WATCH_ROOTS = [folder.resolve()]
    source.kind, source.paths = "watch", str(folder)
    source.save()

    def stats() -> None:
        for file in files:
            os.stat(file)  # noqa: PTH116  the bare call is the yardstick
        with connection.cursor() as cursor:
            cursor.execute("SELECT device, inode, size, mtime_ns, path FROM usage_stream WHERE source_id = 1")
            cursor.fetchall()

    with broker.running(settings.BROKER_SOCKET, settings.BROKER_FOLDER):  # polls hold a lock there
        poll(source, now)
        result = {"seconds": _median(lambda: poll(source, now)), "stats": _median(stats)}
    for file in files:
        file.unlink()
    folder.rmdir()
    return result


def merge(_path: Path, option: str) -> dict:
    """So many new rollup rows by our merge, and by an executemany into each of the same two tables."""
    source, _ = _source()
    from django.db import connection, transaction

    from dashboard.usage.ingest.rollups import merge_rollups as merging
    from dashboard.usage.models import Application, CalledName, DailyRollup, HourlyRollup, Identity

    day = datetime(2024, 1, 4, tzinfo=UTC).date()
    application = Application.objects.create(slug="a", name="a")
    identity = Identity.objects.create(digest="d", consumer="a", application=application, origin_day=day)
    names = [
        CalledName.objects.create(source=source, platform="p", called_as=str(n), origin_day=day) for n in range(20)
    ]
    rows = int(option)
    sums = {(470_000 + n // 20, identity.pk, names[n % 20].pk): [1, 0, 0, 10, 10, 1000] for n in range(rows)}
    marks = ", ".join(["%s"] * 10)
    by_hand = [(hour, source.pk, who, name, *row) for (hour, who, name), row in sums.items()]
    days: dict[tuple, list[int]] = {}
    for hour, *key, calls, errors, gone, taken, given, cost in by_hand:
        day = days.setdefault((hour // 24, *key), [0] * 6)
        for index, measure in enumerate((calls, errors, gone, taken, given, cost)):
            day[index] += measure
    tables = (
        ("usage_hourlyrollup", "hour", by_hand),
        ("usage_dailyrollup", "day", [(*k, *m) for k, m in days.items()]),
    )
    before = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for table, bucket, made in tables:
            cursor.executemany(
                f"INSERT INTO {table} ({bucket}, source_id, identity_id, name_id, calls, errors, gone,"
                f" input_tokens, output_tokens, cost_nano) VALUES ({marks})",
                made,
            )
    hand = time.perf_counter() - before
    HourlyRollup.objects.all().delete()
    DailyRollup.objects.all().delete()
    before = time.perf_counter()
    with transaction.atomic():
        merging(source.pk, sums)
    return {"seconds": time.perf_counter() - before, "by_hand": hand}


ENGINES: dict[str, Callable[[Path, str], dict]] = {
    "ours": ours,
    "duckdb": duckdb,
    "json": json_loop,
    "access-loop": access_loop,
    "csv-loop": csv_loop,
    "otlp-loop": otlp_loop,
    "jq": jq,
    "increment": increment,
    "idle-poll": idle_poll,
    "merge": merge,
}


def _source():
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from dashboard.usage.models import Source

    now = datetime.now(UTC)
    return Source.objects.create(slug="bench", name="bench", kind="import", created_at=now), now


def _spent() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)


def _since(before: tuple[float, float]) -> dict:
    wall, processor = _spent()
    return {"seconds": wall - before[0], "processor": processor - before[1]}


def _median(what: Callable[[], object]) -> float:
    times = []
    for _ in range(9):
        before = time.perf_counter()
        what()
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def main() -> None:
    name, path, *option = sys.argv[1:]
    with Peak() as peak:
        result = ENGINES[name](Path(path), option[0] if option else "")
    print(json.dumps(result | {"megabytes": peak.megabytes}))


if __name__ == "__main__":
    main()
