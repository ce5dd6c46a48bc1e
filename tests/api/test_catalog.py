"""GET /api/v1/models: the catalog for programs, as known on a day."""

import pytest

from dashboard.catalog.models import Alias, Entry
from tests.factories import make_entry, make_revision
from tests.web.pages import queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]

KEYS = {
    "platform", "id", "vendor", "kind", "stage", "announced_on", "legacy_on", "sunset_date", "sunset_precision",
    "on_sunset", "replacements", "aliases", "milestones", "source_url", "revisions",
}  # fmt: skip


def ids(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["results"]]


def test_an_entry_has_the_documented_shape(api):
    body = api.get("/api/v1/models/openai/text-davinci-003").json()
    assert body.keys() >= KEYS
    told = {key: body[key] for key in KEYS - {"milestones", "revisions"}}
    assert told == {
        "platform": "openai",
        "id": "text-davinci-003",
        "vendor": "openai",
        "kind": "completion",
        "stage": "deprecated",
        "announced_on": "2023-07-06",
        "legacy_on": None,
        "sunset_date": "2024-01-04",
        "sunset_precision": "day",
        "on_sunset": "fails",
        "replacements": ["gpt-3.5-turbo-instruct"],
        "aliases": [],
        "source_url": "https://example.com/deprecations",
    }
    assert body["milestones"][-1] == {
        "kind": "sunset",
        "region": None,
        "on": "2024-01-04",
        "precision": "day",
        "source_url": "https://example.com/deprecations",
    }
    assert [revision["known_on"] for revision in body["revisions"]] == ["2023-07-06"]


@pytest.mark.parametrize(
    ("day", "stage", "sunset", "revisions"),
    [("2023-07-05", "active", None, 0), ("2023-07-06", "deprecated", "2024-01-04", 1),
     ("2024-01-04", "retired", "2024-01-04", 1)],
)  # fmt: skip
def test_an_entry_is_told_as_known_on_the_day_asked_about(api, day, stage, sunset, revisions):
    for address in ("/api/v1/models/openai/text-davinci-003", "/api/v1/models?q=text-davinci-003"):
        body = api.get(
            address, {"as_of": day, "q": "text-davinci-003"} if "?" in address else {"as_of": day}
        ).json()
        item = body["results"][0] if "results" in body else body
        assert (item["stage"], item["sunset_date"], len(item["revisions"])) == (stage, sunset, revisions)


def test_nothing_that_was_learned_later_is_told(api):
    entry = Entry.objects.get(name="text-davinci-003")
    make_revision(entry, "2023-12-01", sunset="2024-06-14", replacements=[make_entry("openai/gpt-4")])
    Alias.objects.create(entry=entry, name="davinci-late", from_on="2023-12-01")
    before = api.get("/api/v1/models/openai/text-davinci-003?as_of=2023-11-30").json()
    assert (before["sunset_date"], before["replacements"]) == ("2024-01-04", ["gpt-3.5-turbo-instruct"])
    assert (before["aliases"], before["alias_details"]) == ([], [])
    assert "2024-06-14" not in str(before)
    after = api.get("/api/v1/models/openai/text-davinci-003?as_of=2023-12-01").json()
    assert (after["sunset_date"], after["replacements"], after["aliases"]) == (
        "2024-06-14",
        ["gpt-4"],
        ["davinci-late"],
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["openai/gpt-oss-20b", "/v1/edits", "gpt-3.5-turbo-instruct", "text-davinci-003"]),
        ("platform=groq", ["openai/gpt-oss-20b"]),
        ("kind=endpoint", ["/v1/edits"]),
        ("stage=active", ["openai/gpt-oss-20b", "gpt-3.5-turbo-instruct"]),
        ("stage=active&as_of=2023-07-01&q=davinci", ["text-davinci-003"]),
        ("q=DAVINCI", ["text-davinci-003"]),
        ("q=text-davinci:003", []),
        ("q=text-davinci:003&platform=openai", ["text-davinci-003"]),
        ("q=openai/text-davinci-003", ["text-davinci-003"]),
        ("q=nothing-like-it", []),
    ],
)  # fmt: skip
def test_the_list_narrows_to(api, query, expected):
    assert ids(api.get(f"/api/v1/models?{query}")) == expected


def test_a_list_comes_in_pages_that_lead_to_one_another(api):
    first = api.get("/api/v1/models?page_size=3&platform=openai").json()
    assert (first["count"], first["next"], first["previous"]) == (3, None, None)
    first = api.get("/api/v1/models?page_size=3").json()
    assert (first["count"], first["previous"], len(first["results"])) == (4, None, 3)
    last = api.get(first["next"]).json()
    assert (last["count"], last["next"], len(last["results"])) == (4, None, 1)
    assert api.get(last["previous"]).json()["results"] == first["results"]


def test_an_empty_list_is_one_page(api):
    body = api.get("/api/v1/models?q=nothing-like-it").json()
    assert body == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/api/v1/models?page_size=501", 400, "page_size"),
        ("/api/v1/models?page_size=0", 400, "page_size"),
        ("/api/v1/models?page=x", 400, "page"),
        ("/api/v1/models?page=٣", 400, "page"),
        ("/api/v1/models?page=2", 404, "no page 2"),
        ("/api/v1/models?as_of=2023-13-01", 400, "as_of must be a day"),
        ("/api/v1/models?as_of=1066-10-14", 400, "as_of must be a day"),
        ("/api/v1/models?kind=chatty", 400, "kind must be one of"),
        ("/api/v1/models?platform=nowhere", 400, "platform must be one of groq, openai"),
        ("/api/v1/models?plattform=openai", 400, "No parameter 'plattform'"),
        ("/api/v1/models/openai/gpt-99", 404, "no openai/gpt-99"),
        ("/api/v1/nothing/here", 404, "/api/v1/nothing/here"),
    ],
)
def test_a_mistake_is_told_as_a_problem(api, address, status, says):
    response = api.get(address)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    body = response.json()
    assert body.keys() >= {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert says in body["detail"]


def test_ids_with_slashes_have_addresses(api):
    assert api.get("/api/v1/models/groq/openai/gpt-oss-20b").json()["id"] == "openai/gpt-oss-20b"
    assert api.get("/api/v1/models/openai/v1/edits").json()["id"] == "/v1/edits"


def test_what_nobody_knew_on_a_day_is_not_there(api):
    Entry.objects.filter(name="gpt-3.5-turbo-instruct").update(released_on="2023-09-18")
    make_entry("openai/touch")  # another version of the catalog
    address = "/api/v1/models/openai/gpt-3.5-turbo-instruct"
    assert api.get(f"{address}?as_of=2023-09-17").status_code == 404
    assert api.get(f"{address}?as_of=2023-09-18").status_code == 200
    assert "gpt-3.5-turbo-instruct" not in ids(api.get("/api/v1/models?as_of=2023-09-17"))


def test_a_long_list_takes_as_many_queries_as_a_short_one(api):
    few = queries_of(api, "/api/v1/models?page_size=500")
    for number in range(30):
        make_entry(f"openai/model-{number}", announced="2023-07-06", sunset="2024-01-04")
    assert queries_of(api, "/api/v1/models?page_size=500") == few
