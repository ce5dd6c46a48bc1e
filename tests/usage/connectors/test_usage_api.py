"""Usage APIs as sources, against a server that answers as the providers do."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.admin.usage import SourceForm
from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.usage_api import client
from dashboard.usage.models import DailyRollup, Source
from dashboard.usage.polling import poll
from tests.usage.conftest import calls, make_source, totals
from tests.usage.fakes.usage_api import Provider, running, seconds

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
KEY = "sk-admin-hunter2"


@pytest.fixture
def provider(monkeypatch) -> Iterator[Provider]:
    monkeypatch.setenv("OPENAI_ADMIN_KEY", KEY)
    with running() as told:
        yield told


def reader(api: Provider, **config) -> Source:
    defaults = {
        "provider": "openai",
        "url": api.address,
        "key": "env:OPENAI_ADMIN_KEY",
        "endpoints": ["completions"],
        "since": "2024-01-01",
    }
    return make_source(kind="http", config=defaults | config)


@pytest.mark.django_db
def test_days_are_read_page_by_page_and_an_open_day_is_replaced(provider):
    provider.days = {"2024-01-01": {"shop": 5}, "2024-01-02": {"shop": 7, "labs": 1}, "2024-01-04": {"shop": 2}}
    source = reader(provider)
    poll(source, NOW)
    provider.days["2024-01-04"] = {"shop": 6, "labs": 3}
    poll(source, NOW + timedelta(hours=1))
    assert source.problem == ""
    assert totals(source) == {
        ("2024-01-01", "shop", "gpt-4"): (5, None),
        ("2024-01-02", "shop", "gpt-4"): (7, None),
        ("2024-01-02", "labs", "gpt-4"): (1, None),
        ("2024-01-04", "shop", "gpt-4"): (6, None),
        ("2024-01-04", "labs", "gpt-4"): (3, None),
    }
    assert any("page" in query for _, query, _ in provider.asked)


@pytest.mark.django_db
def test_it_asks_grouped_by_project_key_and_model_with_the_key_of_the_environment(provider):
    poll(reader(provider), NOW)
    path, query, headers = provider.asked[0]
    assert path == "/v1/organization/usage/completions"
    assert query["group_by[]"] == ["project_id", "api_key_id", "model"]
    assert headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.django_db
def test_days_that_are_final_are_not_asked_for_again(provider):
    source = reader(provider)
    poll(source, NOW)
    poll(source, NOW + timedelta(days=10))
    poll(source, NOW + timedelta(days=10))
    assert int(provider.asked[-1][1]["start_time"][0]) == seconds("2024-01-11")


@pytest.mark.django_db
def test_a_long_history_is_asked_for_in_spans_of_a_month(provider):
    provider.days = {f"2023-{month:02}-10": {"shop": month} for month in range(1, 13)}
    source = reader(provider, since="2023-01-01")
    poll(source, NOW)
    poll(source, NOW)
    assert calls(source) == sum(range(1, 13))
    spans = [int(q["end_time"][0]) - int(q["start_time"][0]) for _, q, _ in provider.asked]
    assert max(spans) <= 31 * DAY


@pytest.mark.django_db
def test_a_provider_that_asks_to_wait_is_asked_again(provider):
    provider.days = {"2024-01-03": {"shop": 5}}
    provider.refusals = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})]
    source = reader(provider)
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 5)


@pytest.mark.django_db
def test_a_provider_that_asks_to_wait_long_is_left_until_the_next_poll(provider):
    provider.days = {"2024-01-03": {"shop": 5}}
    provider.refusals = [(429, {"Retry-After": "3600"})]
    source = reader(provider)
    poll(source, NOW)
    assert source.problem == "The provider answers 429; the next poll tries again"
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 5)


@pytest.mark.django_db
def test_pages_that_break_off_count_nothing_of_their_span(provider):
    provider.days = {f"2024-01-0{day}": {"shop": 1} for day in range(1, 5)}
    source = reader(provider)
    answer = provider.answer

    def breaking(path, query, headers):
        return (403, {}, b"") if "page" in query else answer(path, query, headers)

    provider.answer = breaking
    poll(source, NOW)
    assert "not an admin key" in source.problem
    assert calls(source) == 0
    provider.answer = answer
    poll(source, NOW)
    assert calls(source) == 4


@pytest.mark.django_db
def test_the_key_follows_no_redirect_and_is_told_to_nobody(provider, caplog):
    provider.refusals = [(302, {"Location": f"{provider.address}/elsewhere"})]
    source = reader(provider)
    poll(source, NOW)
    assert source.problem == "The provider answers 302"
    assert [path for path, _, _ in provider.asked] == ["/v1/organization/usage/completions"]
    assert KEY not in source.problem + caplog.text + json.dumps(source.config)


@pytest.mark.django_db
def test_anthropic_tells_tokens_and_no_calls(provider):
    provider.days = {"2024-01-03": {"x": 40}}
    source = reader(provider, provider="anthropic", endpoints=["messages"])
    poll(source, NOW)
    row = DailyRollup.objects.values_list("identity__consumer", "calls", "input_tokens", "output_tokens").get()
    assert row == ("(default-workspace)", None, 1, 40)
    path, query, headers = provider.asked[0]
    assert path == "/v1/organizations/usage_report/messages"
    assert query["starting_at"] == ["2024-01-01T00:00:00Z"]
    assert headers["x-api-key"] == KEY


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"provider": "other"}, "provider must be one of openai, anthropic"),
        ({"url": "http://example.com"}, "https"),
        ({"key": KEY}, "Secrets are named"),
        ({"key": "env:SECRET_KEY"}, "belongs to Sundial"),
        ({"endpoints": ["costs"]}, "endpoints must be"),
    ],
)
def test_a_configuration_that_cannot_work_is_told_without_secrets(provider, config, words):
    source = reader(provider, **config)
    poll(source, NOW)
    assert words in source.problem
    assert KEY not in source.problem
    assert not provider.asked


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data": 4}', b"[" * 100_000])
def test_an_answer_that_is_no_page_is_told(provider, body):
    provider.answer = lambda *_: (200, {}, body)
    source = reader(provider)
    poll(source, NOW)
    assert source.problem.startswith("The provider's answer")
    assert calls(source) == 0


@pytest.mark.django_db
def test_pages_that_lead_in_a_circle_end(provider):
    page = json.dumps({"data": [], "has_more": True, "next_page": "1"}).encode()
    provider.answer = lambda *_: (200, {}, page)
    source = reader(provider)
    poll(source, NOW)
    assert source.problem == "The provider's pages do not end"


@pytest.mark.django_db
def test_the_form_takes_a_named_secret_and_refuses_one_that_is_written_out():
    fields = {"name": "OpenAI", "slug": "openai-usage", "kind": "http", "format": "auto", "poll_seconds": 600}
    for key, is_fine in (("env:OPENAI_ADMIN_KEY", True), (KEY, False)):
        form = SourceForm(
            {**fields, "config": json.dumps({"provider": "openai", "key": key}), "deployments": "{}"}
        )
        assert form.is_valid() is is_fine, form.errors
    assert "Secrets are named" in str(form.errors["config"])


@pytest.mark.django_db
def test_the_page_of_a_source_says_until_when_each_endpoint_is_complete(provider, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("ada"))
    source = reader(provider)
    poll(source, NOW)
    page = client.get(source.get_absolute_url()).content.decode()
    assert "2024-01-04 00:00" in page
    assert "Usage API" in page
    assert "On disk" not in page


@pytest.mark.django_db
def test_a_poll_that_takes_too_long_ends_and_the_next_one_goes_on(provider, monkeypatch):
    provider.days = {"2024-01-01": {"shop": 5}}
    source = reader(provider)
    with monkeypatch.context() as slow:
        slow.setattr(client, "POLL_SECONDS", -1)
        poll(source, NOW)
    assert source.problem.startswith("The provider is slow")
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 5)
