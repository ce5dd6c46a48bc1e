"""Guides: one for each family, and where platforms announce."""

import pytest

from dashboard.catalog.choices import Kind
from dashboard.catalog.models import Platform
from dashboard.web.common.guide_links import GUIDES, guide_for
from tests.web.pages import words

pytestmark = pytest.mark.django_db


def test_every_guide_is_a_section_with_its_title(viewer):
    response = viewer.get("/guides/")
    for guide in GUIDES:
        assert f'id="{guide.slug}"' in response.text
        assert words(response).count(str(guide.title)) == 2  # the chip and the heading


def test_platforms_are_listed_with_their_own_pages(viewer):
    Platform.objects.create(slug="openai", name="OpenAI API", url="https://example.com/deprecations")
    assert 'href="https://example.com/deprecations"' in viewer.get("/guides/").text


@pytest.mark.parametrize(
    ("kind", "entry", "called_as", "expected"),
    [
        (Kind.COMPLETION, "text-davinci-003", (), "completions"),
        (Kind.EDIT, "text-davinci-edit-001", (), "edits"),
        (Kind.EMBEDDING, "text-search-ada-doc-001", (), "embeddings"),
        (Kind.COMPLETION, "davinci", ("davinci", "davinci:ft-acme-2023-05-30"), "fine-tunes"),
        (Kind.CHAT, "gpt-3.5-turbo", ("ft:gpt-3.5-turbo:acme::1",), "fine-tunes"),
        (Kind.CHAT, "gpt-4-0314", (), "chat"),
        (Kind.ENDPOINT, "/v1/edits", (), "edits"),
        (Kind.ENDPOINT, "/v1/fine-tunes", (), "fine-tunes"),
        (Kind.ENDPOINT, "/v1/assistants", (), "endpoints"),
    ],
)
def test_the_guide_for(kind, entry, called_as, expected):
    assert guide_for(kind, entry, called_as).slug == expected


def test_other_kinds_have_none():
    assert guide_for(Kind.AUDIO, "whisper-1") is None
