"""Golden samples with values, keys and bytes replaced by what breaks decoders. Deterministic by its seed."""

import json
import random
from pathlib import Path
from typing import Any

from tests.usage.conftest import GOLDEN

__all__ = ["mutate", "samples"]

DIGITS = "7" * 10_000
NASTY: list[Any] = [
    None, True, 0, -1, 1e308, float("nan"), float("inf"), 2**53, 2**63, 2**64, 10**30, "", " ", "x\x00y", "x%00y",
    "%c0%80", "\u202e", "\ud800", "\U0001f600", "1e309", "NaN", "-1", "0001-01-01", "9999-12-31T23:59:59+00:00",
    "2024-13-45", "\u0662\u0660\u0662\u0664", "http://[", "arn:aws:bedrock:", "x" * 600, "{", "[[[[", [], {}, [[]],
    [None], ["x", 1], {"value": {}}, {"name": None}, {"key": 1}, {"": {}}, "\r\nX: y", "=cmd()", "(unknown)",
    1764201600, 1764201600000000000, "111111111111", "true", [{"key": None, "value": []}],
]  # fmt: skip
ACCESS_LOGS = ("caddy", "envoy_default", "haproxy", "nginx_combined", "nginx_json", "traefik")
OWN_NAMES = {"csv": ("comma_separated",), "access-log": ACCESS_LOGS}


def samples(name: str) -> list[bytes]:
    """The golden samples of a format."""
    stems = OWN_NAMES.get(name, (name.replace("-", "_"),))
    files = [path for path in sorted(GOLDEN.iterdir()) if path.name.startswith(tuple(f"{s}" for s in stems))]
    return [path.read_bytes() for path in files if _is_input(path)]


def mutate(chance: random.Random, data: bytes) -> bytes:
    """The sample with some of it replaced: values and keys of JSON, or bytes."""
    if chance.random() < 0.75:
        text = _mutate_json(chance, data)
        if text is not None:
            return text
    broken = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(broken) + 1)
        piece = chance.choice([b"", b"\x00", b"\xff", b'"', b"{", b",", b"%00", b"%2500", b"\n", DIGITS.encode()])
        broken[at : at + chance.randrange(0, 9)] = piece
    return bytes(broken[: chance.randrange(len(broken) + 1)] if chance.random() < 0.1 else broken)


def _is_input(path: Path) -> bool:
    """Whether a file is a sample rather than the sums of one."""
    has_other = any(other.stem == path.stem and other != path for other in path.parent.iterdir())
    return not path.name.endswith(".totals.csv") and not (path.suffix == ".csv" and has_other and _jsons(path))


def _jsons(path: Path) -> bool:
    return any(path.with_suffix(suffix).exists() for suffix in (".json", ".jsonl", ".log"))


def _mutate_json(chance: random.Random, data: bytes) -> bytes | None:
    try:
        return json.dumps(_changed(chance, json.loads(data), 0.05)).replace('"DIGITS"', DIGITS).encode()
    except ValueError:
        pass
    lines = []
    for raw in data.splitlines():
        try:
            value = json.loads(raw)
        except ValueError:
            return None
        lines.append(json.dumps(_changed(chance, value, 0.08)).replace('"DIGITS"', DIGITS))
    return "\n".join(lines).encode() + b"\n"


def _changed(chance: random.Random, value: Any, share: float) -> Any:
    if chance.random() < share:
        return chance.choice([*NASTY, "DIGITS"])
    if isinstance(value, dict):
        return {
            (str(chance.choice(NASTY)) if chance.random() < share / 3 else key): _changed(chance, each, share)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_changed(chance, each, share) for each in value]
    return value
