"""What an editor can do about an unknown name: make it an alias, map it as a deployment, add an entry, ignore it.

Each function changes the catalog or a source, checks that the name then means the entry, and resolves past
usage again before it returns. If the check fails it raises `ValidationError` and nothing has changed. Days are
UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.changes import undo
from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.documents import AliasDoc, CatalogError, Document, EntryDoc
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import Entry
from dashboard.catalog.names.prefixes import strip_prefixes
from dashboard.catalog.names.resolve import UNKNOWN
from dashboard.core import audit
from dashboard.core.models import AuditEntry
from dashboard.findings import name_resolution, scan
from dashboard.findings.enqueue import enqueue_scan
from dashboard.findings.models import IgnoredName, Resolution
from dashboard.usage.models import CalledName, DailyRollup, Source

__all__ = [
    "NameOutcome",
    "UncataloguedName",
    "add_entry",
    "ignore_name",
    "last_action",
    "make_alias",
    "map_deployment",
    "undo_action",
    "unignore_name",
]

ORIGIN = "uncatalogued"
UNDO_PERIOD = timedelta(hours=1)

# Up to this size a whole scan takes about a second and runs in the request; above it, in the worker.
SCAN_NAMES, SCAN_ROLLUPS = 5_000, 100_000


@dataclass(frozen=True, slots=True)
class UncataloguedName:
    """A name as logged, on a platform ("" or "(unknown)" if neither the log nor the name states one)."""

    called_as: str
    platform: str = ""

    @property
    def stated_platform(self) -> str:
        return "" if self.platform == UNKNOWN else self.platform

    @property
    def bare(self) -> str:
        """The name without known prefixes, as an alias or a deployment map has it."""
        return strip_prefixes((self.stated_platform, self.called_as))[-1][1]

    @property
    def called_names(self) -> QuerySet[CalledName]:
        """Its rows that resolve to nothing, one per source and endpoint."""
        platforms = [self.stated_platform] if self.stated_platform else [UNKNOWN, ""]
        unresolved = Resolution.objects.filter(entry=None, platform__in=platforms).values("name")
        here = Q(pk__in=unresolved) | Q(resolutions=None)
        return CalledName.objects.filter(here, called_as=self.called_as).select_related("source")

    @property
    def sources(self) -> QuerySet[Source]:
        return Source.objects.filter(pk__in=self.called_names.values("source"))


@dataclass(frozen=True, slots=True)
class NameOutcome:
    """What a change did: the entry, and the number of calls and logged names that now belong to it.

    `complete` is False while the worker still updates past traffic.
    """

    entry: EntryState
    calls: int
    names: int
    complete: bool


def make_alias(
    name: UncataloguedName,
    target: EntryState,
    *,
    by: Any,
    now: datetime,
    today: date,
    source_url: str = "",
    note: str = "",
) -> NameOutcome:
    """Make the name, without its prefixes, an alias of `target`."""
    alias = AliasDoc(name.bare, source_url=source_url, note=note)
    document = Document(entries=[EntryDoc(target.platform, target.id, aliases=(alias,))])
    return _through_catalog(name, document, by=by, now=now, today=today)


def add_entry(name: UncataloguedName, entry: EntryDoc, *, by: Any, now: datetime, today: date) -> NameOutcome:
    """Add an entry that the name then means."""
    if catalog.load(today).get(entry.platform, entry.id):
        raise ValidationError({"id": _("The catalog has this entry: make the name an alias of it")})
    return _through_catalog(name, Document(entries=[entry]), by=by, now=now, today=today)


def map_deployment(
    name: UncataloguedName, source: Source, target: EntryState, *, by: Any, now: datetime, today: date
) -> NameOutcome:
    """Add the name to the source's deployment map; calls of other sources do not change."""
    unresolved = _unresolved(name)
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source.pk)
        before = dict(source.deployments)
        snapshot = catalog.load(today)
        called = list(name.called_names.filter(source=source))
        for text in (target.id, target.key):  # a gateway's `platform/id` if the id alone is ambiguous
            source.deployments = {**before, name.bare: text}
            for row in called:
                row.source = source
            if called and all(name_resolution.resolve_name(row, snapshot).entry == target.pk for row in called):
                break
        else:
            raise ValidationError(
                {
                    "source": _(
                        "The calls of this source would still not mean %(entry)s: they are on another platform"
                    )
                    % {"entry": target.key}
                }
            )
        source.save(update_fields=["deployments"])
        name_resolution.invalidate(source)
        audit.record(
            source,
            before={"deployments": before},
            after={"deployments": source.deployments},
            now=now,
            origin=ORIGIN,
            by=by,
        )
    return _outcome(name, target, unresolved, now=now, today=today)


