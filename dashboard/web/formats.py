"""The log formats that sources read, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.usage.formats.registry import FORMATS

__all__ = ["SUPPORTED"]

WORDS: dict[str, str | Promise] = {
    "sundial": _(
        "Our own JSON lines: ts and model, and as much of application, platform, calls and tokens as there is"
    ),
    "litellm-standard-logging": _("LiteLLM’s standard logging payload, one JSON object per call"),
    "litellm-spendlogs": _("LiteLLM’s SpendLogs table, exported as JSON lines"),
    "access-log": _("Access logs of a proxy before the platform: nginx, Caddy, Traefik, HAProxy, Envoy"),
}
SUPPORTED: list[tuple[str, str | Promise]] = [(name, WORDS.get(name, "")) for name in FORMATS]
"""(name, what it is) of every format there is."""
