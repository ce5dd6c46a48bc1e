"""GET /api/v1/findings and /api/v1/deadlines answer what the commands say, in pages and as of any day."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from dashboard.core import clock
from dashboard.findings import scan
from dashboard.findings.models import Finding
from tests.factories import make_entry, make_usage
from tests.web.pages import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("progress_world")]

DEADLINE = "/api/v1/deadlines/openai/2024-01-04"


def command(*arguments: str):
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def applications(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [finding["application"] for finding in response.json()["results"]]


def test_findings_are_those_of_the_command(api):
    body = api.get("/api/v1/findings").json()
    assert body["results"] == command("findings")
    assert body["results"][0]["calls_7d"] == 70


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["shop"]),
        ("status=resolved", ["labs"]),
        ("status=open&platform=openai", ["shop"]),
        ("platform=groq", []),
        ("team=web", ["shop"]),
        ("team=research", []),
        ("as_of=2023-11-05", ["labs"]),
        ("as_of=2023-07-05", []),
    ],
)
def test_findings_narrow_to(api, query, expected):
    assert applications(api.get(f"/api/v1/findings?{query}")) == expected


def test_one_finding_is_the_same_as_in_the_list(api):
    (listed,) = api.get("/api/v1/findings").json()["results"]
    assert api.get(f"/api/v1/findings/{listed['id']}").json() == listed


@pytest.mark.parametrize("number", [0, 999_999, 10**30])
def test_a_finding_that_is_not_there_is_a_problem(api, number):
    response = api.get(f"/api/v1/findings/{number}")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_finding_of_a_later_day_is_not_there_yet(api):
    finding = Finding.objects.get(application__name="shop")
    assert api.get(f"/api/v1/findings/{finding.pk}?as_of=2023-11-05").status_code == 404


def test_findings_come_in_pages(api):
    make_usage("zoo", make_entry("openai/ada", announced="2023-07-06", sunset="2024-01-04"), "2023-12-07")
    scan.run(clock.now(), clock.today())
    first = api.get("/api/v1/findings?page_size=1").json()
    assert first["count"] == 2
    assert applications(api.get(first["next"])) == ["shop"]


def test_a_deadline_is_that_of_the_command(api):
    assert api.get(DEADLINE).json() == command("progress", "openai", "2024-01-04")


def test_deadlines_list_the_same_numbers_without_applications(api):
    (listed,) = api.get("/api/v1/deadlines").json()["results"]
    whole = api.get(DEADLINE).json()
    assert [a["application"] for a in whole.pop("applications")] == ["shop", "labs"]
    assert listed == whole


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 1), ("when=past", 0), ("as_of=2024-01-05&when=past", 1), ("platform=groq", 0), ("as_of=2023-07-05", 0)],
)
def test_deadlines_narrow_to(api, query, count):
    assert api.get(f"/api/v1/deadlines?{query}").json()["count"] == count


def test_a_series_has_every_day_asked_for_and_none_of_the_future(api):
    body = api.get(f"{DEADLINE}/series?from=2023-12-06&to=2024-02-01").json()
    assert [(d["day"], d["retiring"], d["replacement"], d["applications_remaining"]) for d in body["days"]] == [
        ("2023-12-06", 10, 5, 2),
        ("2023-12-07", 10, 5, 2),
        ("2023-12-08", 0, 0, 1),
    ]
    assert api.get(f"{DEADLINE}/series").json()["days"][0]["day"] == "2023-11-01"
    assert api.get(f"{DEADLINE}/series?from=2024-02-01").json()["days"] == []


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("2024-01-05", 404, "openai has no deadline on 2024-01-05"),
        ("soon", 400, "date must be a day"),
        ("2024-01-04/series?from=2023-12-02&to=2023-12-01", 400, "from must not be later"),
        ("2024-01-04/series?from=2015-01-01", 400, "at most 1500 days"),
        ("2024-01-04/series?from=yesterday", 400, "from must be a day"),
        ("2024-01-04?as_of=2023-07-05", 404, "as known on 2023-07-05"),
    ],
)
def test_a_deadline_that_is_not_there_is_a_problem(api, path, status, says):
    response = api.get(f"/api/v1/deadlines/openai/{path}")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert says in response.json()["detail"]


@pytest.mark.parametrize("path", ["findings", "deadlines"])
def test_more_rows_cost_no_more_queries(api, path):
    api.get(f"/api/v1/{path}")
    few = queries_of(api, f"/api/v1/{path}")
    for number in range(5):
        entry = make_entry(f"openai/old-{number}", announced="2023-07-06", sunset=f"2024-02-0{number + 1}")
        make_usage("shop", entry, "2023-12-07")
    scan.run(clock.now(), clock.today())
    api.get(f"/api/v1/{path}")
    assert queries_of(api, f"/api/v1/{path}") <= few
