"""The prefixes that platforms and gateways add to a model's name, as tables of small rules.

Pure text in, text out. A rule never guesses: it reverses one documented notation, and returns the platform that
the notation belongs to, if any. `resolve.py` looks names up.

The tables give for each rule the characters that a name must contain for it to apply. Most rules apply to few
names, and searching for a few characters is much cheaper than running every rule.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from dashboard.core.providers import OWN_MODELS_ONLY, PREFIXES
from dashboard.core.text import replace_control_characters

__all__ = ["LONGEST_PLACEHOLDER", "MAX_NAME", "PLACEHOLDERS", "PREFIX_RULES", "PlatformName", "strip_prefixes"]

MAX_NAME = 500
"""Longer names are taken as they are: no platform writes such."""

PLACEHOLDERS = frozenset({"", "-", "(unknown)", "none", "null", "unknown", "unknown-model", "unknown_model"})
"""What logs write, in lower case, where they do not know the model."""
LONGEST_PLACEHOLDER = max(map(len, PLACEHOLDERS))


PlatformName = tuple[str, str]
"""The platform that a name belongs to ("" if unknown), and the name."""


_AWS, _AZURE, _GEMINI, _OPENAI, _VERTEX = "aws-bedrock", "azure-openai", "gemini-api", "openai", "vertex-ai"


# Prefix rules: each removes one layer, or returns None --------------------------------------------


def percent_encoded(form: PlatformName) -> PlatformName | None:
    """`anthropic.claude-v2%3A1`: a name cut from a request's path."""
    platform, name = form
    if "%" not in name:
        return None
    try:
        plain = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return None
    plain = replace_control_characters(plain).strip()
    return (platform, plain) if plain and plain != name else None


_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:([a-z-]+)/(.+)")
_WITH_MODEL_ID = frozenset({"foundation-model", "inference-profile"})


def bedrock_arn(form: PlatformName) -> PlatformName | None:
    """A model's or system profile's ARN holds the id; other ARNs (application profiles, provisioned
    throughput) only a resource of the account, which no rule can resolve."""
    _, name = form
    match = _ARN.fullmatch(name) if name.startswith("arn:") else None
    if not match:
        return None
    resource, rest = match.groups()
    return _AWS, rest if resource in _WITH_MODEL_ID else f"{resource}/{rest}"


_VERTEX_RESOURCE = re.compile(
    r"(?:(?:https:)?//[a-z0-9-]*aiplatform\.googleapis\.com/(?:v1[a-z0-9]*/)?)?"
    r"(?:projects/[^/]+/locations/[^/]+/)?publishers/([^/]+)/models/(.+)"
)


def vertex_resource(form: PlatformName) -> PlatformName | None:
    """`projects/P/locations/L/publishers/google/models/M` and its shorter forms.

    Models that Google serves for others as an API (`-maas`) keep their publisher in the id: `meta/M-maas`.
    """
    _, name = form
    match = _VERTEX_RESOURCE.fullmatch(name) if "publishers/" in name else None
    if not match:
        return None
    publisher, model = match.groups()
    return _VERTEX, f"{publisher}/{model}" if model.endswith("-maas") and "/" not in model else model


def gemini_resource(form: PlatformName) -> PlatformName | None:
    """`models/M`, as the Gemini API names its resources."""
    platform, name = form
    head, _, rest = name.partition("/")
    if head != "models" or not rest or platform not in {"", _GEMINI, _VERTEX}:
        return None
    return platform or _GEMINI, rest


def gateway_prefix(form: PlatformName) -> PlatformName | None:
    """`openai/M`, `azure/M`, `bedrock/M`: only a known host is removed, since ids may contain slashes."""
    platform, name = form
    head, _, rest = name.partition("/")
    prefix = PREFIXES.get(head.lower())
    if not prefix or not rest:
        return None
    if not prefix.platform:
        return platform, rest
    overrides = prefix.overrides_hint or not platform or platform in OWN_MODELS_ONLY
    return prefix.platform if overrides else platform, rest


