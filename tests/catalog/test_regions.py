"""Where a name says that a call went, and which sunset that caller meets."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.catalog.lifecycle import EntryState, Step
from dashboard.catalog.regions import due_for, region_of

ARN = "arn:aws:bedrock:us-east-1"


@pytest.mark.parametrize(
    ("called_as", "platform", "region"),
    [
        ("anthropic.claude-v2:1", "aws-bedrock", ""),
        ("us.anthropic.claude-v2:1", "aws-bedrock", "us"),
        ("eu.anthropic.claude-v2:1", "", "eu"),
        ("apac.anthropic.claude-v2:1", "", "ap"),
        ("jp.anthropic.claude-v2:1", "", "ap-northeast-1"),
        ("global.anthropic.claude-v2:1", "", ""),
        ("us-gov.anthropic.claude-v2:1", "", "us-gov"),
        ("bedrock/us-west-2/anthropic.claude-v2:1", "", "us-west-2"),
        ("bedrock/converse/us.anthropic.claude-v2:1", "", "us"),
        (f"{ARN}::foundation-model/anthropic.claude-v2:1", "", "us-east-1"),
        (f"{ARN}:1:inference-profile/eu.anthropic.claude-v2:1", "", "eu"),
        (f"{ARN}:1:application-inference-profile/a1b2", "", "us-east-1"),
        ("projects/p/locations/us-east5/publishers/google/models/gemini-2.5-pro", "", "us-east5"),
        ("gpt-4", "openai", ""),
        ("us.gpt-4", "openai", ""),
        ("", "", ""),
    ],
)
def test_a_name_tells_its_region(called_as, platform, region):
    assert region_of(called_as, platform) == region


def entry(*steps: Step) -> EntryState:
    return EntryState(1, "aws-bedrock", "anthropic.claude-v2:1", "", "chat", "high", date(2024, 1, 1), steps)


WEST = Step("sunset", date(2024, 3, 4), region="us-west-2")
PARIS = Step("sunset", date(2024, 5, 4), region="eu-west-3")
WORLD = Step("sunset", date(2024, 4, 4))


@pytest.mark.parametrize(
    ("names", "due"),
    [
        (["us.anthropic.claude-v2:1"], (WEST, "us.anthropic.claude-v2:1")),
        (["eu.anthropic.claude-v2:1"], (PARIS, "eu.anthropic.claude-v2:1")),
        (["anthropic.claude-v2:1"], (WORLD, "anthropic.claude-v2:1")),
        (["eu.anthropic.claude-v2:1", "anthropic.claude-v2:1"], (WORLD, "anthropic.claude-v2:1")),
        ([], None),
    ],
)
def test_the_earliest_sunset_that_applies_counts(names, due):
    assert due_for(entry(WEST, PARIS, WORLD), names) == due


@given(st.text(max_size=60), st.sampled_from(["", "aws-bedrock", "vertex-ai", "openai"]))
def test_any_text_has_a_region_or_none(called_as, platform):
    assert isinstance(region_of(called_as, platform), str)
