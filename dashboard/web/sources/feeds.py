"""The catalog's feeds, as the sources page shows them."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Count

from dashboard.catalog.feeds import proposals, sync
from dashboard.catalog.feeds.registry import FEEDS
from dashboard.catalog.feeds.sync import FeedError
from dashboard.catalog.models import FeedState

__all__ = ["FeedRow", "feed_rows"]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One feed: those that the settings name, and those that somebody once read by hand."""

    name: str
    title: str
    state: FeedState
    daily: bool
    waiting: int
    """Proposed changes that wait for an editor."""

    @property
    def status(self) -> Literal["reading", "waiting", "problem", "imported"]:
        """Its state, as a badge shows it."""
        if self.state.problem:
            return "problem"
        if not self.state.good_at:
            return "waiting"
        return "reading" if self.daily else "imported"


def feed_rows() -> tuple[list[FeedRow], str]:
    """The feeds in the order of the registry, and what is wrong with `SUNDIAL_FEEDS`, "" if nothing is."""
    try:
        daily, problem = sync.configured_feeds(), ""
    except FeedError as error:
        daily, problem = {}, str(error)
    states = FeedState.objects.in_bulk()
    waiting = dict(proposals.pending_proposals().order_by().values_list("feed").annotate(n=Count("pk")))
    return [
        FeedRow(name, feed.title, states.get(name) or FeedState(name=name), name in daily, waiting.get(name, 0))
        for name, feed in FEEDS.items()
        if name in daily or name in states
    ], problem
