"""Messages of feeds and of catalog validation: a code and parameters, rendered in the reader's language.

A message is stored and passed on as data; `str()` makes the text. Commands and logs render in English. A new
message is one line in `TEMPLATES`.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

__all__ = ["TEMPLATES", "Message"]

TEMPLATES: dict[str, str] = {
    # Fetching a feed
    "repeated": gettext_noop("%(problem)s, %(n)s times"),
    "text": "%(text)s",  # the text of another system, unchanged
    "at": "%(place)s: %(problem)s",
    "web_page": gettext_noop("the answer is a web page"),
    "web_page_not_json": gettext_noop("the answer is a web page, not JSON"),
    "web_page_not_yaml": gettext_noop("the answer is a web page, not YAML"),
    "empty_answer": gettext_noop("the answer is empty"),
    "answer_not_json": gettext_noop("the answer is not JSON: %(reason)s (line %(line)s)"),
    "broken_off": gettext_noop("%(problem)s; the answer may have broken off"),
    "answer_too_slow": gettext_noop("the answer took longer than %(n)s seconds"),
    "answers": gettext_noop("answers %(status)s"),
    "answers_key_refused": gettext_noop("answers %(status)s: the key is missing, wrong or not allowed"),
    "too_large": gettext_noop("larger than %(n)s MB"),
    "aws": gettext_noop("AWS: %(reason)s"),
    # What a feed holds
    "feed_says_nothing": gettext_noop("holds no models (%(n)s records)"),
    "feed_shrank_models": gettext_noop(
        "shrank from %(before)s to %(after)s models; if that is right: %(command)s"
    ),
    "feed_shrank_records": gettext_noop(
        "shrank from %(before)s to %(after)s records; if that is right: %(command)s"
    ),
    "too_many_records": gettext_noop("holds %(n)s records, more than any such feed has"),
    "unknown_shape": gettext_noop("%(n)s of %(total)s records are not of the known shape"),
    "not_deprecations_info": gettext_noop(
        "not deprecations.info: expected a list, or an object with a list named items"
    ),
    "not_azure": gettext_noop(
        "not a list of Azure's models: expected a list, or an object with one named value or data"
    ),
    "not_openai": gettext_noop("not OpenAI's list of models: expected an object with a list named data"),
    "not_modeldeprecations_dev": gettext_noop(
        "not modeldeprecations.dev: expected an object with a list named models"
    ),
    "not_bedrock": gettext_noop(
        "not Bedrock's list of models: expected an object with a list named modelSummaries"
    ),
    "not_litellm": gettext_noop("not LiteLLM's model map: expected an object of models by name"),
    "not_catalog_file": gettext_noop("not a catalog file: %(problem)s"),
    # Settings of feeds
    "setting_missing": gettext_noop("%(setting)s is not set"),
    "no_feed": gettext_noop("there is no feed %(name)s; known are %(names)s"),
    "feed_needs_location": gettext_noop("the feed %(name)s needs an address or a file, as in %(example)s"),
    "feed_bad_location": gettext_noop(
        "the feed %(name)s needs an https address or an absolute path, not %(address)s"
    ),
    # Why a proposed change needs review
    "review_floor": gettext_noop(
        "the platform publishes floors, and this feed does not distinguish them from firm dates"
    ),
    "review_scraped": gettext_noop("scraped from the platform's page"),
    "review_two_dates": gettext_noop("the feed gives more than one date"),
    # The format of a file
    "and_more": gettext_noop("and %(n)s more"),
    "suffix": gettext_noop("a catalog file ends in .yaml, .json or .csv, not %(text)s"),
    "not_utf8": gettext_noop("not UTF-8 text"),
    "nested_too_deeply": gettext_noop("nested too deeply"),
    "not_yaml": gettext_noop("not YAML: %(reason)s"),
    "not_json": gettext_noop("not JSON: %(reason)s"),
    "not_csv": gettext_noop("not CSV: %(reason)s"),
    "json_list_end": gettext_noop("not JSON: expected a comma or the end of the list"),
    "empty_file": gettext_noop("empty"),
    "yaml_anchor": gettext_noop("anchors and aliases of YAML are not used here"),
    "field_name_not_text": gettext_noop("a field name must be plain text"),
    "field_twice": gettext_noop("%(name)s is listed twice"),
    "entry_not_object": gettext_noop("an entry must be an object"),
    "not_entry_list": gettext_noop("must be a list of entries"),
    "csv_entry_twice": gettext_noop("row: %(name)s already has an entry row"),
    "csv_no_entry": gettext_noop("row: %(name)s has no entry row above"),
    "csv_no_revision": gettext_noop("row: no revision of %(name)s above"),
    "csv_row_kind": gettext_noop("row: %(kind)s is none of platform, vendor, entry, alias, revision, milestone"),
    "csv_columns": gettext_noop("columns must be row, platform, id and any others of %(names)s, once each"),
    "csv_cells": gettext_noop("%(cells)s cells under %(columns)s columns"),
    # The values in a file
    "missing": gettext_noop("missing"),
    "missing_or_null": gettext_noop("missing; null withdraws the milestone"),
    "not_text": gettext_noop("must be text"),
    "control_character": gettext_noop("holds a control character"),
    "too_long": gettext_noop("longer than %(n)s characters"),
    "blank_around": gettext_noop("starts or ends with a blank"),
    "not_list": gettext_noop("must be a list"),
    "not_mapping": gettext_noop("must be a mapping of fields"),
    "not_day": gettext_noop("must be a day such as 2024-01-04, not %(text)s"),
    "year": gettext_noop("the year must be from %(first)s to %(last)s"),
    "not_url": gettext_noop("must be an address such as https://example.com/page, not %(text)s"),
    "not_slug": gettext_noop("must be letters, digits and hyphens, not %(text)s"),
    "not_choice": gettext_noop("must be one of %(words)s, not %(text)s"),
    "not_boolean": gettext_noop("must be true or false, not %(text)s"),
    "unknown_field": gettext_noop("unknown field; known are %(names)s"),
    "vendor_slug": gettext_noop("a vendor's short name is letters, digits and hyphens"),
    # Entries
    "alias_span": gettext_noop("an alias ends on or after the day it starts"),
    "alias_is_id": gettext_noop("%(name)s is the id of an entry itself"),
    "alias_taken": gettext_noop("%(name)s already belongs to %(entry)s"),
    "entry_twice": gettext_noop("%(name)s already has an entry above"),
    "differs_in_case": gettext_noop("differs from %(name)s only in case, which %(platform)s ignores"),
    "no_platform": gettext_noop("no platform %(name)s in the catalog or in this file"),
    "no_entry": gettext_noop("no entry %(name)s in the catalog"),
    "no_entry_close": gettext_noop("no entry %(name)s in the catalog; close names are %(names)s"),
    "no_entry_file": gettext_noop("no entry %(name)s in the catalog or in this file"),
    "no_entry_file_close": gettext_noop(
        "no entry %(name)s in the catalog or in this file; close names are %(names)s"
    ),
    "sunset_before_announcement": gettext_noop(
        "the sunset on %(day)s is before its announcement on %(announced)s"
    ),
    "sunset_before_announcement_in": gettext_noop(
        "the sunset (%(region)s) on %(day)s is before its announcement on %(announced)s"
    ),
    "replaces_itself": gettext_noop("%(name)s cannot replace itself"),
    "replacement_circle": gettext_noop("replacements form a circle: %(names)s"),
    "replacement_retires": gettext_noop("%(name)s is itself retired on %(day)s, by the sunset on %(sunset)s"),
    "milestone_twice": gettext_noop("%(kind)s is listed twice for the same region"),
    # Undo
    "nothing_to_undo": gettext_noop("nothing of this change can be undone"),
    "changed_since": gettext_noop("%(field)s was changed again since: undo that change first"),
    "cannot_undo": gettext_noop("%(field)s cannot be undone"),
}
"""Text by code, in English. `%(problem)s` is a message of its own; every other value is shown as it is."""

MAX_TEXT = 300
"""Longer parameters are cut when a message is made: some hold text of a file or another system."""


class Message:
    """One message. `params` are texts, numbers or messages; equal when code and params are."""

    __slots__ = ("code", "params")

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = {
            name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in params.items()
        }

    def __str__(self) -> str:
        """The text in the active language; a code that this version does not know shows as itself."""
        return gettext(TEMPLATES[self.code]) % self.params if self.code in TEMPLATES else self.code

    def __repr__(self) -> str:
        return f"Message({self.code!r}, {self.params!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.code, self.params) == (other.code, other.params)

    def __hash__(self) -> int:
        return hash(self.code)

    def to_json(self) -> dict[str, Any]:
        """`{"code", "params"}`; a message within is one of the same shape."""
        params = {k: v.to_json() if isinstance(v, Message) else v for k, v in self.params.items()}
        return {"code": self.code, "params": params}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Message":
        params = {k: cls.from_json(v) if isinstance(v, Mapping) else v for k, v in data["params"].items()}
        return cls(data["code"], **params)
