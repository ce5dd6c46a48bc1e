"""The owner's digest: its subject, its text and its HTML, from findings that are due.

Names come from logs, so they are cut, stripped of control characters and escaped where markup is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Snapshot
from dashboard.core.links import absolute_url
from dashboard.core.text import replace_control_characters
from dashboard.findings.models import Finding

__all__ = ["DigestItem", "RenderedDigest", "clean_name", "digest_item", "render_digest"]

LONGEST_NAME = 120
ITEMS_SHOWN = 100

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One finding as the mail shows it. Days are UTC; `calls` are those of the last seven complete days."""

    application: str
    application_url: str
    finding_url: str
    entry: str
    platform: str
    """The platform's display name."""
    entry_url: str
    sunset_on: date
    """The day on which these calls end."""
    days_left: int
    precision: str
    redirects_to: str
    """What calls will silently be served by; "" when they fail."""
    replacements: tuple[str, ...]
    calls: int
    measure: str
    reasons: tuple[str, ...]
    moved_from: date | None
    unverified: bool
    region: str = ""
    """The region of that date, if it is not the entry's own date; "" otherwise."""
    locks_out: bool = False
    """On that day idle accounts lose access."""
    entry_sunset_on: date | None = None
    """The entry's own date, if it is another one."""

    @property
    def due_text(self) -> str:
        """How far away the date is: `in 27 days (tentative)`."""
        precision = {
            "month": _("exact day not announced"),
            "not_before": _("not before that day"),
            "tentative": _("tentative"),
        }.get(self.precision)
        text = days_text(self.days_left)
        return f"{text} ({precision})" if precision else text

    @property
    def date_note(self) -> str:
        """Why the date differs from the model's general sunset date; "" if it does not."""
        if not self.entry_sunset_on:
            return ""
        parts = [
            _("in %(region)s") % {"region": self.region} if self.region else "",
            _("idle accounts lose access") if self.locks_out else "",
            _("the model’s general sunset date is %(day)s") % {"day": self.entry_sunset_on.isoformat()},
        ]
        return f"({'; '.join(part for part in parts if part)})"

    @property
    def outcome(self) -> str:
        """What happens to calls on the date."""
        if self.redirects_to:
            return _("calls are redirected to %(model)s") % {"model": self.redirects_to}
        return _("calls stop working") if self.days_left >= 0 else _("calls have stopped working")

    @property
    def replacements_text(self) -> str:
        return ", ".join(self.replacements) or _("no replacement announced")

    @property
    def reason_texts(self) -> list[str]:
        """Reasons for the alert beside the days that are left."""
        moved_from = self.moved_from.isoformat() if self.moved_from else ""
        texts = {
            "new": _("new"),
            "regressed": _("calls have resumed"),
            "moved": _("date moved from %(day)s") % {"day": moved_from},
            "late": _("late"),
        }
        return [texts[reason] for reason in self.reasons if reason in texts]

    @property
    def usage_text(self) -> str:
        """Calls or tokens; thousands have thin spaces, which every language reads."""
        number = f"{self.calls:,}".replace(",", "\u202f")
        if self.measure == "tokens":
            return ngettext("%(number)s token", "%(number)s tokens", self.calls) % {"number": number}
        return ngettext("%(number)s call", "%(number)s calls", self.calls) % {"number": number}


@dataclass(frozen=True, slots=True)
class RenderedDigest:
    subject: str
    text: str
    html: str


def days_text(days_left: int) -> str:
    """`in 27 days`, `today`, `one day ago`."""
    if days_left == 0:
        return _("today")
    if days_left > 0:
        return ngettext("in one day", "in %(days)s days", days_left) % {"days": days_left}
    return ngettext("one day ago", "%(days)s days ago", -days_left) % {"days": -days_left}


def clean_name(name: str) -> str:
    """A name on one line, without control characters, of bounded length."""
    line = " ".join(replace_control_characters(name).split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def digest_item(
    finding: Finding,
    entry: EntryState,
    due: DueDate,
    snapshot: Snapshot,
    *,
    calls: int,
    measure: str,
    reasons: tuple[str, ...],
    moved_from: date | None,
) -> DigestItem:
    """What the mail says about one finding, which has a due date."""
    differs = due.on != entry.sunset_on
    replacements = tuple(clean_name(r.id) for r in snapshot.replacements(entry))
    return DigestItem(
        application=clean_name(finding.application.name),
        application_url=absolute_url(finding.application.get_absolute_url()),
        finding_url=absolute_url(finding.get_absolute_url()),
        entry=clean_name(entry.id),
        platform=entry.platform_name,
        entry_url=absolute_url(reverse("model", args=[entry.platform, entry.id.lstrip("/")])),
        sunset_on=due.on,
        days_left=due.days_left,
        precision=due.step.precision,
        region=due.step.region if differs else "",
        locks_out=due.step.kind == "lockout",
        entry_sunset_on=entry.sunset_on if differs else None,
        redirects_to=next(iter(replacements), "?") if entry.on_sunset == "redirects" else "",
        replacements=replacements,
        calls=calls,
        measure=measure,
        reasons=reasons,
        moved_from=moved_from,
        unverified=entry.unverified,
    )


def render_digest(items: Sequence[DigestItem], recipient: str, as_of: date, *, fallback: bool) -> RenderedDigest:
    """The whole mail, in the site's language, whoever's request or task it is rendered in.

    `fallback`: the recipient gets it because the applications have no owner.
    """
    ordered = sorted(items, key=lambda i: (i.sunset_on, i.application, i.entry))
    ahead = [i for i in ordered if i.days_left >= 0]
    nearest = ahead[0].sunset_on if ahead else ordered[-1].sunset_on
    due = [i for i in ordered if i.sunset_on == nearest]
    groups: dict[date, list[DigestItem]] = {}
    for shown in ordered[:ITEMS_SHOWN]:
        groups.setdefault(shown.sunset_on, []).append(shown)
    context = {
        "groups": [{"sunset_on": day, "first": some[0], "items": some} for day, some in groups.items()],
        "hidden": max(len(ordered) - ITEMS_SHOWN, 0),
        "nearest": nearest,
        "days_left": due[0].days_left,
        "models": len({(i.platform, i.entry) for i in due}),
        "applications": len({i.application_url for i in ordered}),
        "recipient": recipient,
        "fallback": fallback,
        "as_of": as_of,
        "findings_url": absolute_url(reverse("findings")),
    }
    with translation.override(settings.LANGUAGE_CODE):
        context["due_text"] = days_text(due[0].days_left)
        subject = " ".join(render_to_string("alerts/digest/subject.txt", context).split())
        context["subject"] = subject
        text = render_to_string("alerts/digest/body.txt", context)
        html = render_to_string("alerts/digest/body.html", context)
    return RenderedDigest(
        subject=subject[:300],
        text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        html=_inliner.inline(html),
    )
