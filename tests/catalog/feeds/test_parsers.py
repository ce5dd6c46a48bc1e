"""What each feed's shape comes to: small samples, and whatever else a feed may send."""

from collections import Counter
from datetime import date
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.catalog.feeds.base import FeedError, parse_day
from dashboard.catalog.feeds.registry import FEEDS

GOLDEN = Path(__file__).parents[2] / "golden" / "feeds"
SAMPLES = {
    "openai": "openai.json",
    "bedrock": "bedrock.json",
    "azure": "azure.json",
    "litellm": "litellm.json",
    "modeldeprecations-dev": "modeldeprecations-dev.json",
    "deprecations-info": "deprecations-info.json",
    "yaml": "yaml.yaml",
}


def parsed(feed: str, sample: str = ""):
    return FEEDS[feed].parse((GOLDEN / (sample or SAMPLES[feed])).read_bytes())


def said(feed: str, sample: str = "") -> dict[str, dict]:
    """platform/id -> {step: (day, precision)}"""
    return {
        "/".join(item.key): {step.kind: (str(step.on) if step.on else None, step.precision) for step in item.steps}
        for item in parsed(feed, sample).items
    }


def test_there_is_a_sample_of_every_feed():
    assert SAMPLES.keys() == FEEDS.keys()


@pytest.mark.parametrize("feed", SAMPLES)
def test_every_record_is_a_fact_or_counted_with_a_reason(feed):
    result = parsed(feed)
    assert result.seen == len(result.items) + result.skipped.total()
    assert len({item.key for item in result.items}) == len(result.items)
    assert all(item.evidence and item.source_url.startswith("https://") for item in result.items)


def test_openai_tells_that_there_is_no_date_apart_from_telling_nothing():
    assert said("openai") == {
        "openai/sample-chat-2024-05-13": {"sunset": ("2024-06-30", "day")},
        "openai/sample-chat-mini": {"sunset": (None, "day")},
        "openai/sample-new": {"sunset": ("2024-09-01", "day")},
    }
    assert parsed("openai").skipped == Counter({"fine-tune": 1, "no date": 1})


def test_bedrock_an_active_models_end_is_a_floor_and_context_windows_are_one_model():
    assert said("bedrock") == {
        "aws-bedrock/acme.sample-v1:0": {"legacy": ("2023-10-01", "day"), "sunset": ("2024-04-01", "day")},
        "aws-bedrock/acme.embed-v2:0": {"sunset": ("2025-01-15", "not_before")},
        "aws-bedrock/acme.plain": {},
    }
    assert [item.kind for item in parsed("bedrock").items] == ["chat", "embedding", "image"]
    assert parsed("bedrock").skipped == Counter({"duplicate": 1})


def test_azure_a_tentative_date_is_not_firm_and_makers_have_a_platform_of_their_own():
    assert said("azure") == {
        "azure-openai/sample-chat@2024-05-13": {
            "sunset": ("2025-03-31", ""),
            "fine_tuning_closed": ("2024-09-01", "day"),
        },
        "azure-openai/sample-embedding@2": {"sunset": ("2024-06-14", "day")},
        "azure-foundry/Sample-Large": {"sunset": ("2024-08-01", "day")},
    }


def test_azures_endpoint_lists_ids_with_their_version_and_seconds():
    assert said("azure", "azure-endpoint.json") == {
        "azure-openai/sample-chat-2024-05-13": {
            "sunset": ("2025-03-31", ""),
            "fine_tuning_closed": ("2024-09-01", "day"),
        }
    }


def test_azures_command_line_prints_the_items_alone():
    items = orjson.dumps(orjson.loads((GOLDEN / "azure.json").read_bytes())["value"])
    assert FEEDS["azure"].parse(items) == parsed("azure")


def test_litellm_keys_fold_into_the_platforms_ids():
    assert said("litellm") == {
        "together-ai/acme/Sample-7B": {"sunset": ("2024-02-01", "day")},
        "aws-bedrock/acme.sample-v1:0": {"sunset": ("2024-04-01", "")},
        "openai/sample-chat-2024-05-13": {"sunset": ("2024-06-30", "day")},
        "openai/sample-picture": {"sunset": ("2024-07-01", "day")},
        "azure-openai/sample-chat-2024-05-13": {"sunset": ("2025-03-31", "")},
        "vertex-ai/sample-pro": {"sunset": ("2024-11-01", "")},
    }
    assert parsed("litellm").seen == 15
    assert parsed("litellm").skipped == Counter(
        {
            "duplicate": 4,
            "no date": 1,
            "fine-tune": 1,
            "not the platform's id": 2,
            "platform not in the catalog": 1,
        }
    )


def test_litellm_is_doubted_where_a_platform_publishes_floors():
    doubted = {item.platform for item in parsed("litellm").items if item.review_reason}
    assert doubted == {"aws-bedrock", "azure-openai", "vertex-ai"}


