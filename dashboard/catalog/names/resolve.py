"""What a name in a log means: (platform hint, name as called, endpoint, deployment map) -> entry.

Pure, and cached per distinct name by its callers. Names are never guessed by prefix or similarity:
`gpt-4o` is not `gpt-4`, and an unknown snapshot does not inherit its family's date.
"""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from dashboard.catalog.names.prefixes import (
    LONGEST_PLACEHOLDER,
    MAX_NAME,
    PLACEHOLDERS,
    PlatformName,
    strip_prefixes,
)
from dashboard.catalog.names.spellings import (
    FINE_TUNE_MARK,
    SPELLINGS,
    canonical_name,
    fine_tune_bases,
    other_spellings,
)

__all__ = [
    "UNKNOWN",
    "Deployments",
    "Match",
    "NameIndex",
    "Suggestion",
    "change_days",
    "deployment_target",
    "resolve",
    "suggest",
]

UNKNOWN = "(unknown)"
"""The platform or model where neither the log nor the name states it."""


class Match(NamedTuple):
    """`entry` is None when unresolved; `platform` and `model` are then taken from the name itself.

    `model` is the name without its prefixes; a fine-tune keeps its whole name.
    `how`: deployment, exact, alias, wrapper, fine-tune, endpoint or unresolved.
    """

    entry: int | None
    platform: str
    model: str
    how: str


class Suggestion(NamedTuple):
    """An entry whose id is similar to an unresolved name. A suggestion, never a match."""

    platform: str
    id: str
    entry: int


class Deployments(dict[str, str]):
    """A source's deployment map that caches its case-folded names."""

    @cached_property
    def folded(self) -> dict[str, str]:
        return {name.casefold(): target for name, target in self.items()}


class _PlatformIndex(NamedTuple):
    """The names of one platform; with `folds_case` they are stored case-folded."""

    folds_case: bool
    ids: dict[str, int]
    aliases: dict[str, list[tuple[date, date, int]]]


class NameIndex:
    """Ids and aliases of the catalog, ready for look-up.

    `entries` are (platform, id, pk), an id that starts with "/" being an endpoint's path; `aliases` are
    (platform, name, first day, last day, pk), both days included and None for open ends; names on
    `case_insensitive` platforms are compared without regard to case.
    """

    def __init__(
        self,
        entries: Iterable[tuple[str, str, int]],
        aliases: Iterable[tuple[str, str, date | None, date | None, int]] = (),
        case_insensitive: Iterable[str] = (),
    ) -> None:
        self.folding = frozenset(case_insensitive)
        self.ids: dict[int, tuple[str, str]] = {}
        self._by_platform: dict[str, _PlatformIndex] = {}
        self._hosts: dict[str, set[str]] = defaultdict(set)
        self._endpoints: dict[str, dict[str, int]] = defaultdict(dict)
        self.changes: dict[str, set[date]] = defaultdict(set)
        """Per folded name that is an alias for some days only: the days on which one begins or no longer holds."""
        for platform, name, pk in entries:
            self.ids[pk] = platform, name
            known = self._names_of_platform(platform)
            known.ids[name.casefold() if known.folds_case else name] = pk
            self._hosts[name.casefold()].add(platform)
            if name.startswith("/"):
                self._endpoints[platform][name.rstrip("/").lower()] = pk
        for platform, name, first, last, pk in aliases:
            known = self._names_of_platform(platform)
            days = known.aliases.setdefault(name.casefold() if known.folds_case else name, [])
            days.append((first or date.min, last or date.max, pk))
            self._hosts[name.casefold()].add(platform)
            if first and first > date.min:
                self.changes[name.casefold()].add(first)
            if last and last < date.max:
                self.changes[name.casefold()].add(last + timedelta(days=1))

    def _names_of_platform(self, platform: str) -> _PlatformIndex:
        if platform not in self._by_platform:
            self._by_platform[platform] = _PlatformIndex(platform in self.folding, {}, {})
        return self._by_platform[platform]

    def find_name(self, form: PlatformName, on: date) -> tuple[int, str] | None:
        """(primary key, "exact" or "alias") of a plain name. Without a platform, only if one has that name."""
        platform, name = form
        if not platform:
            hosts = self._hosts.get(name.casefold(), ())
            hits = {hit for host in hosts if (hit := self.find_name((host, name), on))}
            return hits.pop() if len(hits) == 1 else None
        known = self._by_platform.get(platform)
        if not known:
            return None
        folds_case, ids, aliases = known
        if folds_case:
            name = name.casefold()
        if pk := ids.get(name):
            return pk, "exact"
        for first, last, pk in aliases.get(name, ()):
            if first <= on <= last:
                return pk, "alias"
        return None

    def is_id(self, form: PlatformName) -> bool:
        """An entry's own id, which no alias can take from it."""
        platform, name = form
        known = self._by_platform.get(platform)
        return known is not None and (name.casefold() if known.folds_case else name) in known.ids

    def find_endpoint(self, platform: str, path: str) -> int | None:
        """The endpoint entry with the longest path that `path` is or lies under, whole segments only."""
        hosts = [platform] if platform else list(self._endpoints)
        while path:
            hits = {pk for host in hosts if (pk := self._endpoints.get(host, {}).get(path))}
            if hits:
                return hits.pop() if len(hits) == 1 else None
            path = path.rpartition("/")[0]
        return None

    @cached_property
    def trigrams(self) -> dict[str, list[int]]:
        """Which ids hold which three characters: narrows the search for close names to a few."""
        by_gram: dict[str, list[int]] = defaultdict(list)
        for pk, (_, name) in self.ids.items():
            for gram in _grams(name):
                by_gram[gram].append(pk)
        return by_gram


