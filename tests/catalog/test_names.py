"""What a name in a log means. The index is a small catalog; rows are names as they stand in real logs."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.catalog.names.prefixes import MAX_NAME, PLACEHOLDERS, PREFIX_RULES, strip_prefixes
from dashboard.catalog.names.resolve import UNKNOWN, NameIndex, resolve, suggest
from dashboard.catalog.names.spellings import FINE_TUNE_MARK, SPELLINGS, fine_tune_bases, other_spellings
from dashboard.core.providers import PREFIXES

ON = date(2023, 12, 8)
ENTRIES = [
    "openai ada",
    "openai davinci",
    "openai davinci-002",
    "openai text-davinci-003",
    "openai text-embedding-ada-002",
    "openai gpt-4",
    "openai gpt-4o",
    "openai gpt-4o-mini-2024-07-18",
    "openai gpt-4o-2024-08-06",
    "openai gpt-oss-20b",
    "openai /v1/edits",
    "openai /v1/fine-tunes",
    "openai /v1/fine-tunes/old",
    "azure-openai text-davinci-003",
    "azure-openai gpt-35-turbo-0301",
    "azure-openai gpt-4o-2024-11-20",
    "azure-openai gpt-4o-2024-08-06",
    "azure-openai gpt-4o-2024-08-06 (fine-tuned)",
    "azure-openai text-embedding-ada-002 (version 2)",
    "azure-foundry DeepSeek-V4-Flash-0731",
    "aws-bedrock anthropic.claude-3-haiku-20240307-v1:0",
    "aws-bedrock anthropic.claude-v2:1",
    "aws-bedrock amazon.titan-embed-text-v1",
    "anthropic claude-sonnet-4-5-20250929",
    "vertex-ai claude-sonnet-4-5@20250929",
    "vertex-ai claude-opus-4-6",
    "vertex-ai gemini-2.5-pro",
    "vertex-ai openai/gpt-oss-20b-maas",
    "gemini-api gemini-2.5-pro",
    "groq openai/gpt-oss-20b",
    "groq groq/compound",
    "together-ai google/gemma-2-27b-it",
    "perplexity google/gemini-2.5-pro",
]
INDEX = NameIndex(
    entries=[(*entry.split(" ", 1), pk) for pk, entry in enumerate(ENTRIES, 1)],
    aliases=[
        ("anthropic", "claude-sonnet-4-5", None, None, ENTRIES.index("anthropic claude-sonnet-4-5-20250929") + 1),
        ("openai", "gpt-4-latest", date(2023, 6, 1), date(2024, 5, 31), ENTRIES.index("openai gpt-4") + 1),
        ("openai", "gpt-4-latest", date(2024, 6, 1), None, ENTRIES.index("openai gpt-4o") + 1),
    ],
    case_insensitive=["azure-openai", "azure-foundry"],
)
ARN = "arn:aws:bedrock:us-east-1"


def found(called_as, platform="", endpoint="", *, on=ON, deployments=None):
    match = resolve(called_as, platform, endpoint, INDEX, on=on, deployments=deployments or {})
    return (ENTRIES[match.entry - 1] if match.entry else None), match.how


@pytest.mark.parametrize(
    ("called_as", "hint", "entry", "how"),
    [
        ("text-davinci-003", "openai", "openai text-davinci-003", "exact"),
        ("davinci", "openai", "openai davinci", "exact"),
        ("davinci-002", "openai", "openai davinci-002", "exact"),
        ("openai/text-davinci-003", "", "openai text-davinci-003", "wrapper"),
        ("OpenAI/text-davinci-003", "", "openai text-davinci-003", "wrapper"),
        ("openai/gpt-4o-mini-2024-07-18", "", "openai gpt-4o-mini-2024-07-18", "wrapper"),
        ("text-completion-openai/text-davinci-003", "", "openai text-davinci-003", "wrapper"),
        ("text-davinci:003", "openai", "openai text-davinci-003", "alias"),
        ("text-embedding-ada-002-v2", "openai", "openai text-embedding-ada-002", "alias"),
        ("davinci:ft-acme-2023-05-30-16-22-47", "openai", "openai davinci", "fine-tune"),
        ("ada:ft-acme:custom-model-name-2022-02-15-04-21-04", "", "openai ada", "fine-tune"),
        ("ft:davinci-002:acme::8abcD1eF", "openai", "openai davinci-002", "fine-tune"),
        ("ft:gpt-4o-2024-08-06:acme:support:AbC123", "", "openai gpt-4o-2024-08-06", "fine-tune"),
        ("openai/ft:davinci-002:acme::8abcD1eF", "", "openai davinci-002", "fine-tune"),
        (
            "gpt-4o-2024-08-06.ft-0ab3f80e4f22",
            "azure-openai",
            "azure-openai gpt-4o-2024-08-06 (fine-tuned)",
            "fine-tune",
        ),
        ("ft:gpt-4o-2031-01-01:acme::x", "openai", None, "unresolved"),
        ("gpt-4o-2031-01-01", "openai", None, "unresolved"),
        ("gpt-4o ", "openai", "openai gpt-4o", "exact"),
        ("\t openai/gpt-4o\n", "", "openai gpt-4o", "wrapper"),
        ("gpt-4o\u200b", "openai", None, "unresolved"),
        ("gpt\u20114o", "openai", None, "unresolved"),
        ("g\u0440t-4o", "openai", None, "unresolved"),
        ("gpt-4o-", "openai", None, "unresolved"),
        ("ft:", "openai", None, "unresolved"),
        ("ft::acme::x", "openai", None, "unresolved"),
        ("openai/openai/gpt-4o", "", "openai gpt-4o", "wrapper"),
        ("litellm_proxy/gpt-4o", "openai", "openai gpt-4o", "wrapper"),
        ("litellm_proxy/openai/gpt-4o", "", "openai gpt-4o", "wrapper"),
        ("litellm_proxy/azure/gpt-4o-2024-11-20", "openai", "azure-openai gpt-4o-2024-11-20", "wrapper"),
        ("litellm_proxy/github/gpt-4", "openai", None, "unresolved"),
        ("anthropic.claude-v2:1:200k", "aws-bedrock", "aws-bedrock anthropic.claude-v2:1", "alias"),
        ("us.anthropic.claude-v2:1:200k", "", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        ("anthropic.claude-v2:1:big", "aws-bedrock", None, "unresolved"),
        ("publishers/openai/models/gpt-oss-20b-maas", "", "vertex-ai openai/gpt-oss-20b-maas", "wrapper"),
        ("publishers/meta/models/gpt-oss-20b-maas", "vertex-ai", None, "unresolved"),
        ("GPT-4o", "openai", None, "unresolved"),
        ("github/gpt-4", "", None, "unresolved"),
        ("github/gpt-4", "openai", None, "unresolved"),
        ("openrouter/openai/gpt-4", "", None, "unresolved"),
        ("azure/gpt-4o-2024-11-20", "", "azure-openai gpt-4o-2024-11-20", "wrapper"),
        ("azure/eu/gpt-4o-2024-11-20", "", "azure-openai gpt-4o-2024-11-20", "wrapper"),
        ("azure/gpt-4o-2024-11-20", "openai", "azure-openai gpt-4o-2024-11-20", "wrapper"),
        ("gpt-4o@2024-11-20", "azure-openai", "azure-openai gpt-4o-2024-11-20", "alias"),
        ("gpt-3.5-turbo@0301", "azure-openai", "azure-openai gpt-35-turbo-0301", "alias"),
        ("gpt-35-turbo@0301", "azure-openai", "azure-openai gpt-35-turbo-0301", "alias"),
        ("text-davinci-003@1", "azure-openai", "azure-openai text-davinci-003", "alias"),
        ("text-embedding-ada-002@2", "azure-openai", "azure-openai text-embedding-ada-002 (version 2)", "alias"),
        ("GPT-4o-2024-11-20", "azure-openai", "azure-openai gpt-4o-2024-11-20", "exact"),
        ("DEEPSEEK-V4-FLASH-0731", "azure-foundry", "azure-foundry DeepSeek-V4-Flash-0731", "exact"),
        ("prod-gpt35", "azure-openai", None, "unresolved"),
        ("anthropic.claude-v2:1", "aws-bedrock", "aws-bedrock anthropic.claude-v2:1", "exact"),
        ("anthropic.claude-v2%3A1", "aws-bedrock", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        ("eu.anthropic.claude-v2:1", "", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        ("us-gov.anthropic.claude-v2:1", "aws-bedrock", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        ("bedrock/converse/global.anthropic.claude-v2:1", "", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        ("bedrock/us-west-2/anthropic.claude-v2:1", "", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        (f"{ARN}::foundation-model/anthropic.claude-v2:1", "", "aws-bedrock anthropic.claude-v2:1", "wrapper"),
        (
            f"{ARN}:1:inference-profile/us.anthropic.claude-v2:1",
            "",
            "aws-bedrock anthropic.claude-v2:1",
            "wrapper",
        ),
        (f"{ARN}:1:application-inference-profile/a1b2", "aws-bedrock", None, "unresolved"),
        (f"{ARN}:1:provisioned-model/abc", "aws-bedrock", None, "unresolved"),
        ("us.anthropic.claude-v2:1", "openai", None, "unresolved"),
        ("claude-sonnet-4-5", "anthropic", "anthropic claude-sonnet-4-5-20250929", "alias"),
        ("anthropic/claude-sonnet-4-5", "openai", "anthropic claude-sonnet-4-5-20250929", "wrapper"),
        ("claude-sonnet-4-5@20250929", "vertex-ai", "vertex-ai claude-sonnet-4-5@20250929", "exact"),
        ("claude-opus-4-6@default", "vertex-ai", "vertex-ai claude-opus-4-6", "alias"),
        ("publishers/google/models/gemini-2.5-pro", "", "vertex-ai gemini-2.5-pro", "wrapper"),
        (
            "projects/p/locations/us-east5/publishers/google/models/gemini-2.5-pro",
            "vertex-ai",
            "vertex-ai gemini-2.5-pro",
            "wrapper",
        ),
        ("vertex_ai/openai/gpt-oss-20b-maas", "", "vertex-ai openai/gpt-oss-20b-maas", "wrapper"),
        ("google/gemini-2.5-pro", "vertex-ai", "vertex-ai gemini-2.5-pro", "wrapper"),
        ("google/gemma-2-27b-it", "together-ai", "together-ai google/gemma-2-27b-it", "exact"),
        ("together_ai/google/gemma-2-27b-it", "", "together-ai google/gemma-2-27b-it", "wrapper"),
        ("google/gemma-2-27b-it", "", None, "unresolved"),
        ("google/gemini-2.5-pro", "", None, "unresolved"),
        ("google/gemini-2.5-pro", "perplexity", "perplexity google/gemini-2.5-pro", "exact"),
        ("perplexity/google/gemini-2.5-pro", "", "perplexity google/gemini-2.5-pro", "wrapper"),
        ("models/gemini-2.5-pro", "", "gemini-api gemini-2.5-pro", "wrapper"),
        ("gemini/gemini-2.5-pro", "", "gemini-api gemini-2.5-pro", "wrapper"),
        ("openai/gpt-oss-20b", "groq", "groq openai/gpt-oss-20b", "exact"),
        ("openai/gpt-oss-20b", "", "openai gpt-oss-20b", "wrapper"),
        ("groq/openai/gpt-oss-20b", "", "groq openai/gpt-oss-20b", "wrapper"),
        ("groq/compound", "", "groq groq/compound", "exact"),
        ("@cf/meta/llama-3-8b", "", None, "unresolved"),
        ("davinci", "", "openai davinci", "exact"),
        ("text-davinci-003", "", None, "unresolved"),
        ("gemini-2.5-pro", UNKNOWN, None, "unresolved"),
        ("unknown", "openai", None, "unresolved"),
        ("unknown-model", "", None, "unresolved"),
    ],
)
def test_a_name_as_logged_resolves_to_its_entry(called_as, hint, entry, how):
    assert found(called_as, hint) == (entry, how)


@pytest.mark.parametrize(
    ("called_as", "hint", "platform", "model"),
    [
        ("azure/prod-gpt35", "", "azure-openai", "prod-gpt35"),
        ("text-davinci:003", "openai", "openai", "text-davinci-003"),
        ("gpt-4o@2024-11-20", "azure-openai", "azure-openai", "gpt-4o@2024-11-20"),
        ("ft:davinci-002:acme::8abcD1eF", "openai", "openai", "ft:davinci-002:acme::8abcD1eF"),
        ("bedrock/us.anthropic.claude-v2:1", "", "aws-bedrock", "anthropic.claude-v2:1"),
        (f"{ARN}:1:provisioned-model/abc", "aws-bedrock", "aws-bedrock", "provisioned-model/abc"),
        ("@cf/meta/llama-3-8b", "cloudflare", "cloudflare", "@cf/meta/llama-3-8b"),
        ("", "openai", "openai", UNKNOWN),
        ("unknown-model", "", UNKNOWN, UNKNOWN),
    ],
)
def test_reports_show_the_name_without_its_wrappers(called_as, hint, platform, model):
    match = resolve(called_as, hint, "", INDEX, on=ON)
    assert (match.platform, match.model) == (platform, model)


def test_an_alias_means_what_it_meant_on_that_day():
    assert found("gpt-4-latest", "openai", on=date(2024, 5, 31))[0] == "openai gpt-4"
    assert found("gpt-4-latest", "openai", on=date(2024, 6, 1))[0] == "openai gpt-4o"
    assert found("gpt-4-latest", "openai", on=date(2023, 5, 31)) == (None, "unresolved")


def test_the_sources_own_deployment_map_comes_first():
    deployments = {
        "prod-gpt35": "gpt-35-turbo-0301",
        "davinci": "text-davinci-003",
        f"{ARN}:1:application-inference-profile/a1b2": f"{ARN}::foundation-model/anthropic.claude-v2:1",
        "mystery": "gpt-99",
        "wrong": 7,
    }
    expected = ("azure-openai gpt-35-turbo-0301", "deployment")
    assert found("prod-gpt35", "azure-openai", deployments=deployments) == expected
    assert found("azure/prod-gpt35", "", deployments=deployments) == expected
    assert found("azure/PROD-GPT35", "", deployments=deployments) == expected
    assert found("davinci", "openai", deployments=deployments) == ("openai text-davinci-003", "deployment")
    profile = found(f"{ARN}:1:application-inference-profile/a1b2", "aws-bedrock", deployments=deployments)
    assert profile == ("aws-bedrock anthropic.claude-v2:1", "deployment")
    assert found("mystery", "azure-openai", deployments=deployments) == (None, "unresolved")
    assert found("wrong", "azure-openai", deployments=deployments) == (None, "unresolved")


@pytest.mark.parametrize(
    ("called_as", "hint", "endpoint", "entry"),
    [
        ("", "openai", "/v1/edits", "openai /v1/edits"),
        ("unknown", "openai", "https://api.openai.com/v1/edits/?x=1", "openai /v1/edits"),
        (UNKNOWN, "openai", "/v1/fine-tunes/old/7", "openai /v1/fine-tunes/old"),
        ("", "openai", "/v1/fine-tunes/older", "openai /v1/fine-tunes"),
        ("", "", "/v1/edits", "openai /v1/edits"),
        ("", "openai", "/v1/editsx", None),
        ("", "azure-openai", "/v1/edits", None),
        ("gpt-99", "openai", "/v1/edits", None),
        ("", "openai", "//[", None),
    ],
)
def test_a_call_without_a_model_name_belongs_to_its_endpoint(called_as, hint, endpoint, entry):
    assert found(called_as, hint, endpoint) == (entry, "endpoint" if entry else "unresolved")


names = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [*PREFIXES, *(e.split(" ", 1)[1] for e in ENTRIES), "us.", "ft:", ":ft-", "models", "@", ARN, "%3A"]
        ),
        max_size=6,
    ).map("/".join),
    st.builds(
        lambda prefix, entry, suffix: prefix + entry.split(" ", 1)[1] + suffix,
        st.text(max_size=3),
        st.sampled_from(ENTRIES),
        st.text(max_size=3),
    ),
)
hints = st.sampled_from(["", UNKNOWN, *{e.split(" ", 1)[0] for e in ENTRIES}, "github", "nowhere"])


@given(names, hints, st.text(max_size=30))
def test_no_text_makes_resolution_fail_or_guess(called_as, hint, endpoint):
    match = resolve(called_as, hint, endpoint, INDEX, on=ON)
    if match.entry is None:
        assert match.how == "unresolved"
        return
    assert match.how in {"exact", "alias", "wrapper", "fine-tune", "endpoint"}
    platform, entry_id = ENTRIES[match.entry - 1].split(" ", 1)
    assert match.platform == platform
    if match.how == "endpoint":
        assert called_as.strip().lower() in PLACEHOLDERS
        return
    # Whatever resolved is the id, another spelling, an alias, or the base that a fine-tune's name states.
    forms = [(platform, name) for _, name in strip_prefixes((hint, called_as))]
    stated = [
        f for form in forms for base in [form, *fine_tune_bases(form)] for f in [base, *other_spellings(base)]
    ]
    said = {name.casefold() for _, name in stated}
    assert entry_id.casefold() in said or said & {"claude-sonnet-4-5", "gpt-4-latest"}


@given(names, hints)
def test_taking_wrappers_off_is_idempotent_and_only_shortens(called_as, hint):
    forms = strip_prefixes((hint, called_as))
    assert strip_prefixes(forms[-1]) == [forms[-1]]
    lengths = [len(name) for _, name in forms]
    assert lengths == sorted(set(lengths), reverse=True)


@given(names, hints)
def test_a_rule_says_nothing_about_a_name_without_its_mark(called_as, hint):
    for rule, (mark, platforms) in PREFIX_RULES.items():
        if mark not in called_as or (platforms is not None and hint not in platforms):
            assert rule((hint, called_as)) is None
    for rules in SPELLINGS.values():
        for rule, mark in rules.items():
            assert mark in called_as or rule(called_as) in {None, called_as}
    assert FINE_TUNE_MARK in called_as or not fine_tune_bases((hint, called_as))


def test_a_very_long_name_is_taken_as_it_is():
    assert found("openai/" * MAX_NAME + "gpt-4", "openai") == (None, "unresolved")


def test_many_distinct_names_resolve_each_for_itself():
    matches = {resolve(f"openai/gpt-{i}", "", "", INDEX, on=ON).entry for i in range(100_000)}
    assert matches == {None, ENTRIES.index("openai gpt-4") + 1}


def test_close_names_are_suggested_and_never_taken():
    assert found("gpt-4o-2024-08-07", "openai") == (None, "unresolved")
    assert suggest("gpt-4o-2024-08-07", "openai", INDEX)[0].id == "gpt-4o-2024-08-06"
    both = {(s.platform, s.id) for s in suggest("text-davinci-003", "", INDEX)}
    assert {("openai", "text-davinci-003"), ("azure-openai", "text-davinci-003")} <= both
    assert suggest("zzzz", "openai", INDEX) == []
    assert len(suggest("gpt-4" * 10_000, "", INDEX, limit=2)) <= 2


@given(names, hints)
def test_suggestions_are_entries_of_the_platform_asked_about(called_as, hint):
    for suggestion in suggest(called_as, hint, INDEX):
        assert ENTRIES[suggestion.entry - 1] == f"{suggestion.platform} {suggestion.id}"
