"""Who calls what: sources, how far they are read, and hourly and daily rollups.

Names are kept exactly as logged; what they mean is decided in `dashboard.findings`, so correcting an
alias corrects history. A measure that a source does not report is null, never 0. Cost is in nano-USD.
"""

from dashboard.usage.models.callers import Application, ApplicationRule, CalledName, Identity
from dashboard.usage.models.dedup import ListingCursor, SeenIds, SeenObjects
from dashboard.usage.models.rollups import (
    AggregateRow,
    DailyRollup,
    HourlyRollup,
    LatestCall,
    Measures,
    SourceDay,
    StaleDay,
)
from dashboard.usage.models.sources import RejectedLine, Source, Stream, SyncWindow

__all__ = [
    "AggregateRow",
    "Application",
    "ApplicationRule",
    "CalledName",
    "DailyRollup",
    "HourlyRollup",
    "Identity",
    "LatestCall",
    "ListingCursor",
    "Measures",
    "RejectedLine",
    "SeenIds",
    "SeenObjects",
    "Source",
    "SourceDay",
    "StaleDay",
    "Stream",
    "SyncWindow",
]
