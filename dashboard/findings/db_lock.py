"""One writer at a time for the tables that are derived from usage."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

__all__ = ["write_lock"]

# Any fixed number will do; PostgreSQL keeps advisory locks in one space per database.
LOCK = 7_346_201


@contextmanager
def write_lock() -> Iterator[None]:
    """A transaction that waits until no other one with this lock runs.

    SQLite takes the write lock at BEGIN (`transaction_mode=IMMEDIATE`), so there it is a plain transaction.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
