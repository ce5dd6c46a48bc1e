"""A provider's name means one platform, whichever way it reaches Sundial."""

import json

import pytest

from dashboard.catalog.feeds.parsers import litellm
from dashboard.catalog.names.resolve import NameIndex, resolve
from dashboard.core.providers import CATALOGUED, PROVIDERS, platform_of_host
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import Batch
from tests.factories import at

ON = at("2024-01-04")


def platform_in_a_log(provider: str) -> str:
    record = {
        "id": "1",
        "call_type": "completion",
        "startTime": ON.timestamp(),
        "status": "success",
        "model": "some-model",
        "custom_llm_provider": provider,
        "metadata": {},
    }
    batch = Batch(last_hour=int(ON.timestamp()) // 3600 + 1)
    FORMATS["litellm-standard-logging"].decode(json.dumps(record).encode(), batch, 1, 0)
    [called] = batch.names
    return called.platform


def platform_of_a_prefix(provider: str) -> str:
    """The one platform of all that serve `some-model` on which `provider/some-model` resolves."""
    platforms = sorted({*PROVIDERS.values()})
    index = NameIndex(
        entries=[(platform, "some-model", number) for number, platform in enumerate(platforms, 1)],
        aliases=[],
        case_insensitive=[],
    )
    match = resolve(f"{provider}/some-model", "", "", index, on=ON.date(), deployments={})
    return platforms[match.entry - 1] if match.entry else ""


def platform_in_the_feed(provider: str) -> str:
    entry = {"litellm_provider": provider, "deprecation_date": "2026-01-01", "mode": "chat"}
    parsed = litellm.parse(json.dumps({f"{provider}/some-model": entry}).encode())
    for item in parsed.items:
        assert item.id.endswith("some-model")
        return item.platform
    return ""


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_log_record_and_a_prefixed_name_agree(provider):
    assert platform_in_a_log(provider) == platform_of_a_prefix(provider) == PROVIDERS[provider]


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_the_feed_agrees_where_the_catalog_covers_the_platform(provider):
    platform = PROVIDERS[provider]
    # Of Bedrock the feed takes ids that name their maker.
    expected = platform if platform in CATALOGUED - {"aws-bedrock"} else ""
    assert platform_in_the_feed(provider) == expected


def test_codestral_is_served_by_mistral():
    for provider in ("codestral", "text-completion-codestral"):
        assert platform_in_a_log(provider) == "mistral"
        assert platform_of_a_prefix(provider) == "mistral"
        assert platform_in_the_feed(provider) == "mistral"
    assert platform_of_host("codestral.mistral.ai") == "mistral"


def test_cloudflare_is_its_platform_workers_ai_which_the_catalog_does_not_cover():
    assert platform_in_a_log("cloudflare") == "cloudflare-workers-ai"
    assert platform_of_a_prefix("cloudflare") == "cloudflare-workers-ai"
    assert platform_in_the_feed("cloudflare") == ""
