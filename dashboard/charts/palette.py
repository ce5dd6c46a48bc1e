"""The look of each state: its label, colour token and icon, in one place.

Badges, bars and charts read it; `tokens.css` gives the tokens their colours. Labels are marked
for translation here and translated where they are shown.
"""

from dataclasses import dataclass

__all__ = [
    "SERIES",
    "SOURCES",
    "STAGES",
    "STATUSES",
    "TIME_LEFT",
    "TONES",
    "VERDICTS",
    "Look",
    "css_var",
    "time_left_key",
]


def gettext_noop(text: str) -> str:
    """Marks `text` for translation."""
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks. `tone` is one of `TONES`; `icon` a symbol of icons.svg."""

    label: str
    tone: str
    icon: str


TONES = ("good", "calm", "warm", "hot", "gone", "quiet")
"""Each is a pair of tokens: `--tone-NAME` for words and icons on `--tone-NAME-bg`."""

STAGES = {
    "active": Look(gettext_noop("Active"), "good", "sun"),
    "legacy": Look(gettext_noop("Legacy"), "calm", "cloud"),
    "deprecated": Look(gettext_noop("Deprecated"), "warm", "sunset"),
    "retired": Look(gettext_noop("Retired"), "gone", "moon"),
}

STATUSES = {
    "open": Look(gettext_noop("Open"), "warm", "flag"),
    "acknowledged": Look(gettext_noop("Acknowledged"), "calm", "check"),
    "snoozed": Look(gettext_noop("Snoozed"), "quiet", "clock"),
    "regressed": Look(gettext_noop("Regressed"), "hot", "back"),
    "exempt": Look(gettext_noop("Exempt"), "quiet", "shield"),
    "resolved": Look(gettext_noop("Resolved"), "good", "done"),
    "broken": Look(gettext_noop("Broken"), "gone", "broken"),
    "redirected": Look(gettext_noop("Redirected"), "gone", "redirect"),
}
"""A finding's status; after the sunset, calls that still arrive are broken or redirected."""

SOURCES = {
    "reading": Look(gettext_noop("Reading"), "good", "check"),
    "waiting": Look(gettext_noop("Waiting for a first record"), "calm", "clock"),
    "silent": Look(gettext_noop("Silent"), "warm", "moon"),
    "paused": Look(gettext_noop("Paused"), "quiet", "flat"),
    "problem": Look(gettext_noop("Problem"), "hot", "alert"),
    "imported": Look(gettext_noop("Imported by hand"), "quiet", "download"),
}
"""How a source of usage is doing."""

VERDICTS = {
    "done": Look(gettext_noop("Done"), "good", "done"),
    "on track": Look(gettext_noop("On track"), "good", "down"),
    "at risk": Look(gettext_noop("At risk"), "warm", "alert"),
    "late": Look(gettext_noop("Late"), "hot", "alert"),
    "stalled": Look(gettext_noop("Stalled"), "hot", "flat"),
    "unknown": Look(gettext_noop("Too little data"), "quiet", "question"),
    "silent": Look(gettext_noop("Source is silent"), "warm", "question"),
}
"""The forecast's verdicts, and "silent": no calls arrive because no source reports."""

TIME_LEFT = {
    "day": Look(gettext_noop("More than 90 days"), "good", "sun"),
    "afternoon": Look(gettext_noop("31 to 90 days"), "calm", "sun"),
    "evening": Look(gettext_noop("8 to 30 days"), "warm", "sunset"),
    "dusk": Look(gettext_noop("1 to 7 days"), "hot", "sunset"),
    "night": Look(gettext_noop("Due or past"), "gone", "moon"),
}
"""How long a model has left: `time_left_key` chooses. The keys name the tokens `daylight-KEY`."""

SERIES = {
    "retiring": Look(gettext_noop("Retiring models"), "chart-retiring", "sunset"),
    "replacement": Look(gettext_noop("Replacements"), "chart-replacement", "sun"),
    "other": Look(gettext_noop("Other models"), "chart-other", "model"),
    "uncatalogued": Look(gettext_noop("Unknown models"), "chart-uncatalogued", "question"),
    "errors": Look(gettext_noop("Errors"), "chart-errors", "broken"),
    "applications": Look(gettext_noop("Applications left"), "chart-applications", "app"),
}
"""Lines and bars of charts; here `tone` is the token itself."""


def time_left_key(days_left: int) -> str:
    """The key of `DAYLIGHT` for so many days before a sunset (0 and less: after it)."""
    for name, above in (("day", 90), ("afternoon", 30), ("evening", 7), ("dusk", 0)):
        if days_left > above:
            return name
    return "night"


def css_var(token: str) -> str:
    """A token as a colour of a figure; the browser puts the theme's colour in its place."""
    return f"var(--{token})"
