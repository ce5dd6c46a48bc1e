"""The shipped catalog in a database: it loads whole, once, and names mean what they should."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.files import transfer
from dashboard.catalog.models import Alias, Entry, Milestone, Revision
from dashboard.catalog.names.resolve import resolve
from tests.catalog.shipped import AS_OF, shipped
from tests.database import rolled_back

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded"), pytest.mark.slow]


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker) -> Iterator[None]:
    """All that ships, loaded once for these tests."""
    with rolled_back(django_db_blocker):
        transfer.load_shipped(NOW)
        yield


def rows() -> list[int]:
    return [model.objects.count() for model in (Entry, Alias, Revision, Milestone)]


def test_all_that_ships_is_loaded_and_loading_again_changes_nothing() -> None:
    entries = shipped()
    loaded, version = rows(), snapshot.version()
    assert loaded[:3] == [
        len(entries),
        sum(len(entry.aliases) for entry in entries),
        sum(len(entry.history) for entry in entries),
    ]
    transfer.load_shipped(NOW)
    transfer.load_shipped(NOW, again=True)
    assert (rows(), snapshot.version()) == (loaded, version)


def test_each_sunset_is_known_as_the_files_have_it() -> None:
    known = snapshot.load(AS_OF)
    for entry in shipped():
        state = known.get(entry.platform, entry.id)
        assert state is not None, entry.at
        expected = (entry.sunset.on, entry.sunset.precision) if entry.sunset else (None, "")
        assert (state.sunset_on, state.sunset_precision) == expected, entry.at


NAMES = [
    # as logged, the source's platform, what it means: platform and id, or nothing
    ("text-davinci-003", "openai", "openai", "text-davinci-003"),
    ("openai/text-davinci-003", "", "openai", "text-davinci-003"),
    ("text-davinci:003", "openai", "openai", "text-davinci-003"),
    ("text-curie:001", "openai", "openai", "text-curie-001"),
    ("code-davinci-edit:001", "openai", "openai", "code-davinci-edit-001"),
    ("davinci:2020-05-03", "openai", "openai", "davinci"),
    ("text-embedding-ada-002-v2", "openai", "openai", "text-embedding-ada-002"),
    ("gpt-3.5-turbo-instruct:20230824-v2", "openai", "openai", "gpt-3.5-turbo-instruct"),
    ("davinci", "openai", "openai", "davinci"),
    ("davinci-002", "openai", "openai", "davinci-002"),
    ("davinci:ft-acme-2023-05-30-16-22-47", "openai", "openai", "davinci"),
    ("ft:davinci-002:acme::8abcD1eF", "openai", "openai", "davinci-002"),
    ("ft:gpt-4o-2024-08-06:acme:support:AbC123", "openai", "openai", "gpt-4o-2024-08-06"),
    ("gpt-4", "openai", "openai", "gpt-4"),
    ("gpt-4o", "openai", "openai", "gpt-4o"),
    ("gpt-4o-mini", "openai", "openai", "gpt-4o-mini"),
    ("openai/gpt-4o-mini-2024-07-18", "", "openai", "gpt-4o-mini-2024-07-18"),
    ("gpt-4o-2031-01-01", "openai", "", ""),
    ("github/gpt-4", "", "", ""),
    ("openrouter/openai/gpt-4", "", "", ""),
    ("gpt-35-turbo-0301", "azure-openai", "azure-openai", "gpt-35-turbo-0301"),
    ("azure/gpt-4o-2024-11-20", "", "azure-openai", "gpt-4o-2024-11-20"),
    ("gpt-4o@2024-11-20", "azure-openai", "azure-openai", "gpt-4o-2024-11-20"),
    ("gpt-35-turbo@0613", "azure-openai", "azure-openai", "gpt-35-turbo-0613"),
    ("whisper@001", "azure-openai", "azure-openai", "whisper-001"),
    ("gpt-4o", "azure-openai", "", ""),  # three versions with three dates
    ("prod-gpt35", "azure-openai", "", ""),
    (
        "anthropic.claude-3-haiku-20240307-v1:0",
        "aws-bedrock",
        "aws-bedrock",
        "anthropic.claude-3-haiku-20240307-v1:0",
    ),
    (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "aws-bedrock",
        "aws-bedrock",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
    (
        "bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "",
        "aws-bedrock",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
    (
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v1",
        "aws-bedrock",
        "aws-bedrock",
        "amazon.titan-embed-text-v1",
    ),
    (
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3d4e5f6",
        "aws-bedrock",
        "",
        "",
    ),
    ("claude-sonnet-4-5-20250929", "anthropic", "anthropic", "claude-sonnet-4-5-20250929"),
    ("claude-3-5-sonnet-latest", "anthropic", "anthropic", "claude-3-5-sonnet-20241022"),
    ("claude-sonnet-4-5@20250929", "vertex-ai", "vertex-ai", "claude-sonnet-4-5@20250929"),
    ("publishers/google/models/gemini-2.5-pro", "vertex-ai", "vertex-ai", "gemini-2.5-pro"),
    ("models/gemini-2.5-pro", "gemini-api", "gemini-api", "gemini-2.5-pro"),
    ("gemini/gemini-2.5-pro", "", "gemini-api", "gemini-2.5-pro"),
    ("DEEPSEEK-V4-FLASH-0731", "azure-foundry", "azure-foundry", "DeepSeek-V4-Flash-0731"),
    ("accounts/fireworks/models/kimi-k2p6", "fireworks", "fireworks", "kimi-k2p6"),
    ("mistral-medium-3-5", "mistral", "mistral", "mistral-medium-2604"),
    ("unknown", "openai", "", ""),
    ("unknown-model", "", "", ""),
]


STABLE = ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929")
"""Two ids of one model: either is a right answer, as long as both end on one day."""


def test_names_from_logs_mean_the_entries_they_should() -> None:
    known = snapshot.load(AS_OF)
    for called_as, platform, expected_platform, expected_id in NAMES:
        match = resolve(called_as, platform, "", known.names, on=AS_OF)
        found = known.entries.get(match.entry) if match.entry else None
        assert (found and found.key) == (f"{expected_platform}/{expected_id}" if expected_id else None), called_as
    ends = [resolve(name, "anthropic", "", known.names, on=AS_OF).entry for name in STABLE]
    assert {known.entries[pk].sunset_on if pk else None for pk in ends} == {date(2026, 11, 30)}


ADA = [
    # as of, replacements, what happens on its sunset, stage
    (date(2023, 7, 5), [], "", "active"),
    (date(2023, 7, 6), ["ada-002"], "redirects", "deprecated"),
    (date(2023, 12, 8), ["babbage-002"], "redirects", "deprecated"),
    (date(2024, 1, 4), ["babbage-002"], "redirects", "retired"),
]


def test_the_event_is_told_as_it_was_known_on_each_day() -> None:
    for as_of, replacements, on_sunset, stage in ADA:
        known = snapshot.load(as_of)
        ada = known.get("openai", "ada")
        assert ada
        assert [entry.id for entry in known.replacements(ada)] == replacements
        assert (ada.on_sunset, ada.stage) == (on_sunset, stage)
    deadline = snapshot.load(date(2023, 12, 8)).deadlines["openai", date(2024, 1, 4)]
    assert len(deadline.entries) == 12 + 1 + 16 + 2 + 2
    assert deadline.known_on == date(2023, 7, 6)
    assert deadline.days_left == 27