_AWS_ROUTE = re.compile(
    r"(?:converse|converse_like|invoke|async_invoke|[a-z]{2}(?:-[a-z]+)+-\d|\d-month-commitment)/(.+)"
)


def bedrock_route(form: PlatformName) -> PlatformName | None:
    """`converse/M`, `invoke/M`, `us-east-1/M`: how a gateway calls Bedrock, and where."""
    platform, name = form
    match = _AWS_ROUTE.fullmatch(name) if platform == _AWS else None
    return (platform, match[1]) if match else None


_GEOGRAPHIES = frozenset({"us-gov", "us", "eu", "apac", "au", "jp", "ca", "sa", "global"})
_MADE = re.compile(r"[a-z0-9]+\..+")


def bedrock_geography(form: PlatformName) -> PlatformName | None:
    """`us.anthropic.M`, `global.anthropic.M`: an inference profile that spans regions."""
    platform, name = form
    head, _, rest = name.partition(".")
    if head not in _GEOGRAPHIES or platform not in {"", _AWS} or not _MADE.fullmatch(rest):
        return None
    return _AWS, rest


_ZONES = frozenset({"eu", "us", "global", "global-standard"})


def azure_zone(form: PlatformName) -> PlatformName | None:
    """`azure/eu/M`: the data zone that a gateway's price list puts before the model."""
    platform, name = form
    head, _, rest = name.partition("/")
    return (platform, rest) if rest and head in _ZONES and platform == _AZURE else None


def google_maker(form: PlatformName) -> PlatformName | None:
    """`google/gemini-2.5-pro`, as Google's OpenAI-compatible endpoints want it.

    Marketplaces write it too. So without a platform it is Google's model on nobody knows which platform, and not
    that of the one reseller whose own ids happen to be written so.
    """
    platform, name = form
    head, _, rest = name.partition("/")
    if not rest or head != "google" or platform not in {"", _GEMINI, _VERTEX}:
        return None
    return platform or "google", rest


Rule = Callable[[PlatformName], PlatformName | None]


class RuleScope(NamedTuple):
    """Which names a wrapper's rule is about: those that hold `mark`, on `platforms` (None: on any)."""

    mark: str
    platforms: frozenset[str] | None = None


# In the order in which they are tried.
PREFIX_RULES: dict[Rule, RuleScope] = {
    percent_encoded: RuleScope("%"),
    bedrock_arn: RuleScope("arn:"),
    vertex_resource: RuleScope("publishers/"),
    gemini_resource: RuleScope("models/", frozenset({"", _GEMINI, _VERTEX})),
    gateway_prefix: RuleScope("/"),
    bedrock_route: RuleScope("/", frozenset({_AWS})),
    bedrock_geography: RuleScope(".", frozenset({"", _AWS})),
    azure_zone: RuleScope("/", frozenset({_AZURE})),
    google_maker: RuleScope("google/", frozenset({"", _GEMINI, _VERTEX})),
}


# The others all look for a slash, which most names have none of.
_SLASHLESS = frozenset({percent_encoded, bedrock_geography})

Marked = tuple[tuple[str, Rule], ...]


def _about(platform: str) -> tuple[Marked, Marked]:
    """(mark, rule) of the rules that may apply to names without and with a slash."""
    rules = [
        (scope.mark, rule) for rule, scope in PREFIX_RULES.items() if platform in (scope.platforms or {platform})
    ]
    return tuple((mark, rule) for mark, rule in rules if rule in _SLASHLESS), tuple(rules)


_ANYWHERE = _about("nowhere")
_BY_PLATFORM = {platform: _about(platform) for platform in ("", _AWS, _AZURE, _GEMINI, _VERTEX)}


def strip_prefixes(form: PlatformName) -> list[PlatformName]:
    """`form` followed by the name without each prefix. Every rule shortens the name, so this ends."""
    forms = [form]
    platform, name = form
    while len(name) <= MAX_NAME:
        slashless, slashed = _BY_PLATFORM.get(platform, _ANYWHERE)
        for mark, rule in slashed if "/" in name else slashless:
            if mark in name and (stripped := rule(form)):
                form = stripped
                platform, name = form
                forms.append(form)
                break
        else:
            break
    return forms
