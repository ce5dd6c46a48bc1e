"""Measures what pages cost on the server: `python -m benchmarks.pages` fills a database and requests each page.

Every page goes through Django's whole request stack, signed in, warm, and compressed as it is sent; rounds are
interleaved. `--applications`, `--models` and `--days` set the size. The database is a temporary SQLite file,
and with `--postgres` a PostgreSQL server as well; with `--folder` the file is kept, and an existing one is
measured as it is. Processor time is that of this process alone, on a machine that others may use too.
"""

import argparse
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.estate import NOW, TODAY, Size, add_calls, build

__all__ = ["Size", "measure", "report", "run"]

TARGET_MS = {"sqlite": 60, "postgresql": 40}
FIRST_LOAD_KB, LATER_KB = 550, 60
TOUCHED, SCANS = 1000, 7
ROUNDS = 40
CHARTS = "one deadline"
ASSET = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def measure(size: Size, rounds: int) -> dict:
    """Milliseconds, queries and bytes of each page, and seconds of an incremental scan."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    import dashboard.wsgi  # noqa: F401  as the server sets its process up
    from dashboard.runtime.bootstrap import collect_static
    from dashboard.usage.models import DailyRollup

    call_command("migrate", verbosity=0)
    before = time.perf_counter()
    if not DailyRollup.objects.exists():
        build(size)
    built = time.perf_counter() - before
    (settings.VAR / "run").mkdir(parents=True, exist_ok=True)
    collect_static(lambda _: None)
    pages = _pages()
    get = _browser()
    results: dict[str, dict] = {}
    for title, path in pages.items():
        for _ in range(3):
            get(path)
        results[title] = {"path": path, "queries": _queries(lambda path=path: get(path)), "ms": [], "cpu": []}
    for _ in range(rounds):
        for title, path in pages.items():
            start, spent = time.perf_counter(), time.process_time()
            body = get(path).content
            results[title]["ms"].append((time.perf_counter() - start) * 1000)
            results[title]["cpu"].append((time.process_time() - spent) * 1000)
            results[title]["bytes"] = len(body)
    return {
        "vendor": connection.vendor,
        "rollups": DailyRollup.objects.count(),
        "built": built,
        "pages": results,
        "first_load": _first_load(get, pages[CHARTS]),
        "scan": _scans(),
    }


def report(result: dict) -> None:
    target = TARGET_MS[result["vendor"]]
    print(f"\nPages on {result['vendor']}, {result['rollups']:,} daily rollups; target: p95 <= {target} ms\n")
    print("| page | median ms | p95 ms | processor ms | queries | KB compressed | |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for title, row in result["pages"].items():
        times = sorted(row["ms"])
        p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
        kb = row["bytes"] / 1000
        missed = [label for label, over in (("slow", p95 > target), ("large", kb > LATER_KB)) if over]
        print(
            f"| {title} | {statistics.median(times):.1f} | {p95:.1f} | {statistics.median(row['cpu']):.1f} "
            f"| {row['queries']} | {kb:.1f} | {', '.join(missed)} |"
        )
    print("\n| what | measured | target |\n| --- | ---: | ---: |")
    print(f"| first load with charts, KB compressed | {result['first_load'] / 1000:.0f} | <= {FIRST_LOAD_KB} |")
    print(f"| scan after a poll that touched {TOUCHED:,} pairs, seconds | {result['scan']:.2f} | < 1 |")


def run(folder: Path, size: Size, rounds: int = ROUNDS, *, postgres: bool) -> None:
    """Measure on SQLite, and on a temporary PostgreSQL server if asked to; print both."""
    report(in_process(folder, size, rounds))
    if postgres:
        from tests.services import postgres as server

        with server.running() as database:
            report(in_process(folder, size, rounds, database))


def in_process(folder: Path, size: Size, rounds: int, database: str = "") -> dict:
    """`measure` in a process of its own, on a database that is empty or filled before."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "SUNDIAL_VAR": str(folder / "var"),
        "SUNDIAL_READ_DOTENV": "0",
        "SUNDIAL_TODAY": TODAY.isoformat(),
        "DATABASE_URL": database or f"sqlite:///{folder}/pages.sqlite3",
    }
    command = [sys.executable, "-m", "benchmarks.pages", "--json", "--rounds", str(rounds)]
    for name, value in vars(size).items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _pages() -> dict[str, str]:
    """Title and address of each page, for the objects with the most data."""
    from django.db.models import Count

    from dashboard.catalog import snapshot
    from dashboard.findings.models import Finding
    from dashboard.usage.models import Source

    known = snapshot.load(TODAY)
    calls = Finding.objects.values_list("entry").annotate(n=Count("pk")).order_by("-n", "entry")
    callers = dict(calls)
    busiest = max(known.deadlines.values(), key=lambda d: sum(callers.get(e.pk, 0) for e in d.entries))
    model = known.entries[next(iter(callers))]
    application = (
        Finding.objects.values_list("application__slug")
        .annotate(n=Count("pk"))
        .order_by("-n", "application")[0][0]
    )
    finding = Finding.objects.filter(entry=model.pk).order_by("pk").values_list("pk", flat=True)[0]
    source = Source.objects.order_by("pk").values_list("slug", flat=True)[0]
    past = TODAY - timedelta(days=100)
    return {
        "overview": "/",
        "overview, 100 days ago": f"/?as_of={past}",
        "timeline": "/timeline/",
        "deadlines": "/deadlines/",
        CHARTS: f"/deadlines/{busiest.platform}/{busiest.sunset_on}/",
        "models": "/models/",
        "models, 100 days ago": f"/models/?as_of={past}",
        "one model": f"/models/{model.platform}/{model.id.lstrip('/')}/",
        "applications": "/applications/",
        "one application": f"/applications/{application}/",
        "findings": "/findings/",
        "findings, last page": "/findings/?page=999999",
        "one finding": f"/findings/{finding}/",
        "uncatalogued": "/uncatalogued/",
        "one unknown name": "/uncatalogued/name/?called=house-model-00&platform=openai",
        "review": "/catalog/review/",
        "sources": "/sources/",
        "one source": f"/sources/{source}/",
        "guides": "/guides/",
        "API: models": "/api/v1/models",
        "API: one model": f"/api/v1/models/{model.platform}/{model.id.lstrip('/')}",
    }


