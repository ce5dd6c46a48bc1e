"""Control characters and keys are found by one rule, wherever a text goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.alerts.digest import clean_name
from dashboard.catalog.documents import Problem
from dashboard.catalog.files.values import ProblemReport
from dashboard.catalog.files.yaml_json import Node
from dashboard.core.text import has_control_characters, holds_secret, replace_control_characters
from dashboard.usage.records import clean
from dashboard.web.sources.fields import looks_like_key

CONTROL = ["\x00", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066", "\ud800", "\uffff"]
KEYS = [
    "sk-proj-abcdefgh12345678",
    "pk-lf-abcdefgh12345678",
    "rk_live_abcdefgh12345678",
    "gsk_abcdefgh12345678",
    "AKIAIOSFODNN7EXAMPLE",
    "ghs_abcdefgh12345678",
    "github_pat_abcdefgh12345678",
    "glpat-abcdefgh12345678",
    "xoxb-abcdefgh12345678",
    "Bearer abcdefgh12345678",
    "postgres://litellm:hunter2@db/litellm",
]


def catalog_problems(text: str) -> list[Problem]:
    report = ProblemReport("catalog.yaml")
    report.text(Node(text, 1), "note", 100)
    return report.problems


@pytest.mark.parametrize("character", CONTROL, ids=ascii)
def test_a_control_character_gets_neither_into_a_name_nor_a_mail_nor_the_catalog(character):
    text = f"shop{character}front"
    assert clean(text, 50) == "shop front"
    assert clean_name(text) == "shop front"
    assert catalog_problems(text)


@pytest.mark.parametrize("name", ["café", "模型", "مدل", "gpt-4o", "a b"])
def test_letters_of_any_script_stay(name):
    assert clean(name, 50) == clean_name(name) == name
    assert not catalog_problems(name)


def test_a_command_keeps_its_lines_and_columns():
    assert replace_control_characters("a\tb\nc\x1b[31md\x07\x07", "?", keep="\n\t") == "a\tb\nc?[31md?"


@given(st.text(), st.sampled_from(["", "\n", "\n\t"]))
def test_what_was_replaced_holds_no_control_character(text, keep):
    assert not has_control_characters(replace_control_characters(text, keep=keep), keep=keep)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_neither_stored_as_a_name_nor_shown_in_a_form(key):
    assert clean(key, 200).startswith("key ")
    assert looks_like_key(key)


@pytest.mark.parametrize("name", ["sk-learn", "skills-team", "basic", "task-runner", "checkout", "https://a.b/c"])
def test_a_name_that_begins_like_a_key_is_a_name(name):
    assert not holds_secret(name)
    assert clean(name, 200) == name
