"""Data that several tests read, loaded once and taken back at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker

__all__ = ["rolled_back"]


@contextmanager
def rolled_back(blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around the tests of a module or package, for its fixture: what is written inside is undone.

    Each test has its own savepoint within, as `pytest.mark.django_db` gives it one.
    """
    with blocker.unblock():
        whole = transaction.atomic()
        whole._from_testcase = True  # a durable block may stand inside, as it may in Django's own test cases
        with whole:
            try:
                yield
            finally:
                transaction.set_rollback(True)
