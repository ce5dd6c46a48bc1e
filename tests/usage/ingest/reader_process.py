"""A process that ingests a file in small pieces, for tests that kill it. Not a test.

Prints a line per piece: `python -m tests.usage.ingest.reader_process SOURCE_ID FILE FORMAT`.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    import django

    django.setup()
    from dashboard.usage.ingest.pipeline import Session
    from dashboard.usage.models import Source
    from tests.usage.conftest import NOW

    source = Source.objects.get(pk=sys.argv[1])
    session = Session(source, NOW, piece_bytes=6_000, commit_bytes=12_000)
    counts = session.import_file(Path(sys.argv[2]), sys.argv[3], lambda _: print("piece", flush=True))
    print("done", counts.records, flush=True)


if __name__ == "__main__":
    main()