def resolve(
    called_as: str,
    platform: str,
    endpoint: str,
    index: NameIndex,
    *,
    on: date,
    deployments: Mapping[str, str] = {},
) -> Match:
    """Resolve one name as called on a day.

    In order: the source's deployment map, the exact id, an alias valid on that day, the same after removing
    known prefixes, the base of a fine-tune, and for a call without a model name its endpoint. Blanks around
    a name are not part of it.
    """
    called_as = called_as.strip()
    hint = "" if platform == UNKNOWN else platform
    form = (hint, called_as)
    looked = bool(hint) and not deployments
    if looked and (hit := index.find_name(form, on)):
        return _matched(*hit, index, form)  # the fast path of most names: an id needs no stripping
    forms = _forms(form)
    if deployments and (target := _deployed(forms, deployments, index)):
        match = _plain(_forms(target), index, on)
        if match.entry:
            return Match(match.entry, match.platform, match.model, "deployment")
        return match
    match = _plain(forms, index, on, looked=looked)
    if match.entry or len(called_as) > LONGEST_PLACEHOLDER or called_as.lower() not in PLACEHOLDERS:
        return match
    # `platform`, not the hint: a call that is known to have reached no platform has no endpoint either.
    if pk := index.find_endpoint(platform, _path(endpoint)):
        return Match(pk, index.ids[pk][0], UNKNOWN, "endpoint")
    return Match(None, hint or UNKNOWN, UNKNOWN, "unresolved")


def change_days(
    called_as: str, platform: str, index: NameIndex, *, deployments: Mapping[str, str] = {}
) -> list[date]:
    """The days, in order, from which a name may mean something else than on the day before.

    On each of them an alias that the name can match starts or has just ended. Between two of them the name has
    one meaning; most names have none.
    """
    hint = "" if platform == UNKNOWN else platform
    form = (hint, called_as)
    if not index.changes or (not deployments and hint and index.is_id(form)):
        return []
    forms = _forms(form)
    if deployments and (target := _deployed(forms, deployments, index)):
        forms = _forms(target)
    candidates = [other for form in forms for other in (form, *other_spellings(form), *fine_tune_bases(form))]
    names = {name.casefold() for form in candidates for _, name in (form, *other_spellings(form))}
    return sorted({day for name in names for day in index.changes.get(name, ())})