def _browser() -> Callable:
    from django.contrib.auth.models import Group, User
    from django.test import Client

    from dashboard.access.roles import EDITOR, ensure_roles

    ensure_roles()
    user, _ = User.objects.get_or_create(username="bench")
    user.groups.add(Group.objects.get(name=EDITOR))
    client = Client(SERVER_NAME="localhost", HTTP_ACCEPT_ENCODING="gzip, br")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def get(path: str):
        response = client.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
        return response

    return get


def _queries(work: Callable) -> int:
    from django.db import connection

    count = 0

    def counted(execute, *arguments):
        nonlocal count
        count += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        work()
    return count


def _first_load(get: Callable, path: str) -> int:
    """Bytes of a page and of all files that it refers to."""
    body = get(path)
    text = gzip.decompress(body.content).decode()
    total = len(body.content)
    for asset in sorted(set(ASSET.findall(text))):
        total += len(b"".join(get(asset)))
    return total


def _scans() -> float:
    from dashboard.findings import scan

    scan.run(NOW, TODAY)
    times = []
    for _ in range(SCANS):
        add_calls(TOUCHED)
        before = time.perf_counter()
        scan.run(NOW, TODAY)
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in vars(Size()).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="measure here and print raw numbers")
    parser.add_argument("--folder", type=Path, help="keep the database in this folder, and reuse an existing one")
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    size = Size(**{name: getattr(options, name) for name in vars(Size())})
    if options.json:
        print(json.dumps(measure(size, options.rounds)))
        return
    with tempfile.TemporaryDirectory(prefix="pages-") as temporary:
        run(options.folder or Path(temporary), size, options.rounds, postgres=options.postgres)


if __name__ == "__main__":
    main()
