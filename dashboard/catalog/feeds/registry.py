"""Every feed that Sundial can read: its parser, where it is, and how far it is trusted.

To add a feed, write one file with a `parse` and add one line here. A feed is read only if `SUNDIAL_FEEDS` or the
command line names it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from dashboard.catalog.feeds.base import FeedError, ParsedFeed
from dashboard.catalog.feeds.parsers import (
    azure,
    bedrock,
    deprecations_info,
    litellm,
    modeldeprecations_dev,
    openai,
    sundial_yaml,
)

__all__ = ["AWS", "FEEDS", "Feed", "Trust", "parse_feed_setting"]


AWS = "aws"
"""The scheme of `aws://REGION`: read from an AWS account."""


@dataclass(frozen=True, slots=True)
class Trust:
    """`applies`: new entries and first dates need no review, unless the item has a reason for it.

    A change of an existing value always needs review. `confidence` is that of new entries.
    """

    applies: bool
    confidence: str


OFFICIAL = Trust(applies=True, confidence="medium")
KEPT_BY_HAND = Trust(applies=True, confidence="low")
SCRAPED = Trust(applies=False, confidence="low")


@dataclass(frozen=True, slots=True)
class Feed:
    """`url` is the default address; `secret` is the name of the setting with its key."""

    name: str
    title: str
    parse: Callable[[bytes], ParsedFeed]
    trust: Trust
    url: str = ""
    secret: str = ""


FEEDS = {
    feed.name: feed
    for feed in (
        Feed(
            "openai",
            "OpenAI API, GET /v1/models",
            openai.parse,
            OFFICIAL,
            url="https://api.openai.com/v1/models",
            secret="SUNDIAL_OPENAI_KEY",  # noqa: S106  the name of a setting
        ),
        Feed("bedrock", "Amazon Bedrock, ListFoundationModels", bedrock.parse, OFFICIAL, url=f"{AWS}:"),
        Feed(
            "azure",
            "Azure, list of models",
            azure.parse,
            OFFICIAL,
            secret="SUNDIAL_AZURE_TOKEN",  # noqa: S106  the name of a setting
        ),
        Feed(
            "litellm",
            "LiteLLM model map",
            litellm.parse,
            KEPT_BY_HAND,
            url="https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
        ),
        Feed(
            "modeldeprecations-dev",
            "modeldeprecations.dev",
            modeldeprecations_dev.parse,
            KEPT_BY_HAND,
            url="https://modeldeprecations.dev/api/v1/models.json",
        ),
        Feed(
            "deprecations-info",
            "deprecations.info",
            deprecations_info.parse,
            SCRAPED,
            url="https://deprecations.info/v1/deprecations.json",
        ),
        Feed("yaml", "A catalog file of our own, by address", sundial_yaml.parse, OFFICIAL),
    )
}


def parse_feed_setting(items: Iterable[str]) -> dict[str, str]:
    """Feed name -> address or path, of the items of `SUNDIAL_FEEDS`: `litellm`, `azure=https://...`, `yaml=/path`.

    Raises FeedError naming an invalid item.
    """
    locations: dict[str, str] = {}
    for item in items:
        name, _, location = item.partition("=")
        feed = FEEDS.get(name.strip())
        if not feed:
            raise FeedError("no_feed", name=repr(name.strip()), names=", ".join(FEEDS))
        location = location.strip() or feed.url
        if not location:
            raise FeedError("feed_needs_location", name=feed.name, example=f"{feed.name}=/path/to/copy.json")
        schemes = {"http", "https", AWS} if feed.url == f"{AWS}:" else {"http", "https"}
        if not location.startswith("/") and urlsplit(location).scheme not in schemes:
            raise FeedError("feed_bad_location", name=feed.name, address=repr(location))
        locations[feed.name] = location
    return locations
