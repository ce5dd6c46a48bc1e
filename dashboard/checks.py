"""System checks: each names a misconfiguration and says what to do about it."""

import os
from collections.abc import Iterator
from difflib import get_close_matches

from django.conf import settings
from django.core import checks
from django.urls import URLPattern, URLResolver, get_resolver

from dashboard.addresses import parse_base_url


@checks.register()
def base_url_is_absolute(app_configs, **kwargs):
    """Mails and feeds carry links, so the base URL must be one that a reader can open."""
    base = parse_base_url(settings.SUNDIAL_BASE_URL)
    hint = "Set it to what people type, such as https://sundial.example.com"
    if not base.is_valid:
        message = f"SUNDIAL_BASE_URL is not an absolute address: {settings.SUNDIAL_BASE_URL!r}"
        return [checks.Error(message, hint=hint, id="sundial.E001")]
    first = base.path.split("/")[1] if base.path else ""
    if first and any(str(entry.pattern).startswith(f"{first}/") for entry in _top_level_pages()):
        message = f"SUNDIAL_BASE_URL ends with {base.path}, and Sundial has pages of its own below /{first}/"
        return [checks.Error(message, hint="Serve it below another path, such as /sundial", id="sundial.E003")]
    return []


def _top_level_pages() -> Iterator[URLPattern | URLResolver]:
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and not str(entry.pattern):
            yield from entry.url_patterns
        else:
            yield entry


@checks.register()
def alert_days_are_sane(app_configs, **kwargs):
    if all(0 <= day <= 3650 for day in settings.SUNDIAL_ALERT_DAYS) and settings.SUNDIAL_QUIET_DAYS >= 1:
        return []
    return [
        checks.Error(
            "SUNDIAL_ALERT_DAYS must be days from 0 to 3650 and SUNDIAL_QUIET_DAYS at least 1",
            hint="The defaults are 90,60,30,14,7,3,1,0 and 7",
            id="sundial.E002",
        )
    ]


@checks.register()
def variables_are_known(app_configs, **kwargs):
    """A misspelt variable would silently leave its setting at the default."""
    known = settings.SUNDIAL_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("SUNDIAL_") and name not in known)
    return [
        checks.Warning(
            f"{name} is set, but there is no such setting",
            hint=f"Did you mean {close[0]}?" if close else "See docs/settings.md",
            id="sundial.W002",
        )
        for name in unknown
        for close in [get_close_matches(name, known, n=1)]
    ]


@checks.register(deploy=True)
def unowned_findings_reach_somebody(app_configs, **kwargs):
    if settings.SUNDIAL_ALERT_FALLBACK:
        return []
    return [
        checks.Warning(
            "SUNDIAL_ALERT_FALLBACK is empty: findings without an owner are mailed to nobody",
            hint="Set it to a team address",
            id="sundial.W001",
        )
    ]
