"""What Acme's people did about their findings, told in the findings' own history."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from dashboard.demo.scenario import scenario_day
from dashboard.findings import actions
from dashboard.findings.models import Finding

__all__ = ["ACTIONS", "ScriptedAction", "apply_actions"]


@dataclass(frozen=True, slots=True)
class ScriptedAction:
    """On a morning somebody did `kind` to an application's finding, until a day where that has one."""

    on: date
    application: str
    entry: str
    kind: str
    words: str
    until: date | None = None


ACTIONS: tuple[ScriptedAction, ...] = (
    ScriptedAction(
        scenario_day("10-17"), "partner-portal", "text-davinci-002", "comment",
        "The proxy's log ended on Sunday. Is the portal off, or only its log?",
    ),
    ScriptedAction(
        scenario_day("11-14"), "picking-hints", "text-babbage-001", "acknowledge",
        "One warehouse a week, Lyon first. The last one is due after Christmas.", scenario_day("12-27"),
    ),
    ScriptedAction(
        scenario_day("11-21"), "contracts", "text-davinci-003", "acknowledge",
        "A lawyer reads every template before it moves; two a week.", scenario_day("12-22"),
    ),
    ScriptedAction(
        scenario_day("11-22"), "survey-insights", "text-babbage-001", "comment",
        "Last changed in 2021. Whose is this?",
    ),
    ScriptedAction(
        scenario_day("11-27"), "fraud-notes", "text-davinci-003", "comment",
        "Friday's rollback brought the old image back. The fix waits for the end of the freeze.",
    ),
    ScriptedAction(
        scenario_day("11-30"), "search-index", "text-search-ada-query-001", "acknowledge",
        "Re-embedding the catalogue takes until the 10th; queries switch on the 13th.", scenario_day("12-13"),
    ),
    ScriptedAction(
        scenario_day("12-01"), "ticket-tagger", "ada", "snooze",
        "ada will be answered by babbage-002. We compare their tags first.", scenario_day("12-15"),
    ),
)  # fmt: skip


def apply_actions() -> int:
    """Do what was done, where nobody has done anything yet; how many acts that were."""
    done = 0
    for act in ACTIONS:
        findings = Finding.objects.filter(application__slug=act.application, entry__name=act.entry, actions=None)
        for finding in findings.distinct():
            _do(act, finding, datetime.combine(act.on, time(9, 30), tzinfo=UTC))
            done += 1
    return done


def _do(act: ScriptedAction, finding: Finding, now: datetime) -> None:
    if act.kind == "acknowledge":
        actions.acknowledge(finding, None, now, note=act.words, target=act.until)
    elif act.kind == "snooze" and act.until:
        actions.snooze(finding, None, now, until=act.until, note=act.words)
    else:
        actions.comment(finding, None, now, text=act.words)
