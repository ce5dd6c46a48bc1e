"""CSV downloads that a spreadsheet opens without running anything."""

from datetime import date

from dashboard.web.common import csv_export
from tests.web.pages import csv_rows


def test_names_are_cells_that_no_spreadsheet_runs():
    response = csv_export.csv_response("x", date(2024, 1, 4), ["a"], [["=1+1"], ["plain"]])
    assert [row["a"] for row in csv_rows(response)] == ["'=1+1", "plain"]


def test_a_file_that_is_too_long_says_that_it_was_cut_off(monkeypatch):
    monkeypatch.setattr(csv_export, "LIMIT", 2)
    response = csv_export.csv_response("x", date(2024, 1, 4), ["a"], ([n] for n in range(9)))
    assert [row["a"] for row in csv_rows(response)] == ["0", "1", "cut off after 2 rows"]


def test_lines_and_quotes_in_names_stay_in_their_cell():
    rows = csv_rows(csv_export.csv_response("x", date(2024, 1, 4), ["a", "b"], [['He said "hi",\nthen', "b"]]))
    assert rows == [{"a": 'He said "hi",\nthen', "b": "b"}]
