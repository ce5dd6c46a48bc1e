"""System checks: each names a misconfiguration and says what to do about it."""

import os
from difflib import get_close_matches
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks


@checks.register()
def base_url_is_absolute(app_configs, **kwargs):
    """Mails and feeds carry links, so the base URL must be one that a reader can open."""
    parts = urlsplit(settings.SUNDIAL_BASE_URL)
    if parts.scheme in {"http", "https"} and parts.netloc:
        return []
    return [
        checks.Error(
            f"SUNDIAL_BASE_URL is not an absolute address: {settings.SUNDIAL_BASE_URL!r}",
            hint="Set it to what people type, such as https://sundial.example.com",
            id="sundial.E001",
        )
    ]


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
