"""Cells that a spreadsheet never runs, and that are read back as they were."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.core.csv_safety import FORMULA_STARTS, guard_formula, safe_cell, unguard_formula


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =HYPERLINK()", "＝1+1", "'=1"], ids=repr
)
def test_a_text_that_looks_like_a_formula_is_led_by_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"


@given(st.text())
def test_no_text_starts_as_a_formula(text):
    assert not guard_formula(text).lstrip(" ").startswith(FORMULA_STARTS)


@given(st.one_of(st.text(), st.sampled_from(FORMULA_STARTS).map("{}x".format), st.text().map("'{}".format)))
def test_what_was_guarded_comes_back_as_it_was(text):
    assert unguard_formula(guard_formula(text)) == text


def test_numbers_days_and_nothing_are_themselves():
    assert [safe_cell(v) for v in (-3, 1.5, date(2024, 1, 4), None)] == [-3, 1.5, "2024-01-04", ""]
