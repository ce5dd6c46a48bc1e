"""`make bench`: ingest beside other engines on the same file, as ratios, then pages; no promise in seconds.

`ARGS="--mb 1000 --rounds 3"` sets sizes; `--no-memory` leaves out what it takes at 500 MB and 4 GB, which needs
that room; `--postgres` uses PostgreSQL as well. Rounds are interleaved and medians shown, because machines drift.
Work files go under SUNDIAL_VAR (default: the system's temporary folder) and are deleted.
"""

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import zstandard

from benchmarks import generate, names, pages

LITELLM = "litellm-standard-logging"
SMALL_MB, LARGE_MB = 500, 4000


@dataclass(frozen=True)
class Job:
    """A measurement: what the table calls it, the engine, its file and option, and the database."""

    title: str
    engine: str
    path: Path
    option: str = ""
    database: str = ""


class Bench:
    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds

    def measure(self, jobs: list[Job]) -> dict[str, dict[str, float]]:
        """The medians of every job; each round runs all jobs once, in order."""
        found: dict[str, list[dict]] = {job.title: [] for job in jobs}
        for number in range(self.rounds):
            for job in jobs:
                print(f"\r\033[Kround {number + 1}: {job.title}", end="", file=sys.stderr, flush=True)
                found[job.title].append(self.once(job))
        print("\r\033[K", end="", file=sys.stderr)
        return {
            title: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            for title, runs in found.items()
        }

    def once(self, job: Job) -> dict:
        for old in self.folder.glob("bench.sqlite3*"):
            old.unlink()
        environment = os.environ | {
            "SUNDIAL_VAR": str(self.folder / "var"),
            "SUNDIAL_READ_DOTENV": "0",
            "DATABASE_URL": job.database or f"sqlite:///{self.folder}/bench.sqlite3",
        }
        command = [sys.executable, "-m", "benchmarks.engines", job.engine, str(job.path), job.option]
        if job.database:
            self._empty(environment)
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def _empty(self, environment: dict[str, str]) -> None:
        manage = [sys.executable, "manage.py"]
        for arguments in (["migrate", "--verbosity=0"], ["flush", "--no-input", "--verbosity=0"]):
            subprocess.run([*manage, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


def engines(bench: Bench, options: argparse.Namespace, database: str) -> None:
    plain, packed, squeezed = (bench.folder / name for name in ("log.jsonl", "log.jsonl.gz", "log.jsonl.zst"))
    generate.write(plain, options.mb, generate.lines())
    with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as gz:
        shutil.copyfileobj(source, gz, 1 << 20)
    with plain.open("rb") as source, squeezed.open("wb") as zst:
        zstandard.ZstdCompressor().copy_stream(source, zst)
    jobs = [
        Job("Sundial, 2 helpers", "ours", plain, f"{LITELLM},2"),
        Job("Sundial, 1 process", "ours", plain, f"{LITELLM},0"),
        Job("Sundial, gzip", "ours", packed, f"{LITELLM},2"),
        Job("Sundial, zstd", "ours", squeezed, f"{LITELLM},2"),
        Job("DuckDB, 2 threads, unchecked", "duckdb", plain, "2"),
        Job("json.loads loop", "json", plain),
    ]
    if database:
        jobs.insert(2, Job("Sundial, PostgreSQL", "ours", plain, f"{LITELLM},2", database))
    if shutil.which("jq"):
        jobs.append(Job("jq, sort, uniq", "jq", plain))
    found = bench.measure(jobs)
    base = found["Sundial, 2 helpers"]
    print(f"\n{options.mb} MB of LiteLLM lines, 0.1 % malformed: medians of {options.rounds}\n")
    print("| engine | seconds | processor s | MB/s | time against Sundial | processor | private MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for title, row in found.items():
        print(
            f"| {title} | {row['seconds']:.2f} | {row['processor']:.2f} | {options.mb / row['seconds']:.0f} "
            f"| {row['seconds'] / base['seconds']:.2f} x | {row['processor'] / base['processor']:.2f} x "
            f"| {row['megabytes']:.0f} |"
        )
    seconds = {title: row["seconds"] for title, row in found.items()}
    duck = seconds["DuckDB, 2 threads, unchecked"]
    mine = seconds["Sundial, 2 helpers"]
    targets = [
        ("Sundial / DuckDB", mine / duck, "<= 2.0"),
        ("json.loads / Sundial", seconds["json.loads loop"] / mine, ">= 5"),
        ("gzip / plain", seconds["Sundial, gzip"] / mine, "<= 1.8"),
        ("zstd / plain", seconds["Sundial, zstd"] / mine, "<= 1.8"),
    ]
    if "jq, sort, uniq" in seconds:
        targets.append(("jq / Sundial", seconds["jq, sort, uniq"] / mine, ">= 10"))
    table(targets)


# Beside the LiteLLM log: each format by a plain loop in Python over the same file.
LOOPS = {
    "access-log": (generate.access_lines, "access-loop"),
    "csv": (generate.csv_lines, "csv-loop"),
    "otlp-traces": (generate.otlp_lines, "otlp-loop"),
}


def loops(bench: Bench, options: argparse.Namespace) -> None:
    rows = []
    for name, (lines, loop) in LOOPS.items():
        path = bench.folder / f"{name}.log"
        generate.write(path, max(60, options.mb // 3), lines())
        found = bench.measure([Job("ours", "ours", path, f"{name},2"), Job("loop", loop, path)])
        rows.append(
            (f"{name}: Python loop / Sundial", found["loop"]["seconds"] / found["ours"]["seconds"], ">= 5")
        )
        path.unlink()
    table(rows)


def small_work(bench: Bench) -> None:
    path = bench.folder / "log.jsonl"
    found = bench.measure(
        [
            Job("increment", "increment", path, LITELLM),
            Job("poll", "idle-poll", path, "1000"),
            Job("merge", "merge", path, "200000"),
        ]
    )
    poll, merging = found["poll"], found["merge"]
    table(
        [
            ("1 KB appended, milliseconds", found["increment"]["seconds"] * 1000, "<= 10"),
            ("idle poll of 1,000 files / 1,000 stats and a query", poll["seconds"] / poll["stats"], "<= 3"),
            ("merge of 200,000 rows / the same by hand", merging["seconds"] / merging["by_hand"], "about 1"),
            ("100,000 distinct names resolved, seconds", names.measure()["seconds"], "< 1"),
        ]
    )


def memory(bench: Bench) -> None:
    peaks = []
    for megabytes in (SMALL_MB, LARGE_MB):
        path = bench.folder / "large.jsonl"
        generate.write(path, megabytes, generate.lines())
        peaks.append(bench.once(Job("memory", "ours", path, f"{LITELLM},2"))["megabytes"])
        path.unlink()
    table(
        [
            (f"private MB over {SMALL_MB} MB", peaks[0], "<= 400"),
            (f"private MB over {LARGE_MB} MB", peaks[1], "<= 400"),
            ("one against the other", peaks[1] / peaks[0], "<= 1.2"),
        ]
    )


def table(rows: list[tuple[str, float, str]]) -> None:
    print("\n| what | measured | target |\n| --- | ---: | ---: |")
    for title, value, target in rows:
        print(f"| {title} | {value:.2f} | {target} |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--mb", type=int, default=1000, help="size of the log file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-memory", action="store_true", help="leave out memory at 500 MB and 4 GB")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--applications", type=int, default=1000, help="how many pages are measured with")
    options = parser.parse_args()
    with ExitStack() as stack:
        var = os.environ.get("SUNDIAL_VAR")
        if var:
            Path(var).mkdir(parents=True, exist_ok=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=var)))
        database = ""
        if options.postgres:
            from tests.services import postgres

            database = stack.enter_context(postgres.running())
        bench = Bench(folder, options.rounds)
        engines(bench, options, database)
        loops(bench, options)
        small_work(bench)
        if not options.no_memory:
            memory(bench)
        pages.run(folder, pages.Size(applications=options.applications), postgres=options.postgres)


if __name__ == "__main__":
    main()
