"""The test runs behind `make test`, `make test-fast` and `make test-all`.

Without an option: every test on SQLite, then those that touch the database again on PostgreSQL.
`--fast`: on SQLite only, without browser, whole stack and slow tests, with fewer examples of property tests.
`--all`: as without an option, with every kill point and ten times as many examples of property tests.
Further arguments go to pytest. Exits with the first run's code that is not 0.
"""

import os
import subprocess
import sys

from tests.services import postgres

# Long files start first (tests/conftest.py sorts them), so that neither worker waits long for the other.
WORKERS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
NOT_FAST = "not e2e and not stack and not slow"
NO_TESTS_COLLECTED = 5


def main(arguments: list[str]) -> int:
    mode, rest = (arguments[0], arguments[1:]) if arguments[:1] in (["--fast"], ["--all"]) else ("", arguments)
    if mode == "--fast":
        return _pytest("SQLite, fast", ["-m", NOT_FAST, *rest], DATABASE_URL="", TEST_EFFORT="fast")
    effort = {"TEST_EFFORT": "all" if mode == "--all" else "usual"}
    on_sqlite = _pytest("SQLite", rest, DATABASE_URL="", **effort)
    with postgres.running() as url:
        on_postgres = _pytest("PostgreSQL", ["--database-only", *rest], DATABASE_URL=url, **effort)
    if rest and on_postgres == NO_TESTS_COLLECTED:  # a choice of tests that need no database
        on_postgres = 0
    return on_sqlite or on_postgres


def _pytest(title: str, arguments: list[str], **environment: str) -> int:
    print(f"\n── tests on {title} ──", flush=True)
    command = [sys.executable, "-m", "pytest", *WORKERS, *arguments]
    return subprocess.call(command, env={**os.environ, **environment})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
