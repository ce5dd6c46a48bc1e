"""Text that came from elsewhere: control characters and keys in it. Pure."""

import re
from hashlib import blake2b

__all__ = ["clean", "has_control_characters", "holds_secret", "printable_path", "replace_control_characters"]

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
