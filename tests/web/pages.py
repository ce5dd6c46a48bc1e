"""Reading pages as people do, for tests of pages."""

import csv
import html
import io
import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

__all__ = ["csv_rows", "figure_names", "queries_of", "words"]


def words(response) -> str:
    """The page without its markup, blanks as one."""
    text = re.sub(r"</?(?:a|bdi|code|span|strong|time)\b[^>]*>", "", response.text)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))


def figure_names(response) -> list[str]:
    """The ids of the charts on a page."""
    return re.findall(r'data-figure="([\w-]+)"', response.text)


def csv_rows(response) -> list[dict[str, str]]:
    """The lines of a download by column."""
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def queries_of(client, url: str) -> int:
    """How many SQL statements a page takes, signing in and catalog already warm."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)
