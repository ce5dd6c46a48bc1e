"""GET /api/v1/deadlines, one of them, and its series: progress towards a sunset date."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from dashboard.api.errors import ApiError, problems
from dashboard.api.pagination import paginate
from dashboard.api.parameters import (
    AsOf,
    FromDay,
    Paging,
    ToDay,
    choices,
    parse_choice,
    parse_day,
    reject_unknown_parameters,
)
from dashboard.api.schemas import DeadlineDetail, DeadlinePage, DeadlineSeries
from dashboard.catalog import snapshot as catalog
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.findings.deadlines.summary import (
    DeadlineSummary,
    burndown_days,
    deadline_summary,
    deadline_totals,
    list_summaries,
)
from dashboard.findings.serializers import serialize_deadline

__all__ = ["router"]

router = Router(tags=["deadlines"])

LONGEST_SERIES = 1500  # days


class DeadlineQuery(Paging):
    when: choices("when", ("upcoming", "past")) = Field("upcoming", description="past ones come newest first")  # type: ignore[valid-type]
    platform: str = Field("", description="the slug of a platform")


class SeriesQuery(AsOf):
    from_day: FromDay = Field(None, alias="from", description="first day; the baseline's if absent")
    to_day: ToDay = Field(None, alias="to", description="last day; as_of if absent, and no later")


@router.get(
    "deadlines",
    response={200: DeadlinePage, **problems(400, 404)},
    url_name="deadlines",
    operation_id="listDeadlines",
    summary="Deadlines with their progress and forecast, soonest first",
)
def index(request: HttpRequest, query: Query[DeadlineQuery]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot = catalog.load(query.day)
    platform = parse_choice("platform", query.platform, sorted({entry.platform for entry in snapshot}))
    summaries = [
        summary
        for summary in list_summaries(snapshot, past=query.when == "past")
        if not platform or summary.platform == platform
    ]

    def serialize(page: Sequence[DeadlineSummary]) -> list[dict[str, Any]]:
        return [serialize_deadline(snapshot.deadlines[item.platform, item.sunset_on], item) for item in page]

    return paginate(request, query, summaries, serialize)


@router.get(
    "deadlines/{slug:platform}/{sunset_date}",
    response={200: DeadlineDetail, **problems(400, 404)},
    url_name="deadline",
    operation_id="getDeadline",
    summary="One deadline, with the progress of each application",
)
def detail(request: HttpRequest, platform: str, sunset_date: str, query: Query[AsOf]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot = catalog.load(query.day)
    deadline = _deadline(snapshot, platform, sunset_date)
    return serialize_deadline(deadline, deadline_summary(deadline, snapshot))


@router.get(
    "deadlines/{slug:platform}/{sunset_date}/series",
    response={200: DeadlineSeries, **problems(400, 404)},
    url_name="deadline_series",
    operation_id="getDeadlineSeries",
    summary="The burn-down of a deadline, day by day",
)
def series(request: HttpRequest, platform: str, sunset_date: str, query: Query[SeriesQuery]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot = catalog.load(query.day)
    deadline = _deadline(snapshot, platform, sunset_date)
    first = query.from_day or deadline_totals(deadline, snapshot).measured_from
    last = min(query.to_day or query.day, query.day)
    if query.to_day and first > query.to_day:
        raise ApiError(400, "from must not be later than to", parameter="from")
    if (last - first).days >= LONGEST_SERIES:
        raise ApiError(400, f"A series has at most {LONGEST_SERIES} days", parameter="from", limit=LONGEST_SERIES)
    days = burndown_days(deadline, snapshot, first, last) if first <= last else []
    return {
        "platform": deadline.platform,
        "sunset_date": deadline.sunset_on,
        "as_of": query.day,
        "days": [
            {
                "day": day.day,
                "retiring": day.retiring,
                "replacement": day.replacement,
                "applications_remaining": day.applications_remaining,
            }
            for day in days
        ],
    }


def _deadline(snapshot: Snapshot, platform: str, text: str) -> Deadline:
    day: date | None = parse_day("date", text)
    deadline = snapshot.deadlines.get((platform, day)) if day else None
    if deadline is None:
        raise ApiError(404, f"{platform} has no deadline on {text[:40]} as known on {snapshot.as_of}")
    return deadline
