"""Text that came from elsewhere: control characters and keys in it. Pure."""

import re
from hashlib import blake2b
from typing import Any

__all__ = [
    "MASK",
    "clean",
    "has_control_characters",
    "holds_secret",
    "looks_like_key",
    "mask_secrets",
    "mask_values",
    "printable_path",
    "replace_control_characters",
]

MASK = "…"
"""Stands where a secret was."""


# C0, DEL, C1, line and paragraph separators, the marks that reorder text or cannot be seen, tag characters,
# surrogates and noncharacters.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f\ud800-\udfff\ufffe\uffff]+"
)
# How keys begin: of AI providers, AWS, GitHub, GitLab, Slack, Stripe, and HTTP's Authorization header.
_KEY_START = (
    r"(?:[spr]k[-_]|gsk_|xai-|AIza|AKIA|ASIA|gh[pousr]_|github_pat_|eyJ|hf_|r8_|glpat-|xox[abp]-|bearer\s|basic\s)"
)
_START_OF_KEY = re.compile(_KEY_START, re.IGNORECASE)
_KEY = re.compile(_KEY_START + r"[\w.+/=-]{8,}", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"://[^/\s@]*:[^/\s@]+@")
# In running text a key has a digit, so that “basic authentication” stays.
_KEY_IN_TEXT = re.compile(rf"(?<![\w-]){_KEY_START}(?=[a-z_.+/=-]*\d)[\w.+/=-]{{8,}}", re.IGNORECASE)
_URL_PASSWORD_IN_TEXT = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_PARAMETER = re.compile(
    r"\b((?:password|passwd|pwd|secret|token|api[_-]?key|access_key|signature|sig)=)[^\s&;,'\"]+", re.IGNORECASE
)
_SECRET_NAME = re.compile(
    r"(?:^|.*[_-])(?:password|passwd|pwd|secret|token|key|apikey|credentials?|authorization)", re.IGNORECASE
)
_PLACES = frozenset({"bucket", "prefix", "prefixes", "skip"})  # names of buckets may begin as keys do
_REFERENCE = re.compile(r"(?:env:)?[A-Za-z_][A-Za-z0-9_]{0,99}")
_TOKEN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")


def replace_control_characters(text: str, replacement: str = " ", *, keep: str = "") -> str:
    """Each run of control characters becomes one `replacement`; the characters in `keep` stay."""
    if not keep:
        return _CONTROL.sub(replacement, text)
    parts = re.split(f"([{re.escape(keep)}])", text)
    return "".join(part if part and part in keep else _CONTROL.sub(replacement, part) for part in parts)


def clean(text: object, limit: int) -> str:
    """A name fit to store: no control characters, at most `limit` long, and never a key.

    A longer name is cut and keeps a hash of the whole, so two long names stay two. Cleaning twice changes nothing.
    """
    if not text:
        return ""
    try:
        value = str(text)
    except ValueError:  # an integer of more digits than Python writes
        value = "a number of thousands of digits"
    value = replace_control_characters(value).strip()
    if holds_secret(value):
        return f"key {blake2b(value.encode(), digest_size=6).hexdigest()}"
    if len(value) > limit:
        digest = blake2b(value.encode(), digest_size=4).hexdigest()
        return f"{value[: limit - 9]}~{digest}"
    return value


def printable_path(path: object) -> str:
    """A path as it is stored and shown: its end, at most 1000 characters, without control characters."""
    return replace_control_characters(str(path), "?")[-1000:]


def has_control_characters(text: str, *, keep: str = "") -> bool:
    """Whether there are control characters other than those in `keep`."""
    return any(set(run[0]) - set(keep) for run in _CONTROL.finditer(text))


def holds_secret(text: str, *, also_short: bool = False) -> bool:
    """Whether a text begins as a key does, or is an address with a password in it.

    Names from logs may begin as a key by chance (`sk-learn`), so a key has eight more characters. With
    `also_short`, where no such name is expected, its beginning is enough.
    """
    key = _START_OF_KEY if also_short else _KEY
    return bool(key.match(text.strip()) or _PASSWORD_IN_URL.search(text))


def looks_like_key(value: str) -> bool:
    """Whether a text is probably a secret: it begins like a key, has a password in an address, or is a long token.

    A long name such as LITELLM_DATABASE_URL_OF_PRODUCTION is not: tokens have digits.
    """
    value = value.strip().removeprefix("env:")
    if holds_secret(value, also_short=True):
        return True
    return bool(_TOKEN.fullmatch(value)) and sum(letter.isdigit() for letter in value) >= 4


def mask_secrets(text: str) -> str:
    """A text with `MASK` for every key, password in an address, and value of a parameter such as `password=`."""
    text = _URL_PASSWORD_IN_TEXT.sub(rf"\1:{MASK}@", text)
    text = _PARAMETER.sub(rf"\1{MASK}", text)
    return _KEY_IN_TEXT.sub(MASK, text)


def mask_values(value: Any, name: str = "", *, is_setting: bool = False) -> Any:
    """JSON-ready values with their secrets masked; `name` is the field that holds the value.

    Within objects, which hold settings, also what is named as a secret (`password`) and names no variable.
    """
    if isinstance(value, dict):
        return {key: mask_values(each, str(key), is_setting=True) for key, each in value.items()}
    if isinstance(value, list):
        return [mask_values(each, name, is_setting=is_setting) for each in value]
    if not isinstance(value, str):
        return value
    if name in _PLACES:
        return _URL_PASSWORD_IN_TEXT.sub(rf"\1:{MASK}@", value)
    if is_setting and (
        holds_secret(value) or (value and _SECRET_NAME.fullmatch(name) and not _names_variable(value))
    ):
        return MASK
    return mask_secrets(value)


def _names_variable(value: str) -> bool:
    """`env:NAME`, or a name in capitals."""
    return bool(_REFERENCE.fullmatch(value)) and (value.startswith("env:") or value.isupper())
