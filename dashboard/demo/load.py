"""Loads the demo's files through the pipeline that real logs take: sources, application rules, polls, a scan."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.db import transaction

from dashboard.demo import actions
from dashboard.demo.applications import APPLICATIONS
from dashboard.demo.scenario import DemoApplication, Gateway, scenario_days
from dashboard.demo.writers.nginx import user_agent
from dashboard.findings import scan
from dashboard.usage import polling
from dashboard.usage.connectors.files.connector import FilesConnector
from dashboard.usage.models import (
    Application,
    ApplicationRule,
    DailyRollup,
    HourlyRollup,
    Source,
    StaleDay,
)

__all__ = ["SOURCES", "LoadResult", "delete_counts", "ensure_applications", "ensure_sources", "load"]


@dataclass(frozen=True, slots=True)
class LogSource:
    """One watched folder of the demo."""

    slug: str
    name: str
    format: str
    files: str
    platform: str = ""


SOURCES: dict[Gateway, LogSource] = {
    "litellm": LogSource("ai-gateway", "AI gateway", "litellm-standard-logging", "litellm/*.jsonl.gz"),
    "edge": LogSource("edge-proxy", "Edge proxy", "access-log", "edge/access.log*", "openai"),
    "partner": LogSource("partner-proxy", "Partner proxy", "access-log", "partner/access.log*", "openai"),
    "platform": LogSource("batch-platform", "Batch platform", "sundial", "platform/usage-*.jsonl"),
}


@dataclass(slots=True)
class LoadResult:
    """What loading did: accepted, rejected and duplicate lines over all sources, and the scan's result."""

    records: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    findings: scan.ScanResult = field(default_factory=scan.ScanResult)


def load(folder: Path, *, now: datetime, read_at: datetime, as_of: date) -> LoadResult:
    """Read what is new in the files of `folder` and scan for findings; a second run changes nothing.

    `now` is the demo's pinned instant. `read_at` is later than the last call, because ingest rejects calls from
    the future.
    """
    ensure_applications()
    loaded = LoadResult()
    for source in ensure_sources(folder, now):
        counts = polling.poll(source, read_at)
        loaded.records += counts.records
        loaded.accepted += counts.accepted
        loaded.rejected += counts.rejected
        loaded.duplicates += counts.duplicates
    loaded.findings = scan.run(now, as_of)
    actions.apply_actions()
    return loaded


def ensure_sources(folder: Path, now: datetime) -> list[Source]:
    """The watch sources of the demo, made where they are missing."""
    return [
        Source.objects.get_or_create(
            slug=log.slug,
            defaults={
                "name": log.name,
                "kind": FilesConnector.kind,
                "format": log.format,
                "platform": log.platform,
                "paths": str(folder / log.files),
                "created_at": now,
            },
        )[0]
        for log in SOURCES.values()
    ]


@transaction.atomic
def ensure_applications() -> None:
    """Create applications with team, owner and rule where they are missing; existing ones are left alone."""
    for position, application in enumerate(APPLICATIONS):
        if application.internal:
            continue  # a gateway's own calls belong to an application that ingest makes
        row, is_new = Application.objects.get_or_create(
            slug=application.key,
            defaults={
                "name": application.name,
                "team": application.team,
                "owner": application.owner,
                "criticality": application.criticality,
            },
        )
        if is_new:
            field_name, pattern = _rule(application)
            ApplicationRule.objects.create(
                position=100 + position, field=field_name, pattern=pattern, application=row
            )


@transaction.atomic
def delete_counts() -> None:
    """Delete the demo's sources and all that was counted from them."""
    sources = Source.objects.filter(slug__in=[log.slug for log in SOURCES.values()])
    if not sources:
        return
    # Rollups first: they protect the names and identities they count.
    for counted in (HourlyRollup, DailyRollup):
        counted.objects.filter(source__in=sources).delete()
    sources.delete()
    StaleDay.objects.bulk_create(StaleDay(day=day) for day in scenario_days())


def _rule(application: DemoApplication) -> tuple[str, str]:
    """(field, pattern) by which a log identifies an application: key alias, user agent or service account."""
    if application.gateway == "litellm":
        return ApplicationRule.Field.KEY_ALIAS, f"{application.key}-*"
    if application.gateway == "partner":
        return ApplicationRule.Field.USER_AGENT, user_agent(application).replace("4.2", "*")
    return ApplicationRule.Field.CONSUMER, application.key
