"""How platforms and gateways dress up a model's name, as tables of small rules.

Pure text in, text out. A rule never guesses: it undoes one documented way of writing a name, and says
which platform that way of writing belongs to where it does. Looking names up is `names.py`.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from dashboard.catalog.hosts import HOSTS, OWN_MODELS_ONLY

__all__ = ["MAX_NAME", "PLACEHOLDERS", "Form", "bases", "normal", "peel", "respelled"]

MAX_NAME = 500
"""Longer names are taken as they are: no platform writes such."""

PLACEHOLDERS = frozenset({"", "-", "(unknown)", "none", "null", "unknown", "unknown-model", "unknown_model"})
"""What logs write, in lower case, where they do not know the model."""


class Form(NamedTuple):
    """A name and the platform it belongs to ("" while nothing has told)."""

    platform: str
    name: str


_AWS, _AZURE, _GEMINI, _OPENAI, _VERTEX = "aws-bedrock", "azure-openai", "gemini-api", "openai", "vertex-ai"


# Wrappers: each rule takes one layer off, or answers None -----------------------------------------


def percent_encoded(form: Form) -> Form | None:
    """`anthropic.claude-v2%3A1`: a name cut from a request's path."""
    if "%" not in form.name:
        return None
    try:
        plain = unquote(form.name, errors="strict")
    except UnicodeDecodeError:
        return None
    return form._replace(name=plain) if plain != form.name else None


_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:([a-z-]+)/(.+)")


def bedrock_arn(form: Form) -> Form | None:
    """A model's or system profile's ARN holds the id; other ARNs (application profiles, provisioned
    throughput) only a resource of the account, which no rule can look into."""
    found = _ARN.fullmatch(form.name) if form.name.startswith("arn:") else None
    if not found:
        return None
    resource, rest = found.groups()
    return Form(_AWS, rest if resource in {"foundation-model", "inference-profile"} else f"{resource}/{rest}")


_VERTEX_RESOURCE = re.compile(
    r"(?:(?:https:)?//[a-z0-9-]*aiplatform\.googleapis\.com/(?:v1[a-z0-9]*/)?)?"
    r"(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/(.+)"
)


def vertex_resource(form: Form) -> Form | None:
    """`projects/P/locations/L/publishers/google/models/M` and its shorter forms."""
    found = _VERTEX_RESOURCE.fullmatch(form.name) if "publishers/" in form.name else None
    return Form(_VERTEX, found[1]) if found else None


def gemini_resource(form: Form) -> Form | None:
    """`models/M`, as the Gemini API names its resources."""
    head, _, rest = form.name.partition("/")
    if head != "models" or not rest or form.platform not in {"", _GEMINI, _VERTEX}:
        return None
    return Form(form.platform or _GEMINI, rest)


def gateway_prefix(form: Form) -> Form | None:
    """`openai/M`, `azure/M`, `bedrock/M`: only a known host is taken off, ids may hold slashes."""
    head, _, rest = form.name.partition("/")
    host = HOSTS.get(head.lower())
    if not host or not rest:
        return None
    told = host.routes or not form.platform or form.platform in OWN_MODELS_ONLY
    return Form(host.platform if told else form.platform, rest)


_AWS_ROUTE = re.compile(
    r"(?:converse|converse_like|invoke|async_invoke|[a-z]{2}(?:-[a-z]+)+-\d|\d-month-commitment)/(.+)"
)


def bedrock_route(form: Form) -> Form | None:
    """`converse/M`, `invoke/M`, `us-east-1/M`: how a gateway calls Bedrock, and where."""
    found = _AWS_ROUTE.fullmatch(form.name) if form.platform == _AWS else None
    return form._replace(name=found[1]) if found else None


_GEOGRAPHY = re.compile(r"(?:us-gov|us|eu|apac|au|jp|ca|sa|global)\.([a-z0-9]+\..+)")


def bedrock_geography(form: Form) -> Form | None:
    """`us.anthropic.M`, `global.anthropic.M`: an inference profile that spans regions."""
    if form.platform not in {"", _AWS} or "." not in form.name:
        return None
    found = _GEOGRAPHY.fullmatch(form.name)
    return Form(_AWS, found[1]) if found else None


_AZURE_ZONE = re.compile(r"(?:eu|us|global|global-standard)/(.+)")


def azure_zone(form: Form) -> Form | None:
    """`azure/eu/M`: the data zone that a gateway's price list puts before the model."""
    found = _AZURE_ZONE.fullmatch(form.name) if form.platform == _AZURE else None
    return form._replace(name=found[1]) if found else None


_GOOGLE_MAKER = re.compile(r"google/(.+)")


def google_maker(form: Form) -> Form | None:
    """`google/gemini-2.5-pro`, as Google's OpenAI-compatible endpoints want it."""
    found = _GOOGLE_MAKER.fullmatch(form.name) if form.platform in {_GEMINI, _VERTEX} else None
    return form._replace(name=found[1]) if found else None


Rule = Callable[[Form], Form | None]

# In the order in which they are tried, with the platforms of the names they are about (None: any).
WRAPPERS: dict[Rule, frozenset[str] | None] = {
    percent_encoded: None,
    bedrock_arn: None,
    vertex_resource: None,
    gemini_resource: frozenset({"", _GEMINI, _VERTEX}),
    gateway_prefix: None,
    bedrock_route: frozenset({_AWS}),
    bedrock_geography: frozenset({"", _AWS}),
    azure_zone: frozenset({_AZURE}),
    google_maker: frozenset({_GEMINI, _VERTEX}),
}
# Most names have neither a slash nor a percent sign, and only this rule may apply to them.
_WITHOUT_SIGNS: tuple[Rule, ...] = (bedrock_geography,)


