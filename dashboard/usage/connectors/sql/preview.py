"""A sample of a table: its newest bucket that holds anything."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.base import ConnectorError, PreviewError, Sample
from dashboard.usage.connectors.preview_base import SAMPLE_RECORDS, sample_records, secret_advice
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.sql.poller import connect_source, error_text, query_bucket
from dashboard.usage.connectors.sql.presets import load_table
from dashboard.usage.records import BucketValue, Reject

__all__ = ["newest_bucket", "sample_table"]

STATEMENT_SECONDS, TOTAL_SECONDS = 10, 25
SEARCHED_DAYS = 400  # how far back a table is searched for its newest rows


def sample_table(config: Mapping[str, Any], now: datetime) -> Sample:
    """Sample the newest bucket of a table that has rows. Raises PreviewError."""
    try:
        with connect_source(config, STATEMENT_SECONDS) as connection:
            table = load_table(config, connection)
            started = time.monotonic()

            def query(begin: int, end: int, most: int = 1) -> tuple[list[BucketValue], int, list[str]]:
                _check_time(started)
                return query_bucket(connection, table, begin, end, now, most)

            def has_rows(begin: int, end: int) -> bool:
                values, _accepted, wrong = query(begin, end)
                return bool(values or wrong)

            until = (int(now.timestamp()) // table.step + 1) * table.step
            span = newest_bucket(has_rows, until, table.step, until - SEARCHED_DAYS * DAY)
            if span is None:
                raise PreviewError(
                    _("The table %(table)s has no rows of the last %(n)s days")
                    % {"table": table.name, "n": SEARCHED_DAYS},
                    _("Check that the column of the time is the right one."),
                )
            values, accepted, wrong = query(*span, SAMPLE_RECORDS)
    except SecretError as problem:
        raise PreviewError(str(problem), secret_advice()) from None
    except ConnectorError as problem:
        raise PreviewError(str(problem)) from None
    except SQLAlchemyError as problem:
        raise PreviewError(
            _("The database answers: %(words)s") % {"words": error_text(problem)},
            _("Check the address in the variable, and that its user may read the table."),
        ) from None
    return Sample(
        place=table.name,
        format=str(config.get("preset") or "columns"),
        why=_("sums of one bucket, as the database adds them up"),
        records=sample_records(values),
        rejects=[Reject(0, 0, reason, "") for reason in wrong],
        accepted=accepted,
        rejected=len(wrong),
        is_whole=False,
    )


def _check_time(started: float) -> None:
    if time.monotonic() - started > TOTAL_SECONDS:
        raise ConnectorError(_("The database takes too long: give the column of the time an index"))


def newest_bucket(
    has_rows: Callable[[int, int], bool], until: int, step: int, earliest: int
) -> tuple[int, int] | None:
    """The newest bucket before `until` for which `has_rows(begin, end)`; None when there is none after `earliest`.

    Tries spans that double in length, then bisects the first that has rows: a few statements even when nothing
    was written for a year. Times are seconds since 1970, whole numbers of `step` apart.
    """
    end, width = until, step
    begin = end
    while end > earliest:
        begin = max(earliest, end - width)
        if has_rows(begin, end):
            break
        end, width = begin, width * 2
    else:
        return None
    while end - begin > step:
        middle = end - (end - begin) // step // 2 * step
        if has_rows(middle, end):
            begin = middle
        else:
            end = middle
    return begin, end
