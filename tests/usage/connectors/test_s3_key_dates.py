"""Days in the keys of objects: found where log writers put them, and never a reason to pass over a newer key."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.usage.connectors.s3.key_dates import parse_key_date

DAY = date(2024, 1, 4)


@pytest.mark.parametrize(
    "key",
    [
        "AWSLogs/123456789012/BedrockModelInvocationLogs/us-east-1/2024/01/04/12/20240104T120102Z_ab.json.gz",
        "2024-01-04/time-12-00-00-000001_chatcmpl-1.json",
        "logs/team/alias/2024-01-04/23/batch_1.jsonl",
        "export/dt=2024-01-04/part-0.jsonl",
        "export/year=2024/month=01/day=04/hour=07/part-0.jsonl",
        "export/20240104/x",
        "langfuse/project/observations/2024-01-04T00:00:00.000Z.jsonl",
        "v2023/2022-05-05/logs/2024-01-04/x",
    ],
)
def test_a_day_is_found_where_log_writers_put_it(key):
    assert parse_key_date(key).day == DAY


@pytest.mark.parametrize("key", ["", "x", "2024/01/x", "logs/2024-13-04/x", "id-2024-01-04/x", "123456789012/x"])
def test_what_names_no_day_has_none(key):
    assert parse_key_date(key) is None


days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
spellings = st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "dt=%Y-%m-%d", "year=%Y/month=%m/day=%d"])
names = st.text(st.characters(min_codepoint=32, max_codepoint=125), max_size=12)


@given(days, days, spellings, st.sampled_from(["", "a/", "AWSLogs/1/us/"]), names)
def test_a_listing_that_begins_at_a_day_holds_that_day_and_none_before(day, first, spelling, before, rest):
    shelf = parse_key_date(f"{before}{first:{spelling}}/x")
    key = f"{before}{day:{spelling}}/{rest}"
    assert (key > shelf.start(first)) == (day >= first)
