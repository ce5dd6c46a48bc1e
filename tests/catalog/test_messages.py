"""Messages are data: each code has a text and its parameters, and every reader gets their own language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils.translation import override

from dashboard.catalog.documents import CatalogError, FilePosition, Problem
from dashboard.catalog.feeds import sync
from dashboard.catalog.messages import TEMPLATES, Message
from dashboard.catalog.models import FeedState
from tests.factories import NOW

CATALOG = Path(__file__).parents[2] / "dashboard" / "catalog"
CODE_AT = {"Message": 0, "FeedError": 0, "_error": 0, "raise_problem": 2}
"""Calls that make a message, and which argument is the code; a method `problem` takes it third or second."""


def calls() -> Iterator[tuple[str, str, set[str], bool]]:
    """(place, code, names of parameters, whether further ones are passed on) of each call with a fixed code."""
    for path in sorted(CATALOG.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            texts = [
                arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            ]
            if name not in {*CODE_AT, "problem"} or not texts or isinstance(call.args[-1], ast.Call):
                continue
            given = {keyword.arg for keyword in call.keywords if keyword.arg}
            yield f"{path.name}:{call.lineno}", texts[-1], given, any(not k.arg for k in call.keywords)


@pytest.mark.parametrize(("place", "code", "given", "more"), [pytest.param(*c, id=c[0]) for c in calls()])
def test_each_message_in_the_code_has_a_text_and_the_values_for_it(place, code, given, more):
    assert code in TEMPLATES, place
    assert more or set(re.findall(r"%\((\w+)\)s", TEMPLATES[code])) == given, place


def test_a_message_is_kept_as_data_with_the_messages_within_it():
    message = Message("repeated", problem=Message("answers", status="503 Service Unavailable"), n=3)
    assert str(message) == "answers 503 Service Unavailable, 3 times"
    assert message.to_json() == {
        "code": "repeated",
        "params": {"problem": {"code": "answers", "params": {"status": "503 Service Unavailable"}}, "n": 3},
    }
    assert Message.from_json(message.to_json()) == message


def test_a_message_of_another_version_shows_its_code():
    assert str(Message.from_json({"code": "from_the_future", "params": {"n": 1}})) == "from_the_future"


def test_what_is_wrong_with_a_file_is_told_in_the_language_that_is_active_when_it_is_shown():
    error = CatalogError([Problem(FilePosition("a.yaml", 3, "on"), Message("missing"))] * 21)
    english = str(error)
    assert english.startswith("a.yaml:3: on: missing\n")
    assert english.endswith("and 1 more")
    with override("zh-hans"):
        assert str(error).startswith("a.yaml:3: on: ")
        assert "missing" not in str(error)


@pytest.mark.django_db
def test_a_feeds_problem_is_stored_once_and_read_in_each_language(tmp_path):
    page = tmp_path / "page.json"
    page.write_text("<html>")
    with override("zh-hans"):
        sync.sync_feed("openai", str(page), now=NOW)
    assert str(FeedState.objects.get().problem) == "the answer is a web page, not JSON"
    with override("zh-hans"):
        assert "web page" not in str(FeedState.objects.get().problem)


@pytest.mark.django_db
def test_commands_speak_english_whatever_the_sites_language(settings, tmp_path):
    settings.LANGUAGE_CODE = "zh-hans"
    bad = tmp_path / "bad.yaml"
    bad.write_text("entries: 3")
    with override("zh-hans"), pytest.raises(CommandError, match="must be a list"):
        call_command("catalog", "import", str(bad))
