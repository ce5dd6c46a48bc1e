"""Keys of callers and names: rows made when first met, bounded per source and day.

A log whose model names or callers never repeat (a mistake, or malice) must not grow the tables without
end: beyond a day's bound further new ones are counted as `(other)`.
"""

from collections.abc import Hashable, Iterable
from datetime import date
from hashlib import blake2b
from typing import TypeVar

from dashboard.usage.application_rules import Rule
from dashboard.usage.attribution import applications_for, load_rules
from dashboard.usage.models import CalledName, Identity, Source
from dashboard.usage.records import OTHER, Called, Caller, clean

__all__ = ["Dimensions"]

NAMES_PER_DAY = 1000
CALLERS_PER_DAY = 5000
CACHED = 50_000
PAGE = 400
T = TypeVar("T", bound=Hashable)


class Dimensions:
    """Caches keys for one session; `forget` after a transaction that did not hold.

    `overflow` says, in a sentence, when a bound was hit.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._callers: dict[Caller, int] = {}
        self._names: dict[Called, int] = {}
        self._rules: list[Rule] | None = None
        self.overflow = ""

    def forget(self) -> None:
        self._callers.clear()
        self._names.clear()
        self._rules = None

    def callers(self, wanted: dict[Caller, date]) -> dict[Caller, int]:
        """The identity of each caller; `wanted` holds the first day each occurs on."""
        if len(self._callers) > CACHED:
            self._callers.clear()
        cleaned = {caller: caller if caller in self._callers else _clean_caller(caller) for caller in wanted}
        first: dict[Caller, date] = {}
        for raw, caller in cleaned.items():
            first[caller] = min(wanted[raw], first.get(caller, date.max))
        digests = {_digest(caller): caller for caller in first if caller not in self._callers}
        self._callers.update((digests[d], pk) for d, pk in self._identities(digests))
        new = {c: first[c] for c in digests.values() if c not in self._callers}
        if new:
            kept = self._within(new, CALLERS_PER_DAY, Identity.objects.filter(origin=self._source), "callers")
            stand_in = Caller(OTHER)
            if len(kept) < len(new):
                kept.setdefault(stand_in, min(new.values()))
            self._make_identities(kept)
            self._callers.update((c, self._callers[stand_in]) for c in new if c not in kept)
        return {raw: self._callers[caller] for raw, caller in cleaned.items()}

    def names(self, wanted: dict[Called, date]) -> dict[Called, int]:
        """The key of each name, with the source's platform where the log has none."""
        if len(self._names) > CACHED:
            self._names.clear()
        full = {called: self._with_platform(_clean_called(called)) for called in wanted}
        new: dict[Called, date] = {}
        missing = {name for name in full.values() if name not in self._names}
        self._load_names(missing)
        for called, name in full.items():
            if name not in self._names:
                new[name] = min(wanted[called], new.get(name, date.max))
        if new:
            mine = CalledName.objects.filter(source=self._source)
            kept = self._within(new, NAMES_PER_DAY, mine, "model names")
            stand_in = self._with_platform(Called("", OTHER))
            if len(kept) < len(new):
                kept.setdefault(stand_in, min(new.values()))
            made = [
                CalledName(source=self._source, origin_day=day, **n._asdict()) for n, day in sorted(kept.items())
            ]
            CalledName.objects.bulk_create(made, ignore_conflicts=True, batch_size=PAGE)
            self._load_names(set(kept))
            self._names.update((n, self._names[stand_in]) for n in new if n not in kept)
        return {called: self._names[name] for called, name in full.items()}

    def _with_platform(self, called: Called) -> Called:
        return called if called.platform else called._replace(platform=clean(self._source.platform, 60))

    def _identities(self, digests: Iterable[str]) -> Iterable[tuple[str, int]]:
        wanted = list(digests)
        for start in range(0, len(wanted), PAGE):
            rows = Identity.objects.filter(digest__in=wanted[start : start + PAGE])
            yield from rows.values_list("digest", "pk")

    def _make_identities(self, new: dict[Caller, date]) -> None:
        if self._rules is None:
            self._rules = load_rules()
        applications = applications_for(new, self._rules)
        digests = {_digest(caller): caller for caller in new}
        made = [
            Identity(
                digest=digest,
                application_id=applications[digests[digest]],
                origin=self._source,
                origin_day=new[digests[digest]],
                **digests[digest]._asdict(),
            )
            for digest in sorted(digests)
        ]
        Identity.objects.bulk_create(made, ignore_conflicts=True, batch_size=PAGE)
        self._callers.update((digests[d], pk) for d, pk in self._identities(digests))

    def _load_names(self, wanted: set[Called]) -> None:
        texts = sorted({name.called_as for name in wanted})
        for start in range(0, len(texts), PAGE):
            rows = CalledName.objects.filter(source=self._source, called_as__in=texts[start : start + PAGE])
            for pk, *name in rows.values_list("pk", "platform", "called_as", "endpoint"):
                self._names[Called(*name)] = pk

    def _within(self, new: dict[T, date], bound: int, existing, what: str) -> dict[T, date]:
        """Those of `new` that a day still has room for, in order of appearance."""
        room: dict[date, int] = {}
        kept: dict[T, date] = {}
        for item, day in new.items():
            if day not in room:
                room[day] = bound - existing.filter(origin_day=day).count()
            if room[day] > 0:
                room[day] -= 1
                kept[item] = day
            else:
                self.overflow = f"More than {bound} new {what} on {day}: further ones are counted as {OTHER}"
        return kept


def _clean_caller(caller: Caller) -> Caller:
    """A caller as its columns hold it, whatever its format let through."""
    consumer, team, key_alias, tags, service, user_agent, internal = caller
    names = (clean(consumer, 200), clean(team, 200), clean(key_alias, 200), clean(tags, 500))
    return Caller(*names, clean(service, 200), clean(user_agent, 200), internal=internal)


def _clean_called(called: Called) -> Called:
    """The same of a name."""
    platform, called_as, endpoint = called
    return Called(clean(platform, 60), clean(called_as, 300), clean(endpoint, 100))


def _digest(caller: Caller) -> str:
    text = "\x1f".join(map(str, caller))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