def test_two_dates_for_one_model_are_a_doubt():
    document = orjson.loads((GOLDEN / "litellm.json").read_bytes())
    document["openai/sample-chat-2024-05-13"]["deprecation_date"] = "2024-07-30"
    items = {item.key: item for item in FEEDS["litellm"].parse(orjson.dumps(document)).items}
    item = items["openai", "sample-chat-2024-05-13"]
    assert str(item.review_reason) == "the feed gives more than one date"
    assert item.steps[0].on == date(2024, 6, 30)


def test_deprecations_info_a_notice_is_neither_the_first_look_nor_the_shutdown():
    assert said("deprecations-info") == {
        "openai/sample-chat-2024-05-13": {"announced": ("2023-11-06", "day"), "sunset": ("2024-06-30", "day")},
        "openai/sample-late": {"sunset": ("2023-09-01", "day")},
        "groq/sample-first-look": {"sunset": ("2024-03-01", "day")},
        "azure-openai/sample-chat": {"sunset": ("2024-05-01", "")},
    }
    items = {item.id: item for item in parsed("deprecations-info").items}
    assert items["sample-chat-2024-05-13"].replacements == ("sample-chat-mini",)
    assert items["sample-chat-2024-05-13"].seen_on == date(2023, 12, 1)
    assert items["sample-first-look"].source_url == "https://deprecations.info/"
    assert all(item.review_reason for item in items.values())
    assert not items["sample-chat"].may_add


def test_deprecations_info_reads_the_same_from_its_json_feed():
    [item] = parsed("deprecations-info", "deprecations-info-feed.json").items
    assert item == parsed("deprecations-info").items[0]


def test_modeldeprecations_dev_tells_floors_from_firm_days():
    assert said("modeldeprecations-dev") == {
        "openai/sample-chat-2024-05-13": {"announced": ("2023-11-06", "day"), "sunset": ("2024-06-30", "day")},
        "gemini-api/sample-pro": {"sunset": ("2024-11-01", "not_before")},
        "aws-bedrock/sample-page": {"legacy": ("2023-10-01", "day")},
    }
    items = {item.id: item for item in parsed("modeldeprecations-dev").items}
    assert items["sample-chat-2024-05-13"].replacements == ("sample-chat-mini", "sample-other")
    assert items["sample-pro"].replacements == ("vertex-ai/sample-pro-2",)
    assert not items["sample-page"].may_add


def test_our_own_file_says_its_newest_word():
    assert said("yaml") == {
        "openai/sample-chat-2024-05-13": {"announced": ("2023-11-06", "day"), "sunset": ("2024-06-30", "day")},
        "openai/sample-chat-mini": {"sunset": ("2024-11-06", "not_before")},
    }
    assert parsed("yaml").items[0].replacements == ("sample-chat-mini",)


# What else a feed may send ------------------------------------------------------------------------


@pytest.mark.parametrize("feed", SAMPLES)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<!doctype html><title>Sign in</title>", "a web page"),
        (b"\xff\xfe\x00", "."),
        (b"[" * 100_000, "."),
        (b'{"data": 5, "models": 5, "value": 5, "modelSummaries": 5}', "."),
        (b"[1, 2, 3]", "."),
        (b'"text"', "."),
        (b"null", "."),
    ],
)
def test_what_is_no_such_feed_is_refused_in_a_line(feed, content, reason):
    with pytest.raises(FeedError, match=reason) as caught:
        FEEDS[feed].parse(content)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("feed", SAMPLES)
def test_a_truncated_copy_is_refused(feed):
    content = (GOLDEN / SAMPLES[feed]).read_bytes()
    if feed == "yaml":
        content = content[: content.index(b"2023-11-06") - 2]  # in the middle of a mapping
    with pytest.raises(FeedError):
        FEEDS[feed].parse(content[: len(content) * 2 // 3] if feed != "yaml" else content)


@pytest.mark.parametrize("bad", ["2024-13-01", "soon", 1e30, True, {"a": 1}, "1970-01-01", ["2024-01-01"]])
def test_what_is_no_day_is_told_from_no_day(bad):
    with pytest.raises(ValueError, match=r"."):
        parse_day(bad)
    assert parse_day(None) is None
    assert parse_day("") is None


@pytest.mark.parametrize("value", [True, 7, "text", ["text"], {"a": 1}])
def test_replacements_of_another_shape_are_one_record_that_is_malformed(value):
    document = orjson.loads((GOLDEN / SAMPLES["modeldeprecations-dev"]).read_bytes())
    first = document["models"][0]
    document["models"] = [first | {"replacements": value}] + [first | {"replacements": []}] * 20
    assert FEEDS["modeldeprecations-dev"].parse(orjson.dumps(document)).skipped["malformed"] == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(data=st.data())
@pytest.mark.parametrize("feed", [name for name in SAMPLES if name != "yaml"])
def test_any_value_in_any_place_is_refused_or_counted_never_a_crash(feed, data):
    document = orjson.loads((GOLDEN / SAMPLES[feed]).read_bytes())
    places: list[tuple] = []

    def walk(node) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            places.append((node, key))
            walk(value)

    walk(document)
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(JSON)
    try:
        result = FEEDS[feed].parse(orjson.dumps(document))
    except FeedError:
        return
    assert result.seen == len(result.items) + result.skipped.total()
    assert all(len(item.id) <= 200 and item.id.isprintable() for item in result.items)
