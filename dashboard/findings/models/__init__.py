"""Usage joined with the catalog: what each name means, the sums that pages read, and findings."""

from dashboard.findings.choices import Action, Status
from dashboard.findings.models.findings import CallRegions, Finding, FindingAction, OpenPeriod
from dashboard.findings.models.names import IgnoredName, Resolution
from dashboard.findings.models.scanning import ScannedEntry, StalePair
from dashboard.findings.models.traffic import EntryCaller, EntryTraffic, NameTraffic, Traffic

__all__ = [
    "Action",
    "CallRegions",
    "EntryCaller",
    "EntryTraffic",
    "Finding",
    "FindingAction",
    "IgnoredName",
    "NameTraffic",
    "OpenPeriod",
    "Resolution",
    "ScannedEntry",
    "StalePair",
    "Status",
    "Traffic",
]
