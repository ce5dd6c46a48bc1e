"""What Acme's people did about their findings, told in the findings' own history."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from dashboard.demo.scenario import day
from dashboard.findings import actions
from dashboard.findings.models import Finding

__all__ = ["ACTS", "Act", "replay"]


@dataclass(frozen=True, slots=True)
class Act:
    """On a morning somebody did `kind` to an application's finding, until a day where that has one."""

    on: date
    application: str
    entry: str
    kind: str
    words: str
    until: date | None = None


ACTS: tuple[Act, ...] = (
    Act(
        day("10-17"), "partner-portal", "text-davinci-002", "comment",
        "The proxy's log ended on Sunday. Is the portal off, or only its log?",
    ),
    Act(
        day("11-14"), "picking-hints", "text-babbage-001", "acknowledge",
        "One warehouse a week, Lyon first. The last one is due after Christmas.", day("12-27"),
    ),
    Act(
        day("11-21"), "contracts", "text-davinci-003", "acknowledge",
        "A lawyer reads every template before it moves; two a week.", day("12-22"),
    ),
    Act(
        day("11-22"), "survey-insights", "text-babbage-001", "comment",
        "Last changed in 2021. Whose is this?",
    ),
    Act(
        day("11-27"), "fraud-notes", "text-davinci-003", "comment",
        "Friday's rollback brought the old image back. The fix waits for the end of the freeze.",
    ),
    Act(
        day("11-30"), "search-index", "text-search-ada-query-001", "acknowledge",
        "Re-embedding the catalogue takes until the 10th; queries switch on the 13th.", day("12-13"),
    ),
    Act(
        day("12-01"), "ticket-tagger", "ada", "snooze",
        "ada will be answered by babbage-002. We compare their tags first.", day("12-15"),
    ),
)  # fmt: skip


def replay() -> int:
    """Do what was done, where nobody has done anything yet; how many acts that were."""
    done = 0
    for act in ACTS:
        findings = Finding.objects.filter(application__slug=act.application, entry__name=act.entry, actions=None)
        for finding in findings.distinct():
            _do(act, finding, datetime.combine(act.on, time(9, 30), tzinfo=UTC))
            done += 1
    return done


def _do(act: Act, finding: Finding, now: datetime) -> None:
    if act.kind == "acknowledge":
        actions.acknowledge(finding, None, now, note=act.words, target=act.until)
    elif act.kind == "snooze" and act.until:
        actions.snooze(finding, None, now, until=act.until, note=act.words)
    else:
        actions.comment(finding, None, now, text=act.words)
