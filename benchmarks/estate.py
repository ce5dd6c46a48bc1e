"""A database to measure pages with: a year of usage by many applications, counted and scanned.

Called models come from the shipped catalog: those of the deadlines nearest to `TODAY`, what is recommended in
their place, and others that stay. Few models are called by most applications, most by few. Rows are those that
ingest would write; everything above the rollups is made by the real scan.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

__all__ = ["NOW", "TODAY", "Size", "add_calls", "build"]

TODAY = date(2026, 11, 22)
NOW = datetime.combine(TODAY, time(12), UTC)
PAST, MOST_OF_ONE = timedelta(days=45), 6
UNKNOWN_NAMES, UNKNOWN_CALLERS = 40, 20
BATCH = 5000

DAY_OF_USAGE = """
INSERT INTO usage_dailyrollup
    (day, source_id, identity_id, name_id, calls, errors, gone, input_tokens, output_tokens, cost_nano)
SELECT %s, source_id, identity_id, name_id, calls, calls / 50, 0, calls * 900, calls * 200, calls * 2100000
FROM (SELECT source_id, identity_id, name_id, until, base * (60 + (%s * 7 + id) %% 60) / 100 AS calls
      FROM bench_pair) AS pair
WHERE until >= %s ORDER BY source_id, identity_id, name_id
"""
HOUR_OF_USAGE = """
INSERT INTO usage_hourlyrollup
    (hour, source_id, identity_id, name_id, calls, errors, gone, input_tokens, output_tokens, cost_nano)
SELECT %s, source_id, identity_id, name_id, calls / 24, 0, 0, input_tokens / 24, output_tokens / 24, cost_nano / 24
FROM usage_dailyrollup WHERE day = %s ORDER BY source_id, identity_id, name_id
"""


@dataclass(frozen=True)
class Size:
    """Size of the data. An application calls a good quarter of the models."""

    applications: int = 1000
    models: int = 40
    days: int = 365
    sources: int = 4


def build(size: Size) -> None:
    """Fill the database of the settings, which is migrated and empty; on PostgreSQL it is analysed as well."""
    from django.db import connection, transaction

    from dashboard.catalog.files import transfer
    from dashboard.core.fields import day_number
    from dashboard.findings import scan

    transfer.load_shipped(NOW)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # a cache for every index while the year is written
            cursor.execute("PRAGMA cache_size = -1000000")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bench_pair (id INTEGER, source_id INTEGER, identity_id INTEGER, "
            "name_id INTEGER, base BIGINT, until INTEGER)"
        )
        cursor.executemany("INSERT INTO bench_pair VALUES (%s, %s, %s, %s, %s, %s)", _pairs(size))
        last = day_number(TODAY)
        for day in range(last - size.days + 1, last + 1):
            cursor.execute(DAY_OF_USAGE, [day, day, day])
            cursor.execute("INSERT INTO usage_staleday (day) VALUES (%s)", [day])
        for hour in range((last - 1) * 24, last * 24 + 12):
            cursor.execute(HOUR_OF_USAGE, [hour, hour // 24])
        cursor.execute("DROP TABLE bench_pair")
    scan.run(NOW, TODAY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize")
    connection.close()  # the next connection has the cache of the settings


def add_calls(pairs: int) -> None:
    """Write what a poll would that counts a call today for so many pairs of application and model."""
    from django.db import connection, transaction

    from dashboard.core.fields import day_number

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE usage_dailyrollup SET calls = calls + 1 WHERE id IN "
            "(SELECT id FROM usage_dailyrollup WHERE day = %s ORDER BY id LIMIT %s)",
            [day_number(TODAY), pairs],
        )
        cursor.execute("INSERT INTO usage_staleday (day) VALUES (%s)", [day_number(TODAY)])


def _pairs(size: Size) -> list[tuple[int, ...]]:
    """(number, source, identity, name, calls on a usual day, last day) of each caller and model."""
    from dashboard.core.fields import day_number
    from dashboard.usage.models import Application, Identity, Source

    rng = random.Random(40)
    first, last = TODAY - timedelta(days=size.days - 1), day_number(TODAY)
    numbers = range(size.applications)
    applications = Application.objects.bulk_create(
        [
            Application(
                slug=f"app-{n:04}", name=f"App {n:04}", team=f"Team {n % 60:02}",
                owner=f"owner-{n % 300}@example.com" if n % 7 else "",
            )
            for n in numbers
        ]
    )  # fmt: skip
    identities = Identity.objects.bulk_create(
        [
            Identity(digest=f"{n:032x}", consumer=one.name, application=one, origin_day=first)
            for n, one in enumerate(applications)
        ]
    )
    sources = [
        Source.objects.create(
            slug=f"gateway-{n}", name=f"Gateway {n}", kind="watch", created_at=NOW, polled_at=NOW
        )
        for n in range(size.sources)
    ]
    pairs: list[tuple[int, ...]] = []
    called = [(entry.platform, entry.id, entry.is_retiring) for entry in _models(size.models)]
    for rank, (platform, name, retiring) in enumerate(called):
        part = 0.05 + 0.85 * (1 - rank / len(called)) ** 2.8
        names = _names(sources, platform, name, first)
        for n in numbers:
            if rng.random() < part:
                left = retiring and rng.random() < 0.2
                until = last - rng.randrange(1, size.days // 2) if left else last
                source = sources[n % size.sources]
                base = int(rng.paretovariate(1.1) * 20) + 2
                pairs.append((len(pairs), source.pk, identities[n].pk, names[source.pk], base, until))
    for number in range(UNKNOWN_NAMES):
        names = _names(sources, "openai", f"house-model-{number:02}", first)
        for n in rng.sample(numbers, min(UNKNOWN_CALLERS, size.applications)):
            source = sources[n % size.sources]
            pairs.append((len(pairs), source.pk, identities[n].pk, names[source.pk], 30, last))
    return pairs


def _names(sources: list, platform: str, name: str, first: date) -> dict[int, int]:
    """The primary key of one name at each source, by the source's primary key."""
    from dashboard.usage.models import CalledName

    rows = [CalledName(source=one, platform=platform, called_as=name, origin_day=first) for one in sources]
    return {row.source_id: row.pk for row in CalledName.objects.bulk_create(rows)}


def _models(count: int) -> list:
    """A few models of each deadline around today, their replacements, then others; in a fixed random order."""
    from dashboard.catalog import snapshot

    known = snapshot.load(TODAY)
    near = [d for d in known.deadlines.values() if d.sunset_on >= TODAY - PAST]
    near.sort(key=lambda d: (-len(d.entries), d.sunset_on))
    retiring = [entry for deadline in near for entry in deadline.entries[:MOST_OF_ONE]][: count * 6 // 10]
    replacing = [other for entry in retiring for other in known.replacements(entry)]
    staying = [entry for entry in known if entry.kind == "chat" and not entry.is_retiring]
    chosen = list({entry.pk: entry for entry in (*retiring, *replacing, *staying)}.values())[:count]
    random.Random(41).shuffle(chosen)
    return chosen
