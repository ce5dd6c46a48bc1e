"""Sentences that the catalog keeps or raises in English, said in the reader's language.

Feeds and file checks know no languages: their sentences go into the database, logs and answers of commands as
they are. Pages find the sentence among the known ones here and translate it, values and all; what is not among
them stays as it is. `tests/contracts/test_sentences.py` finds sentences that are missing here.
"""

import re
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop

__all__ = ["SENTENCES", "translated"]

# The more specific before the more general. A value is `%(name)s`; `%(problem)s` is a sentence of its own.
SENTENCES = (
    # Feeds: the network
    gettext_noop("%(problem)s, %(n)s times"),
    gettext_noop("the answer is a web page, not JSON"),
    gettext_noop("the answer is a web page, not YAML"),
    gettext_noop("the answer is a web page"),
    gettext_noop("the answer is compressed, which was not asked for"),
    gettext_noop("the answer is empty"),
    gettext_noop("%(problem)s; the answer may have broken off"),
    gettext_noop("the answer is not JSON: %(reason)s (line %(line)s)"),
    gettext_noop("the answer took longer than %(n)s seconds"),
    gettext_noop("the answer broke off: %(reason)s"),
    gettext_noop("the connection broke off"),
    gettext_noop("refuses connections"),
    gettext_noop("no answer in time"),
    gettext_noop("its certificate is not valid: %(reason)s"),
    gettext_noop("answers %(status)s: the key is missing, wrong or not allowed"),
    gettext_noop("answers %(status)s"),
    gettext_noop("redirects more than %(n)s times"),
    gettext_noop("redirects to %(host)s, which is not a public host"),
    gettext_noop("only https addresses are read, not %(address)s"),
    gettext_noop("larger than %(n)s MB"),
    gettext_noop("%(host)s cannot be reached: %(reason)s"),
    gettext_noop("nothing was tried"),
    gettext_noop("AWS: %(reason)s"),
    # Feeds: what they hold
    gettext_noop("says nothing about any model (%(n)s records)"),
    gettext_noop("shrank from %(before)s to %(after)s models; if that is right: %(command)s"),
    gettext_noop("shrank from %(before)s to %(after)s records; if that is right: %(command)s"),
    gettext_noop("holds %(n)s records, more than any such feed has"),
    gettext_noop("%(n)s of %(total)s records are not of the known shape"),
    gettext_noop("not deprecations.info: expected a list, or an object with a list named items"),
    gettext_noop("not a list of Azure's models: expected a list, or an object with one named value or data"),
    gettext_noop("not OpenAI's list of models: expected an object with a list named data"),
    gettext_noop("not modeldeprecations.dev: expected an object with a list named models"),
    gettext_noop("not Bedrock's list of models: expected an object with a list named modelSummaries"),
    gettext_noop("not LiteLLM's model map: expected an object of models by name"),
    gettext_noop("not a catalog file: %(problem)s"),
    # What the settings say of feeds
    gettext_noop("%(setting)s is not set"),
    gettext_noop("there is no feed %(name)s; known are %(names)s"),
    gettext_noop("the feed %(name)s needs an address or a file, as in %(example)s"),
    gettext_noop("the feed %(name)s needs an https address or an absolute path, not %(address)s"),
    # Feeds: why a proposed change waits
    gettext_noop("the platform publishes floors, and this feed does not tell them from firm dates"),
    gettext_noop("scraped from the platform's page"),
    gettext_noop("the feed gives more than one date"),
    # Entries and files
    gettext_noop("a vendor's short name is letters, digits and hyphens"),
    gettext_noop("an alias ends on or after the day it starts"),
    gettext_noop("missing; null takes the step back"),
    gettext_noop("missing"),
    gettext_noop("must be a list"),
    gettext_noop("must be a mapping of fields"),
    gettext_noop("must be a day such as 2024-01-04, not %(text)s"),
    gettext_noop("must be an address such as https://example.com/page, not %(text)s"),
    gettext_noop("must be letters, digits and hyphens, not %(text)s"),
    gettext_noop("must be one of %(words)s, not %(text)s"),
    gettext_noop("must be true or false, not %(text)s"),
    gettext_noop("the year must be from %(first)s to %(last)s"),
    gettext_noop("unknown field; known are %(names)s"),
    gettext_noop("differs from %(name)s only in case, which %(platform)s ignores"),
    gettext_noop("goes round in a circle: %(names)s"),
    gettext_noop("no platform %(name)s in the catalog or in this file"),
    gettext_noop("no entry %(name)s in the catalog or in this file%(hint)s"),
    gettext_noop("no entry %(name)s in the catalog%(hint)s"),
    gettext_noop("the sunset%(where)s on %(day)s is before its announcement on %(announced)s"),
    gettext_noop("%(name)s already has an entry above"),
    gettext_noop("%(name)s cannot replace itself"),
    gettext_noop("%(name)s is itself retired on %(day)s, by the sunset on %(sunset)s"),
    gettext_noop("%(kind)s stands here twice for the same region"),
)

_VALUE = re.compile(r"%\((\w+)\)s")
_PLACE = re.compile(
    r"(?P<place>\S+:\d+: (?:[\w.\[\]]+: )?|[a-z_]+(?:\[\d+\]|\.[a-z_]+)*: )(?P<rest>.+)", re.DOTALL
)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    found = []
    for sentence in SENTENCES:
        parts = _VALUE.split(sentence)
        pattern = "".join(f"(?P<{part}>.*)" if n % 2 else re.escape(part) for n, part in enumerate(parts))
        found.append((re.compile(pattern, re.DOTALL), sentence))
    return found


def translated(text: str | Promise) -> str:
    """A sentence, or several on lines of their own, in the reader's language; where it stands in a file stays."""
    return "\n".join(_line(line) for line in str(text).split("\n"))


def _line(text: str) -> str:
    for pattern, sentence in _patterns():
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            if "problem" in values:
                values["problem"] = _line(values["problem"])
            return gettext(sentence) % values
    if found := _PLACE.fullmatch(text):
        return found["place"] + _line(found["rest"])
    return text
