"""Evidence: the latest call of each identity to each name, so that a finding can show the call that proves it."""

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from dashboard.core.text import printable_path
from dashboard.usage.models import LatestCall
from dashboard.usage.records import clean

__all__ = ["LatestCallValue", "latest_calls_of", "save_latest_calls"]

# (identity, name) -> time, width of the bucket or 0, line, request id
LatestCallValue = tuple[int, int, int, str]

COLUMNS = ("at", "seconds", "path", "line", "request_id")
UPSERT = f"""
INSERT INTO usage_latestcall (identity_id, name_id, {", ".join(COLUMNS)}) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (identity_id, name_id) DO UPDATE SET {", ".join(f"{c} = EXCLUDED.{c}" for c in COLUMNS)}
WHERE EXCLUDED.at >= usage_latestcall.at
"""  # noqa: S608  our own column names


def save_latest_calls(path: str, proofs: dict[tuple[int, int], LatestCallValue]) -> None:
    """Store these calls where no later one is stored. Inside the transaction that counts them."""
    if not proofs:
        return
    rows = [
        (*pair, at, seconds, printable_path(path), line, clean(request_id, 200))
        for pair, (at, seconds, line, request_id) in sorted(proofs.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(UPSERT, rows)


def latest_calls_of(application_id: int, wanted: Q, as_of: date, bound: int) -> "QuerySet[LatestCall]":
    """The latest calls of an application, of those `wanted`, up to the end of a day, newest first.

    Only the latest is kept: of a day before it nothing is known.
    """
    end = datetime.combine(as_of + timedelta(days=1), time(), UTC).timestamp()
    found = LatestCall.objects.filter(wanted, identity__application=application_id, at__lt=end)
    return found.select_related("identity", "name__source").order_by("-at", "pk")[:bound]