def deployment_target(called_as: str, platform: str, index: NameIndex, deployments: Mapping[str, str]) -> str:
    """The target of a name in a source's deployment map; "" if the map has no such name."""
    form = ("" if platform == UNKNOWN else platform, called_as)
    target = _deployed(_forms(form), deployments, index) if deployments else None
    return target[1] if target else ""


def suggest(name: str, platform: str, index: NameIndex, limit: int = 3) -> list[Suggestion]:
    """Up to `limit` entries with a like id, closest first, of `platform` if given. Bounded work for any name."""
    host, bare = _forms(("" if platform == UNKNOWN else platform, name))[-1]
    wanted = bare[:100].casefold()
    shared = Counter(
        pk
        for gram in _grams(wanted)
        for pk in index.trigrams.get(gram, ())
        if host in {"", index.ids[pk][0]} or not platform
    )
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
    scored = []
    for pk, _ in shared.most_common(40):
        matcher.set_seq1(index.ids[pk][1].casefold())
        if (ratio := matcher.ratio()) >= 0.6:
            scored.append((-ratio, index.ids[pk], pk))
    return [Suggestion(*key, pk) for _, key, pk in sorted(scored)[:limit]]


def _forms(form: PlatformName) -> list[PlatformName]:
    """The name and what is left after each prefix; a platform that a prefix names holds for all of it."""
    forms = strip_prefixes(form)
    if form[0]:
        return forms
    for depth, (host, _) in enumerate(forms):
        if host:
            forms[:depth] = [(host, name) for _, name in forms[:depth]]
            break
    return forms


def _plain(forms: list[PlatformName], index: NameIndex, on: date, *, looked: bool = False) -> Match:
    """The match of the outermost form that the catalog knows, without deployments and endpoints.

    `looked`: the first form was looked up already.
    """
    for form in forms[1:] if looked else forms:
        if hit := index.find_name(form, on):
            pk, how = hit
            return _matched(pk, how if form is forms[0] else "wrapper", index, form)
    for form in forms:
        for spelled in other_spellings(form) if form[0] in SPELLINGS else ():
            if hit := index.find_name(spelled, on):
                return _matched(hit[0], "alias" if form is forms[0] else "wrapper", index, form)
    for form in forms:
        for base in fine_tune_bases(form) if FINE_TUNE_MARK in form[1] else ():
            for spelled in [base, *other_spellings(base)]:
                if hit := index.find_name(spelled, on):
                    return Match(hit[0], index.ids[hit[0]][0], form[1], "fine-tune")
    form = forms[-1]
    return Match(None, form[0] or UNKNOWN, canonical_name(form) or UNKNOWN, "unresolved")


def _matched(pk: int, how: str, index: NameIndex, form: PlatformName) -> Match:
    return Match(pk, index.ids[pk][0], canonical_name(form), how)


def _deployed(forms: list[PlatformName], deployments: Mapping[str, str], index: NameIndex) -> PlatformName | None:
    """The target of the first form that the source's map has; Azure's deployment names ignore case."""
    if not isinstance(deployments, Deployments):
        deployments = Deployments(deployments)
    for platform, name in forms:
        target = deployments.get(name)
        if target is None and platform in index.folding:
            target = deployments.folded.get(name.casefold())
        if isinstance(target, str) and target:
            return forms[-1][0], target
    return None


def _path(endpoint: str) -> str:
    """The path of an endpoint as logged, without host, query and closing slash."""
    try:
        return urlsplit(endpoint[:MAX_NAME]).path.rstrip("/").lower()
    except ValueError:
        return ""


def _grams(text: str) -> Iterator[str]:
    text = text.casefold()
    return iter({text[i : i + 3] for i in range(max(1, len(text) - 2))})
