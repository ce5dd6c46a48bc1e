"""How many queries each page takes, recorded in golden/query_counts.json; more data must not mean more queries.

`UPDATE_QUERY_COUNTS=1 pytest tests/web/test_query_counts.py` records them anew; the diff is for a reviewer.
"""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.findings import scan
from tests.factories import NOW, make_entry, make_usage

GOLDEN = Path(__file__).parents[1] / "golden" / "query_counts.json"
PAGES = ["/", "/timeline/", "/deadlines/", "/deadlines/openai/2024-01-04/"]


def grow(numbers: range) -> None:
    """One more application on one more model, some on the same deadline, per number."""
    for n in numbers:
        entry = make_entry(f"openai/model-{n}", announced="2023-07-06", sunset=date(2024, 1, 4 + n // 2))
        make_usage(f"app-{n}", entry, "2023-12-01", 10 + n, days=3)
    scan.run(NOW, date(2023, 12, 8))


def queries(client, path: str) -> int:
    client.get(path)  # the catalog is read once per process and change
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_the_queries_that_are_recorded_however_much_there_is(viewer, path):
    recorded = json.loads(GOLDEN.read_text())
    grow(range(1))
    few = queries(viewer, path)
    grow(range(1, 7))
    many = queries(viewer, path)
    assert many == few
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        GOLDEN.write_text(json.dumps(recorded | {path: many}, indent=2, sort_keys=True) + "\n")
    else:
        assert many == recorded[path]
