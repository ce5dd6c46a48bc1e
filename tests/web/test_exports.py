"""CSV downloads that a spreadsheet opens without running anything."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.web.common import csv_export
from tests.web.pages import csv_rows


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =HYPERLINK()", "＝1+1"], ids=repr
)
def test_a_text_that_looks_like_a_formula_is_led_by_an_apostrophe(text):
    assert csv_export.safe_cell(text) == f"'{text}"


@given(st.text())
def test_no_text_starts_as_a_formula(text):
    assert not csv_export.safe_cell(text).lstrip(" ").startswith(csv_export.FORMULA_STARTS)


def test_numbers_days_and_nothing_are_themselves():
    assert [csv_export.safe_cell(v) for v in (-3, 1.5, date(2024, 1, 4), None)] == [-3, 1.5, "2024-01-04", ""]


def test_a_file_that_is_too_long_says_that_it_was_cut_off(monkeypatch):
    monkeypatch.setattr(csv_export, "LIMIT", 2)
    response = csv_export.csv_response("x", date(2024, 1, 4), ["a"], ([n] for n in range(9)))
    assert [row["a"] for row in csv_rows(response)] == ["0", "1", "cut off after 2 rows"]


def test_lines_and_quotes_in_names_stay_in_their_cell():
    rows = csv_rows(csv_export.csv_response("x", date(2024, 1, 4), ["a", "b"], [['He said "hi",\nthen', "b"]]))
    assert rows == [{"a": 'He said "hi",\nthen', "b": "b"}]
