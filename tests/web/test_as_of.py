"""The shipped catalog as known on days of 2023 and 2024, through every door: pages, API, resolve, export."""

import json
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command

from dashboard.catalog.files import transfer
from tests.api.conftest import with_token
from tests.web.pages import csv_rows, words

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LIFE = [
    # as of, stage, sunset, what was recommended
    ("2023-07-05", "active", None, []),
    ("2023-07-06", "deprecated", "2024-01-04", ["gpt-3.5-turbo-instruct"]),
    ("2024-01-03", "deprecated", "2024-01-04", ["gpt-3.5-turbo-instruct"]),
    ("2024-01-04", "retired", "2024-01-04", ["gpt-3.5-turbo-instruct"]),
]


@pytest.fixture
def shipped(settings):
    settings.SUNDIAL_TODAY = date(2026, 11, 22)
    transfer.load_shipped(datetime(2026, 11, 22, 12, tzinfo=UTC))


def test_text_davinci_003_is_told_as_known_through_every_door(shipped, viewer, capsys):
    program = with_token("viewer")
    for day, stage, sunset, advice in LIFE:
        item = program.get(f"/api/v1/models/openai/text-davinci-003?as_of={day}").json()
        assert (item["stage"], item["sunset_date"], item["replacements"]) == (stage, sunset, advice), day
        assert all(revision["known_on"] <= day for revision in item["revisions"])
        assert all(step["on"] is None or sunset for step in item["milestones"])

        call_command("resolve", "openai/text-davinci-003", "--as-of", day, "--json")
        (row,) = json.loads(capsys.readouterr().out)
        assert (row["stage"], row["sunset_date"], row["replacements"]) == (stage, sunset, advice), day

        call_command("catalog", "export", "--as-of", day, "--json")
        known = {(e["platform"], e["id"]): e for e in json.loads(capsys.readouterr().out)}
        entry = known["openai", "text-davinci-003"]
        assert (entry["stage"], entry["sunset_date"], entry["replacements"]) == (stage, sunset, advice), day

        listed = csv_rows(viewer.get(f"/models/?q=text-davinci-003&platform=openai&format=csv&as_of={day}"))
        assert [(r["stage"], r["sunset_date"]) for r in listed if r["id"] == "text-davinci-003"] == [
            (stage, sunset or "")
        ]

        page = viewer.get(f"/models/openai/text-davinci-003/?as_of={day}")
        assert ("No sunset is announced" in words(page)) == (sunset is None), day
        assert [one.id for one in page.context["model"].replacements] == advice


@pytest.mark.parametrize(
    ("address", "more"),
    [("/deadlines/", {"all": "1"}), ("/timeline/", {}), ("/models/openai/text-davinci-003/", {})],
)
def test_no_page_knows_the_deadline_before_it_was_announced(shipped, viewer, address, more):
    assert "/deadlines/openai/2024-01-04/" not in viewer.get(address, {"as_of": "2023-07-05", **more}).text
    assert "/deadlines/openai/2024-01-04/" in viewer.get(address, {"as_of": "2023-07-06", **more}).text


def test_the_deadline_has_no_page_before_it_was_announced(shipped, viewer):
    assert viewer.get("/deadlines/openai/2024-01-04/?as_of=2023-07-05").status_code == 404
    assert viewer.get("/deadlines/openai/2024-01-04/?as_of=2023-07-06").status_code == 200