def ignore_name(name: UncataloguedName, reason: str, *, by: Any, now: datetime) -> IgnoredName:
    """Take the name off the list, with a reason. Its calls stay uncatalogued."""
    reason = reason.strip().replace("\0", "")
    if not reason:
        raise ValidationError({"reason": _("Say why, in a few words")})
    with transaction.atomic():
        ignored, created = IgnoredName.objects.get_or_create(
            called_as=name.called_as,
            platform=name.stated_platform or UNKNOWN,
            defaults={"reason": reason[:300], "on": now.date(), "at": now, "by": by},
        )
        if created:
            audit.record(ignored, before={}, after=_ignored_values(ignored), now=now, origin=ORIGIN, by=by)
    return ignored


def unignore_name(name: UncataloguedName, *, by: Any, now: datetime) -> bool:
    """Put the name back on the list; False if it was not ignored."""
    with transaction.atomic():
        ignored = IgnoredName.objects.filter(
            called_as=name.called_as, platform=name.stated_platform or UNKNOWN
        ).first()
        if not ignored:
            return False
        audit.record(ignored, before=_ignored_values(ignored), after={}, now=now, origin=ORIGIN, by=by)
        ignored.delete()
    return True


def last_action(by: Any, now: datetime) -> AuditEntry | None:
    """The person's last change of a name, if it can be undone: an alias or an ignored name, in the last hour."""
    mine = AuditEntry.objects.filter(by=by, origin=ORIGIN, at__gt=now - UNDO_PERIOD)
    found = mine.order_by("-at", "-pk").first()
    made = (found.model, found.action) if found else None
    return found if made in {("catalog.entry", "changed"), ("findings.ignoredname", "added")} else None


def undo_action(action: AuditEntry, *, by: Any, now: datetime, today: date) -> None:
    """Undo the change that `last_action` returned. Raises ValidationError if it was changed again since."""
    if action.model == "findings.ignoredname":
        unignore_name(UncataloguedName(action.after["called_as"], action.after["platform"]), by=by, now=now)
        return
    try:
        undo.undo(Entry.objects.get(pk=action.object_id), action, ["aliases"], now=now, today=today, by=by)
    except Entry.DoesNotExist:
        raise ValidationError(_("The entry is no longer there")) from None
    except CatalogError as problem:
        raise ValidationError([str(item.message) for item in problem.problems]) from None
    _resolve_past(Q(resolutions__entry=action.object_id), now, today)


def _ignored_values(ignored: IgnoredName) -> dict[str, str]:
    return {"called_as": ignored.called_as, "platform": ignored.platform, "reason": ignored.reason}


def _through_catalog(
    name: UncataloguedName, document: Document, *, by: Any, now: datetime, today: date
) -> NameOutcome:
    """Apply a change of one entry; raise ValidationError if the name would still not mean it."""
    (wanted,) = document.entries
    unresolved = _unresolved(name)
    with transaction.atomic():
        try:
            apply_document(document, now=now, origin=ORIGIN, by=by)
        except CatalogError as problem:
            raise ValidationError([str(item.message) for item in problem.problems]) from None
        snapshot = catalog.load(today)
        target = snapshot.get(wanted.platform, wanted.id)
        resolves = target and any(
            name_resolution.resolve_name(row, snapshot).entry == target.pk for row in name.called_names
        )
        if not target or not resolves:
            raise ValidationError(
                _("%(name)s would still not mean %(entry)s: its calls are on another platform")
                % {"name": name.called_as, "entry": "/".join(wanted.key)}
            )
    return _outcome(name, target, unresolved, now=now, today=today)


def _unresolved(name: UncataloguedName) -> list[int]:
    """Names that the change may resolve: those that are the same without prefixes, in any source."""
    nothing = Q(resolutions__entry=None)
    alike = Q(called_as=name.called_as) | Q(resolutions__model=name.bare)
    return list(CalledName.objects.filter(nothing, alike).values_list("pk", flat=True).distinct())


def _outcome(
    name: UncataloguedName, target: EntryState, unresolved: list[int], *, now: datetime, today: date
) -> NameOutcome:
    complete = _resolve_past(Q(called_as=name.called_as) | Q(resolutions__model=name.bare), now, today)
    mine = Resolution.objects.filter(entry=target.pk, name__in=unresolved).values("name").distinct()
    rollups = name_resolution.with_resolution(DailyRollup.objects.filter(name__in=mine))
    calls = rollups.filter(resolution__entry=target.pk).aggregate(n=Sum("calls"))["n"]
    return NameOutcome(target, calls or 0, mine.count(), complete)


def _resolve_past(names: Q, now: datetime, today: date) -> bool:
    """Resolve past usage again: all of it if that is quick, else these names now and the rest in the worker."""
    is_small = (
        CalledName.objects.all()[: SCAN_NAMES + 1].count() <= SCAN_NAMES
        and DailyRollup.objects.order_by()[: SCAN_ROLLUPS + 1].count() <= SCAN_ROLLUPS
    )
    if is_small:
        scan.run(now, today)
    else:
        name_resolution.refresh(catalog.load(today), names)
        enqueue_scan()
    return is_small
