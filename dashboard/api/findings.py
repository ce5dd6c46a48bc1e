"""GET /api/v1/findings and /api/v1/findings/{id}: who still calls what retires."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from dashboard.api.errors import ApiError, problems
from dashboard.api.pagination import paginate
from dashboard.api.parameters import AsOf, Paging, choices, parse_choice, reject_unknown_parameters
from dashboard.api.schemas import Finding, FindingPage
from dashboard.catalog import snapshot as catalog
from dashboard.findings import models
from dashboard.findings.choices import Status
from dashboard.findings.serializers import serialize_findings

__all__ = ["router"]

router = Router(tags=["findings"])


class FindingQuery(Paging):
    status: choices("status", Status.values) = Field("", description="all but resolved when absent")  # type: ignore[valid-type]
    platform: str = Field("", description="the slug of a platform")
    team: str = Field("", description="the team of the application")


@router.get(
    "findings",
    response={200: FindingPage, **problems(400, 404)},
    url_name="findings",
    operation_id="listFindings",
    summary="Findings, most urgent first",
)
def index(request: HttpRequest, query: Query[FindingQuery]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot = catalog.load(query.day)
    platform = parse_choice("platform", query.platform, sorted({entry.platform for entry in snapshot}))
    findings = models.Finding.objects.as_of(query.day, snapshot)
    findings = findings.with_status(query.status) if query.status else findings.alive()
    if platform:
        findings = findings.on_platform(platform)
    if query.team:
        findings = findings.of_team(query.team)
    return paginate(request, query, findings.by_due(), lambda page: serialize_findings(page, snapshot))


@router.get(
    "findings/{int:finding_id}",
    response={200: Finding, **problems(400, 404)},
    url_name="finding",
    operation_id="getFinding",
    summary="One finding with its history",
)
def detail(request: HttpRequest, finding_id: int, query: Query[AsOf]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot = catalog.load(query.day)
    try:
        finding = models.Finding.objects.as_of(query.day, snapshot).get(pk=finding_id)
    except (models.Finding.DoesNotExist, OverflowError):
        raise ApiError(404, f"There is no finding {finding_id} on {query.day}") from None
    return serialize_findings([finding], snapshot)[0]
