"""Every sentence that a feed or a file check may say is among those that pages can translate."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from dashboard.catalog.messages import SENTENCES, translated

CATALOG = Path(__file__).parents[2] / "dashboard" / "catalog"
SAYING = {"FeedError": 0, "_TryAgainError": 0, "Problem": 1, "problem": 2}
"""Calls that say something, and which of their arguments is the sentence."""


def sentences() -> Iterator[tuple[str, str]]:
    for path in sorted(CATALOG.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            at = SAYING.get(name)
            if at is None or at >= len(call.args):
                continue
            text = _text(call.args[at])
            if text.replace("7", "").strip(": "):
                yield f"{path.name}:{call.lineno}", text


def _text(node: ast.expr) -> str:
    """The sentence with 7 for each value; "" where it is no text that stands here."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    return ""


@pytest.mark.parametrize(("place", "sentence"), list(sentences()))
def test_a_sentence_can_be_translated(place, sentence):
    with override("zh-hans"):
        assert translated(sentence) != sentence, place


def test_values_and_sentences_within_sentences_are_kept():
    with override("zh-hans"):
        told = translated("the connection broke off, 3 times")
        assert "3" in told
        assert "connection" not in told
        placed = translated("openai.yaml:12: entries[0].kind: must be one of a, b, not 'c'")
    assert placed.startswith("openai.yaml:12: entries[0].kind: ")
    assert "a, b" in placed
    assert "'c'" in placed


def test_unknown_sentences_and_english_stay_as_they_are():
    with override("zh-hans"):
        assert translated("something else: 12") == "something else: 12"
    values = defaultdict(lambda: "7", problem="the answer is empty")
    with override("en"):
        for sentence in SENTENCES:
            assert translated(sentence % values) == sentence % values
