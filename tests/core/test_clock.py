"""One parser for a day that a person, an address or a command names."""

from datetime import date

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from dashboard.core.clock import DayError, parse_day

BAD = ["", "2024", "2024-1-4", "20240104", "2024-W01-4", "2023-02-29", "2014-12-31", "2100-01-01"]
BAD += ["٢٠٢٤-٠١-٠٤", "x" * 99]


@pytest.mark.parametrize("text", ["2015-01-01", "2024-02-29", "2099-12-31"])
def test_a_day_is_written_year_month_day(text):
    assert parse_day(text) == date.fromisoformat(text)


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_and_quoted_in_forty_characters(text):
    with pytest.raises(DayError) as caught:
        parse_day(text)
    assert caught.value.text == text[:40]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["2024-W01-4", "2014-12-31", "20240104"])
def test_pages_the_api_and_commands_refuse_the_same_days(admin_client, text):
    assert admin_client.get("/", {"as_of": text}).status_code == 400
    assert admin_client.get("/api/v1/models", {"as_of": text}).status_code == 400
    with pytest.raises(CommandError, match="--as-of must be a day such as 2024-01-04"):
        call_command("findings", "--as-of", text)
