"""Small worlds for tests: plain functions that write rows as the real writers do, on fixed days.

entry = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04", replacements=[other])
source = make_source("gateway")
make_usage("shop", entry, "2023-08-01", 120, source=source)
make_usage("shop", "some-name", "2023-08-01", days=30, calls=5)
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import F
from django.utils.text import slugify

from dashboard.catalog import snapshot
from dashboard.catalog.models import Entry, Milestone, Platform, Replacement, Revision, Vendor
from dashboard.usage.models import Application, CalledName, DailyRollup, Identity, Source, StaleDay

__all__ = [
    "NOW",
    "as_day",
    "at",
    "make_application",
    "make_entry",
    "make_revision",
    "make_source",
    "make_usage",
    "report_only",
]

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)


def as_day(value: str | date) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def make_entry(
    key: str,
    *,
    announced: str | date | None = None,
    sunset: str | date | None = None,
    precision: str = "day",
    known: str | date | None = None,
    on_sunset: str = "",
    replacements: Iterable[Entry] = (),
    kind: str = "chat",
) -> Entry:
    """An entry such as "openai/davinci" with, if dates are given, one revision known on `known` or `announced`."""
    platform_slug, _, name = key.partition("/")
    platform, _ = Platform.objects.get_or_create(slug=platform_slug, defaults={"name": platform_slug})
    vendor, _ = Vendor.objects.get_or_create(slug="openai", defaults={"name": "OpenAI"})
    entry = Entry.objects.create(platform=platform, vendor=vendor, name=name, kind=kind)
    known = known or announced
    if known:
        make_revision(
            entry,
            known,
            announced=announced,
            sunset=sunset,
            precision=precision,
            on_sunset=on_sunset,
            replacements=replacements,
        )
    else:
        snapshot.bump(NOW)
    return entry


def make_revision(
    entry: Entry,
    known: str | date,
    *,
    announced: str | date | None = None,
    sunset: str | date | None = None,
    precision: str = "day",
    on_sunset: str = "",
    replacements: Iterable[Entry] | None = None,
    withdraw: bool = False,
) -> Revision:
    """What a source said on the day `known`. `withdraw` takes the announcement and the sunset back."""
    revision = Revision.objects.create(
        entry=entry,
        known_on=as_day(known),
        source_url="https://example.com/deprecations",
        on_sunset=on_sunset,
        sets_replacements=replacements is not None,
        recorded_at=NOW,
    )
    for step, on in (("announced", announced), ("sunset", sunset)):
        if on or withdraw:
            Milestone.objects.create(
                revision=revision,
                kind=step,
                on=None if withdraw else as_day(on),
                precision=precision if step == "sunset" else "day",
            )
    for position, replacement in enumerate(replacements or ()):
        Replacement.objects.create(revision=revision, position=position, entry=replacement)
    snapshot.bump(NOW)
    return revision


def make_source(slug: str = "gateway", *, platform: str = "openai", **fields) -> Source:
    """A source; the same slug gives the same source."""
    return Source.objects.get_or_create(
        slug=slug, defaults={"name": slug, "kind": "watch", "platform": platform, "created_at": NOW, **fields}
    )[0]


def make_application(name: str = "shop", **fields) -> Application:
    """An application by name; the same name gives the same application."""
    return Application.objects.get_or_create(slug=slugify(name) or "app", defaults={"name": name, **fields})[0]


def make_usage(
    application: Application | str,
    called: Entry | str,
    day: str | date,
    calls: int | None = 100,
    *,
    days: int = 1,
    source: Source | None = None,
    errors: int | None = None,
    gone: int | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cost_nano: int | None = None,
    endpoint: str = "",
    platform: str = "",
) -> None:
    """Add to the daily rollups of `days` days from `day` on, as an ingest does, and mark them stale.

    `called` is an entry (called by its id) or a name as logged.
    """
    if isinstance(application, str):
        application = make_application(application)
    source = source or make_source()
    if isinstance(called, Entry):
        called, platform = called.name, called.platform.slug
    name, _ = CalledName.objects.get_or_create(
        source=source,
        called_as=called,
        platform=platform,
        endpoint=endpoint,
        defaults={"origin_day": as_day(day)},
    )
    identity = _identity(application, as_day(day))
    measures = {
        "calls": calls,
        "errors": errors,
        "gone": gone,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cost_nano": cost_nano,
    }
    for offset in range(days):
        on = as_day(day) + timedelta(days=offset)
        row, created = DailyRollup.objects.get_or_create(
            day=on, source=source, identity=identity, name=name, defaults=measures
        )
        if not created:
            told = {key: value for key, value in measures.items() if value is not None}
            DailyRollup.objects.filter(pk=row.pk).update(**{key: F(key) + value for key, value in told.items()})
        StaleDay.objects.create(day=on)


def report_only(source: Source, day: str | date, *, days: int = 1) -> None:
    """Let a source report on some days without a call of anybody who matters."""
    make_usage("bystander", "unrelated-model", day, 1, days=days, source=source)


def at(day: str | date, hour: int = 12) -> datetime:
    """An instant in UTC on a day."""
    return datetime.combine(as_day(day), time(hour), tzinfo=UTC)


def _identity(application: Application, day: date) -> Identity:
    digest = hashlib.md5(application.slug.encode(), usedforsecurity=False).hexdigest()
    return Identity.objects.get_or_create(
        digest=digest,
        defaults={"consumer": application.name, "application": application, "origin_day": day},
    )[0]
