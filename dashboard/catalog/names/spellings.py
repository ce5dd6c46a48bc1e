"""Other spellings of one id on its own platform, and the base models that names of fine-tunes state.

Pure text in, text out, as `prefixes.py`, and by the same rule: nothing is guessed.
"""

import re
from collections.abc import Callable

from dashboard.catalog.names.prefixes import PlatformName

__all__ = ["FINE_TUNE_MARK", "SPELLINGS", "canonical_name", "fine_tune_bases", "other_spellings"]

_AWS, _AZURE, _OPENAI, _VERTEX = "aws-bedrock", "azure-openai", "openai", "vertex-ai"


# Spellings: each rule is for the names of one platform, and returns None for other names.

_SNAPSHOT = re.compile(r"(text-(?:ada|babbage|curie|davinci)):(\d{3})")


def openai_snapshot(name: str) -> str | None:
    """`text-davinci:003`, as OpenAI's usage endpoint wrote snapshots in 2023."""
    match = _SNAPSHOT.fullmatch(name)
    return f"{match[1]}-{match[2]}" if match else None


def openai_ada_version(name: str) -> str | None:
    """`text-embedding-ada-002-v2`, as OpenAI reports the second build of that model."""
    return name[:-3] if name == "text-embedding-ada-002-v2" else None


def azure_at_version(name: str) -> str | None:
    """`gpt-4o@2024-11-20`: model name and version as Azure's logs join them."""
    model, _, version = name.partition("@")
    return f"{model}-{version}" if model and version else None


def azure_numbered_version(name: str) -> str | None:
    """`text-embedding-ada-002@2`: versions that are counted."""
    model, _, version = name.rpartition("@")
    return f"{model} (version {version})" if model and len(version) == 1 and version.isdecimal() else None


def azure_only_version(name: str) -> str | None:
    """`text-davinci-003@1`: the first and only version of a model whose id has none."""
    return name[:-2] if name.endswith("@1") else None


def azure_without_dot(name: str) -> str | None:
    """`gpt-3.5-turbo-0613`: Azure's own ids write gpt-35."""
    return "gpt-35-" + name[8:] if name.startswith("gpt-3.5-") else None


_CONTEXT = re.compile(r"(.+:\d+):\d{1,4}k")


def bedrock_context(name: str) -> str | None:
    """`anthropic.claude-v2:1:200k`: the length of context that throughput was bought for."""
    match = _CONTEXT.fullmatch(name)
    return match[1] if match else None


def vertex_default_version(name: str) -> str | None:
    """`claude-opus-4-6@default`: no version asked for."""
    return name.removesuffix("@default")


# Platform -> its rules, each with the characters that a name must contain for it to apply.
SPELLINGS: dict[str, dict[Callable[[str], str | None], str]] = {
    _AWS: {bedrock_context: "k"},
    _OPENAI: {openai_snapshot: ":", openai_ada_version: "-v2"},
    _AZURE: {
        azure_at_version: "@",
        azure_numbered_version: "@",
        azure_only_version: "@1",
        azure_without_dot: "gpt-3.5-",
    },
    _VERTEX: {vertex_default_version: "@default"},
}
_MARKS = {platform: tuple(set(rules.values())) for platform, rules in SPELLINGS.items()}


def other_spellings(form: PlatformName) -> list[PlatformName]:
    """The other spellings of a name on its platform; rules may stack (`gpt-3.5-turbo@0613`)."""
    platform, name = form
    for mark in _MARKS.get(platform, ()):
        if mark in name:
            break
    else:
        return []
    names = [name]
    for base in names:  # grows while it is read; each rule removes what it looks for, so this ends
        for rule, mark in SPELLINGS[platform].items():
            if mark in base and (other := rule(base)) and other not in names:
                names.append(other)
    return [(platform, other) for other in names[1:]]


def canonical_name(form: PlatformName) -> str:
    """The name as reports show it: OpenAI's other spellings become the usual one."""
    platform, name = form
    if platform == _OPENAI:
        for rule, mark in SPELLINGS[platform].items():
            if mark in name and (usual := rule(name)):
                return usual
    return name


# Fine-tunes ---------------------------------------------------------------------------------------

FINE_TUNE_MARK = "ft"
"""The name of every fine-tune contains this."""

_FT = re.compile(r"ft:([^:]+)(?::.*)?")
_OLD_FT = re.compile(r"([^:/]+):ft-.+")
_AZURE_FT = re.compile(r"(.+)\.ft-[0-9a-z-]+")


def fine_tune_bases(form: PlatformName) -> list[PlatformName]:
    """The base models a fine-tune's name states, best first; empty for other names.

    `ft:BASE:org:suffix:id` is written by OpenAI and Mistral, `BASE:ft-org-...` was by OpenAI until 2024,
    `BASE.ft-ID` is by Azure, which retires fine-tuned deployments on days of their own ("(fine-tuned)").
    """
    platform, name = form
    if FINE_TUNE_MARK not in name:
        return []
    if match := _FT.fullmatch(name):
        return [(host, match[1]) for host in ([platform] if platform else [_OPENAI, "mistral"])]
    if (match := _OLD_FT.fullmatch(name)) and platform in {"", _OPENAI}:
        return [(_OPENAI, match[1])]
    if (match := _AZURE_FT.fullmatch(name)) and platform == _AZURE:
        return [(_AZURE, f"{match[1]} (fine-tuned)"), (_AZURE, match[1])]
    return []
