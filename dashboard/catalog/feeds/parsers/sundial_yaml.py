"""A catalog file of our own (YAML, as `catalog export` writes it) at an address: a colleague's or another team's.

The latest value of every milestone and of the replacements of an entry counts, and its aliases with their days.
History comes with `catalog import`, which takes a file as it is.
"""

from dashboard.catalog.changes.validate import latest_state
from dashboard.catalog.documents import CatalogError, EntryDoc, Problem
from dashboard.catalog.feeds.base import FeedError, FeedItem, ParsedFeed, Records
from dashboard.catalog.files.parse import parse_file
from dashboard.catalog.messages import Message

__all__ = ["parse"]


def parse(content: bytes) -> ParsedFeed:
    if content.lstrip()[:1] == b"<":
        raise FeedError("web_page_not_yaml")
    try:
        document = parse_file(content, ".yaml", "feed")
    except CatalogError as problem:
        raise FeedError("not_catalog_file", problem=_message(problem.problems[0])) from None
    records = Records({"entry": entry} for entry in document.entries)
    for record in records:
        records.add(_feed_item(record["entry"]))
    return records.parsed()


def _message(problem: Problem) -> Message:
    return Message("at", place=str(problem.at), problem=problem.message) if str(problem.at) else problem.message


def _feed_item(entry: EntryDoc) -> FeedItem:
    state = latest_state(entry)
    advised = [revision.references for revision in entry.history if revision.references is not None]
    last = max(entry.history, key=lambda revision: revision.known_on, default=None)
    dates = ", ".join(f"{step.kind} {step.on} ({step.precision})" for step in state.steps.values())
    return FeedItem(
        entry.platform,
        entry.id,
        tuple(state.steps.values()),
        replacements=advised[-1] if advised else None,
        kind=entry.kind,
        released_on=entry.released_on,
        source_url=state.source_url,
        seen_on=(last.source_day or last.known_on) if last else None,
        aliases=entry.aliases,
        evidence=f"{entry.platform}/{entry.id}: {dates or 'no dates'}",
    )
