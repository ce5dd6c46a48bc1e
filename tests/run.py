"""`make test`: every test on SQLite, then those that touch the database again on PostgreSQL.

Further arguments go to both pytest runs. Exits with the first run's code that is not 0.
"""

import os
import subprocess
import sys

from tests.services import postgres

WORKERS = ("-n", "2", "--dist", "loadfile")
NO_TESTS_COLLECTED = 5


def main(arguments: list[str]) -> int:
    on_sqlite = _pytest("SQLite", arguments, DATABASE_URL="")
    with postgres.running() as url:
        on_postgres = _pytest("PostgreSQL", ["--database-only", *arguments], DATABASE_URL=url)
    if arguments and on_postgres == NO_TESTS_COLLECTED:  # a choice of tests that need no database
        on_postgres = 0
    return on_sqlite or on_postgres


def _pytest(title: str, arguments: list[str], **environment: str) -> int:
    print(f"\n── tests on {title} ──", flush=True)
    command = [sys.executable, "-m", "pytest", *WORKERS, *arguments]
    return subprocess.call(command, env={**os.environ, **environment})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