def _about(platform: str) -> tuple[Rule, ...]:
    return tuple(rule for rule, platforms in WRAPPERS.items() if platforms is None or platform in platforms)


_ANYWHERE = _about("nowhere")
_BY_PLATFORM = {platform: _about(platform) for platform in ("", _AWS, _AZURE, _GEMINI, _VERTEX)}


def peel(form: Form) -> list[Form]:
    """`form` and then what is under each layer. Every rule shortens the name, so this ends."""
    found = [form]
    while len(form.name) <= MAX_NAME:
        signed = "/" in form.name or "%" in form.name
        for rule in _BY_PLATFORM.get(form.platform, _ANYWHERE) if signed else _WITHOUT_SIGNS:
            if peeled := rule(form):
                form = peeled
                found.append(form)
                break
        else:
            break
    return found


# Spellings: other ways in which one platform writes the same id -----------------------------------


_SNAPSHOT = re.compile(r"(text-(?:ada|babbage|curie|davinci)):(\d{3})")


def openai_snapshot(form: Form) -> str | None:
    """`text-davinci:003`, as OpenAI's usage endpoint wrote snapshots in 2023."""
    found = _SNAPSHOT.fullmatch(form.name) if form.platform == _OPENAI else None
    return f"{found[1]}-{found[2]}" if found else None


def openai_ada_version(form: Form) -> str | None:
    """`text-embedding-ada-002-v2`, as OpenAI reports the second build of that model."""
    return form.name[:-3] if form == (_OPENAI, "text-embedding-ada-002-v2") else None


def azure_at_version(form: Form) -> str | None:
    """`gpt-4o@2024-11-20`: model name and version as Azure's logs join them."""
    model, _, version = form.name.partition("@") if form.platform == _AZURE else ("", "", "")
    return f"{model}-{version}" if model and version else None


_NUMBERED = re.compile(r"(.+)@(\d)")


def azure_numbered_version(form: Form) -> str | None:
    """`text-embedding-ada-002@2`: versions that are counted."""
    found = _NUMBERED.fullmatch(form.name) if form.platform == _AZURE else None
    return f"{found[1]} (version {found[2]})" if found else None


def azure_only_version(form: Form) -> str | None:
    """`text-davinci-003@1`: the first and only version of a model whose id has none."""
    return form.name.removesuffix("@1") if form.platform == _AZURE and form.name.endswith("@1") else None


def azure_without_dot(form: Form) -> str | None:
    """`gpt-3.5-turbo-0613`: Azure's own ids write gpt-35."""
    if form.platform != _AZURE or not form.name.startswith("gpt-3.5-"):
        return None
    return form.name.replace("gpt-3.5-", "gpt-35-", 1)


def vertex_default_version(form: Form) -> str | None:
    """`claude-opus-4-6@default`: no version asked for."""
    return form.name.removesuffix("@default") if form.platform == _VERTEX and "@default" in form.name else None


# Each rule is about one platform: names of others are not even looked at.
SPELLINGS: dict[str, tuple[Callable[[Form], str | None], ...]] = {
    _OPENAI: (openai_snapshot, openai_ada_version),
    _AZURE: (azure_at_version, azure_numbered_version, azure_only_version, azure_without_dot),
    _VERTEX: (vertex_default_version,),
}


def respelled(form: Form) -> list[Form]:
    """The other spellings of a name on its platform; rules may stack (`gpt-3.5-turbo@0613`)."""
    rules = SPELLINGS.get(form.platform)
    if not rules:
        return []
    found = [form]
    for base in found:  # grows while it is read; each rule removes what it looks for, so this ends
        for rule in rules:
            name = rule(base)
            if name and base._replace(name=name) not in found:
                found.append(base._replace(name=name))
    return found[1:]


def normal(form: Form) -> str:
    """The name as reports show it: OpenAI's own other spellings are of one endpoint, and written the usual way."""
    if form.platform != _OPENAI:
        return form.name
    return openai_snapshot(form) or openai_ada_version(form) or form.name


# Fine-tunes ---------------------------------------------------------------------------------------

_FT = re.compile(r"ft:([^:]+)(?::.*)?")
_OLD_FT = re.compile(r"([^:/]+):ft-.+")
_AZURE_FT = re.compile(r"(.+)\.ft-[0-9a-z-]+")


def bases(form: Form) -> list[Form]:
    """The base models a fine-tune's name states, best first; empty for other names.

    `ft:BASE:org:suffix:id` is written by OpenAI and Mistral, `BASE:ft-org-...` was by OpenAI until 2024,
    `BASE.ft-ID` is by Azure, which retires fine-tuned deployments on days of their own ("(fine-tuned)").
    """
    platform, name = form
    if "ft" not in name:
        return []
    if found := _FT.fullmatch(name):
        return [Form(host, found[1]) for host in ([platform] if platform else [_OPENAI, "mistral"])]
    if (found := _OLD_FT.fullmatch(name)) and platform in {"", _OPENAI}:
        return [Form(_OPENAI, found[1])]
    if (found := _AZURE_FT.fullmatch(name)) and platform == _AZURE:
        return [Form(_AZURE, f"{found[1]} (fine-tuned)"), Form(_AZURE, found[1])]
    return []
