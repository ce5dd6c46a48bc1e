"""Write what was read since a checkpoint to the tables, inside the transaction that moves the checkpoint."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from dashboard.core.fields import EPOCH
from dashboard.core.text import printable_path
from dashboard.usage.accumulator import Accumulator
from dashboard.usage.ingest import aggregates, latest_calls
from dashboard.usage.ingest.dedup import NewHashes
from dashboard.usage.ingest.rollups import merge_rollups
from dashboard.usage.models import RejectedLine
from dashboard.usage.records import AT, Group, merge_group

if TYPE_CHECKING:
    from dashboard.usage.ingest.pipeline import Session

__all__ = ["persist_batch"]

REJECTED_KEPT = 1000


def persist_batch(session: "Session", path: str, accumulator: Accumulator, hashes: NewHashes) -> None:
    """Store what was read from `path`, and the id hashes by which it is recognised when it comes again."""
    if accumulator.groups:
        _add_totals(session, path, accumulator)
    if accumulator.buckets:
        aggregates.replace_buckets(
            session.source, accumulator.buckets.values(), session.dimensions, session.now.date()
        )
    session.known_hashes.store(hashes)
    if accumulator.rejects:
        _save_rejects(session, path, accumulator)


def _add_totals(session: "Session", path: str, accumulator: Accumulator) -> None:
    """Add the totals to the rollups, and store the latest calls as read from `path`."""
    callers, names = list(accumulator.callers), list(accumulator.names)
    called_first: dict[int, int] = {}
    named_first: dict[int, int] = {}
    for hour, who, what in sorted(accumulator.groups):
        called_first.setdefault(who, hour)
        named_first.setdefault(what, hour)
    dimensions = session.dimensions
    identities = dimensions.callers({callers[n]: _day(hour) for n, hour in called_first.items()})
    keys = dimensions.names({names[n]: _day(hour) for n, hour in named_first.items()})
    # Callers and names without calls, as of lines that were duplicates, have no key.
    identity = [identities.get(caller, 0) for caller in callers]
    name = [keys.get(called, 0) for called in names]
    rows: dict[tuple[int, int, int], Group] = {}
    proofs: dict[tuple[int, int], latest_calls.LatestCallValue] = {}
    for (hour, who, what), group in accumulator.groups.items():
        pair = identity[who], name[what]
        known = rows.setdefault((hour, *pair), group)
        if known is not group:  # several beyond a bound that count as one
            merge_group(known, group)
        at, line, request_id = group[AT:]
        if pair not in proofs or (at, line) >= (proofs[pair][0], proofs[pair][2]):
            proofs[pair] = at, 0, line, request_id or ""
    merge_rollups(session.source.pk, rows)
    latest_calls.save_latest_calls(path, proofs)


def _save_rejects(session: "Session", path: str, accumulator: Accumulator) -> None:
    """Store the rejected lines; of the source's only the newest are kept."""
    RejectedLine.objects.bulk_create(
        RejectedLine(source=session.source, path=printable_path(path), at=session.now, **reject._asdict())
        for reject in accumulator.rejects
    )
    RejectedLine.objects.keep_newest(session.source, REJECTED_KEPT)


def _day(hour: int) -> date:
    return EPOCH + timedelta(days=hour // 24)
