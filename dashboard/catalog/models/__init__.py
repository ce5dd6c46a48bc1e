"""What retires, when, and to what: platforms, entries, their names and revisions, and what feeds propose."""

from dashboard.catalog.models.entries import (
    Alias,
    CatalogVersion,
    Entry,
    Milestone,
    Platform,
    Replacement,
    Revision,
    Vendor,
)
from dashboard.catalog.models.feeds import FeedState, ProposedChange

__all__ = [
    "Alias",
    "CatalogVersion",
    "Entry",
    "FeedState",
    "Milestone",
    "Platform",
    "ProposedChange",
    "Replacement",
    "Revision",
    "Vendor",
]
