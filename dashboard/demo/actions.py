"""What people at Acme did about their findings, as actions in each finding's history."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from dashboard.demo.scenario import scenario_day
from dashboard.findings import actions
from dashboard.findings.models import Finding

__all__ = ["ACTIONS", "ScriptedAction", "apply_actions"]


@dataclass(frozen=True, slots=True)
class ScriptedAction:
    """An action of `kind` on a finding, at 09:30 UTC on the day `on`; `until` for those that last until a day."""

    on: date
    application: str
    entry: str
    kind: str
    note: str
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
    """Apply the actions to findings that have none yet; returns how many were applied."""
    done = 0
    for action in ACTIONS:
        findings = Finding.objects.filter(
            application__slug=action.application, entry__name=action.entry, actions=None
        )
        for finding in findings.distinct():
            _apply(action, finding, datetime.combine(action.on, time(9, 30), tzinfo=UTC))
            done += 1
    return done


def _apply(action: ScriptedAction, finding: Finding, now: datetime) -> None:
    if action.kind == "acknowledge":
        actions.acknowledge(finding, None, now, note=action.note, target=action.until)
    elif action.kind == "snooze" and action.until:
        actions.snooze(finding, None, now, until=action.until, note=action.note)
    else:
        actions.comment(finding, None, now, text=action.note)
