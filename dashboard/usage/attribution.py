"""Attribute identities to applications by the application rules: new identities, and all after a rule change."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from dashboard.usage.application_rules import Rule, application_slug, first_match
from dashboard.usage.models import Application, ApplicationRule, DailyRollup, Identity, StaleDay
from dashboard.usage.records import INTERNAL, Caller

__all__ = ["applications_for", "load_rules", "reattribute"]

PAGE = 500


def load_rules() -> list[Rule]:
    """The rules in the order in which they are tried."""
    rows = ApplicationRule.objects.order_by("position", "pk")
    return [Rule(*row) for row in rows.values_list("field", "pattern", "application_id")]


def applications_for(callers: Iterable[Caller], ruled: list[Rule]) -> dict[Caller, int]:
    """The application of each caller: the first rule's, else one named after its consumer, created if missing.

    Run it in a transaction; concurrent calls create an application only once.
    """
    applications: dict[Caller, int] = {}
    unruled: dict[Caller, str] = {}
    for caller in callers:
        application = first_match(ruled, caller)
        if application is not None:
            applications[caller] = application
        else:
            unruled[caller] = application_slug(caller.consumer)
    wanted = {slug: caller for caller, slug in reversed(unruled.items())}
    known = _by_slug(wanted)
    missing = sorted(wanted.keys() - known.keys())
    if missing:
        new = [
            Application(slug=slug, name=wanted[slug].consumer, internal=wanted[slug].consumer == INTERNAL, team="")
            for slug in missing
        ]
        Application.objects.bulk_create(new, ignore_conflicts=True, batch_size=PAGE)
        known |= _by_slug(missing)
    return applications | {caller: known[slug] for caller, slug in unruled.items()}


def _by_slug(slugs: Iterable[str]) -> dict[str, int]:
    wanted = list(slugs)
    pks: dict[str, int] = {}
    for start in range(0, len(wanted), PAGE):
        rows = Application.objects.filter(slug__in=wanted[start : start + PAGE])
        pks.update(rows.values_list("slug", "pk"))
    return pks


def reattribute(now: datetime) -> int:  # noqa: ARG001  every writer takes it
    """Attribute every identity again and return how many changed. Their days become stale.

    `now` is not used: attribution has no history, and the current rules apply to past days too.
    """
    ruled = load_rules()
    changed = 0
    last = 0
    while page := list(Identity.objects.filter(pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        with transaction.atomic():
            wanted = applications_for({_caller(identity) for identity in page}, ruled)
            moved = [i for i in page if i.application_id != wanted[_caller(i)]]
            for identity in moved:
                identity.application_id = wanted[_caller(identity)]
            Identity.objects.bulk_update(moved, ["application"])
            days = DailyRollup.objects.filter(identity__in=[i.pk for i in moved])
            StaleDay.objects.bulk_create(
                [StaleDay(day=day) for day in sorted(set(days.values_list("day", flat=True).distinct()))]
            )
        changed += len(moved)
    return changed


def _caller(identity: Identity) -> Caller:
    return Caller(*(getattr(identity, field) for field in Caller._fields))
