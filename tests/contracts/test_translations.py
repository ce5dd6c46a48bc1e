"""Every string that people read is translated, and what is committed is what the code says."""

import re
import runpy
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import to_locale

from dashboard.alerts import digest
from dashboard.web.common.verdicts import day_text
from dashboard.web.templatetags.listing import month_text
from dashboard.web.templatetags.sundial import count, percent

MESSAGES = runpy.run_path(str(Path(settings.BASE_DIR) / "scripts" / "messages.py"))
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
ITEM = digest.DigestItem(
    application="Shop",
    application_url="https://sundial.example/applications/shop/",
    finding_url="https://sundial.example/findings/1/",
    entry="ada",
    platform="openai",
    entry_url="https://sundial.example/models/openai/ada/",
    sunset_on=date(2024, 1, 4),
    days_left=27,
    precision="day",
    redirects_to="babbage-002",
    replacements=("babbage-002",),
    calls=1234,
    measure="calls",
    reasons=("regressed",),
    moved_from=None,
    unverified=True,
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]\b|\{\w*\}|</?\w+>")


def po_file(code: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / to_locale(code) / "LC_MESSAGES" / "django.po"


def catalog_of(code: str) -> Any:
    return MESSAGES["read"](po_file(code))


def keys(catalog: Any) -> set[tuple[str, str]]:
    return {(message.context or "", str(message.id)) for message in catalog if message.id}


def versions(text: Any) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (text,)


def messages(code: str) -> Iterator[Message]:
    return (message for message in catalog_of(code) if message.id)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_translated_strings_are_those_of_the_code_and_no_others(code):
    in_code, translated = keys(MESSAGES["extracted"]()), keys(catalog_of(code))
    assert sorted(in_code - translated) == [], "run make messages and translate these"
    assert sorted(translated - in_code) == [], "run make messages"


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_translation_is_empty_or_only_a_guess(code):
    missing = [message.id for message in messages(code) if not all(versions(message.string)) or message.fuzzy]
    assert missing == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_keep_the_placeholders_of_their_strings(code):
    differing = [
        (message.id, found)
        for message in messages(code)
        for found in versions(message.string)
        if sorted(PLACEHOLDER.findall(found)) != sorted(PLACEHOLDER.findall(versions(message.id)[-1]))
    ]
    assert differing == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_compiled_file_is_made_from_the_translations(code):
    path = po_file(code)
    assert path.with_suffix(".mo").read_bytes() == MESSAGES["compiled"](catalog_of(code))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_translations_file_is_as_the_tool_writes_it(code):
    assert po_file(code).read_bytes() == MESSAGES["written"](catalog_of(code))


def test_words_of_templates_code_and_charts_are_all_found():
    found = keys(MESSAGES["extracted"]())
    assert ("", "Sign in") in found  # {% translate %}
    assert ("", "('%(n)s finding', '%(n)s findings')") in found  # {% blocktranslate %} with a plural
    assert ("of usage", "Source") in found  # with a context
    assert ("", "No calls for a full week.") in found  # gettext
    assert ("", "80 % interval") in found  # gettext_noop of charts, which know no Django


@pytest.mark.parametrize(
    ("site", "expected"), [("en", "of your models retire in 27 days"), ("zh-hans", "您有 2 个模型下线：27 天后")]
)
def test_mail_is_written_in_the_sites_language_whoever_asks_for_it(settings, site, expected):
    settings.LANGUAGE_CODE = site
    told = [replace(ITEM, entry=name) for name in ("text-davinci-003", "ada")]
    with translation.override("en" if site == "zh-hans" else "zh-hans"):
        message = digest.render_digest(told, "owner@acme.example", date(2023, 12, 8), fallback=True)
    assert expected in message.subject
    assert "2024-01-04" in message.subject
    for body in (message.text, message.html):
        assert ("以下应用没有负责人" in body) == (site == "zh-hans")
        assert "1\u202f234" in body


def test_the_admins_names_of_models_and_fields_are_translated_when_shown():
    registered = [model for model in apps.get_models() if admin.site.is_registered(model)]
    ours = [model for model in registered if model.__module__.startswith("dashboard.")]
    inline = [inline.model for model in ours for inline in admin.site.get_model_admin(model).inlines]
    fields = [field for model in (*ours, *inline) for field in model._meta.fields if not field.primary_key]
    strings = [
        name for model in (*ours, *inline) for name in (model._meta.verbose_name, model._meta.verbose_name_plural)
    ]
    strings += [field.verbose_name for field in fields]
    strings += [field.help_text for field in fields if field.help_text]
    strings += [apps.get_app_config(model._meta.app_label).verbose_name for model in ours]
    assert [str(text) for text in strings if not isinstance(text, Promise)] == []


def test_the_admin_speaks_the_readers_language(admin_client):
    page = admin_client.get("/admin/usage/source/add/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "监视文件" in page  # a choice
    assert "轮询间隔（秒）" in page  # a field's name
    assert "每行一个目录、文件或通配模式" in page  # what stands below a field


@pytest.mark.django_db
def test_a_browser_that_asks_for_chinese_gets_it_and_each_language_is_called_by_its_own_name(admin_client):
    page = admin_client.get("/", headers={"accept-language": "zh-hans"}).content.decode()
    assert '<html lang="zh-hans"' in page
    assert "退出登录" in page
    names = re.findall(r'name="language".*?>\s*(\S+)\s*</button>', page, re.DOTALL)
    assert names == ["English", "简体中文"]


def test_numbers_are_grouped_by_thousands_and_days_written_as_people_do():
    with translation.override("zh-hans"):
        assert count(327163) == "327,163"
        assert day_text(date(2024, 1, 4)) == "2024年1月4日"
        assert month_text(date(2024, 1, 4)) == "2024年1月"
        assert percent(0.82) == "82%"
    assert percent(0.82) == "82 %"
