"""A process that polls one source, for tests that kill it. Not a test.

Prints a line per delivery that has committed, and goes on when it is given one:
`python -m tests.usage.connectors.poller_process SOURCE_ID`.
"""

import os
import sys
from datetime import UTC, datetime

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    import django

    django.setup()
    from dashboard.usage.connectors.s3.seen_objects import SeenObjectHashes
    from dashboard.usage.connectors.sync_window import WindowCheckpointer
    from dashboard.usage.models import Source
    from dashboard.usage.polling import poll

    def telling(commits):
        def told(*args, **kwargs):
            result = commits(*args, **kwargs)
            print("piece", flush=True)
            sys.stdin.readline()
            return result

        return told

    WindowCheckpointer.commit_span = telling(WindowCheckpointer.commit_span)  # type: ignore[method-assign]
    SeenObjectHashes.committed = telling(SeenObjectHashes.committed)  # type: ignore[method-assign]
    source = Source.objects.get(pk=sys.argv[1])
    poll(source, NOW)
    print("done", source.problem, flush=True)


if __name__ == "__main__":
    main()
