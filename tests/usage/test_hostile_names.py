"""Names made to break things: NUL, control and bidi characters, escapes, over-long ones. None stops a scan."""

import json
import os
from datetime import date

import pytest

from dashboard.catalog import snapshot
from dashboard.catalog.names import resolve as names
from dashboard.catalog.names.prefixes import strip_prefixes
from dashboard.findings import name_resolution, scan
from dashboard.findings.models import Finding, Resolution
from dashboard.usage.models import CalledName, Identity, LatestCall, RejectedLine
from dashboard.usage.polling import poll
from tests.factories import make_entry
from tests.usage.conftest import NOW

pytestmark = pytest.mark.django_db

DAY = date(2024, 1, 4)
HOSTILE = [
    "x%00y",
    "x%2500y",
    "x\x00y",
    "%00",
    "x%E2%80%AEy",
    "\u202egpt-4\u2069",
    "a\u200bb\u061cc",
    "models/x%00" + "y" * 400,
    "\ud800",
    "arn:aws:bedrock:us-east-1::foundation-model/a%00b",
    "%EF%BF%BE",
    "x" * 5000,
]


def sundial_line(number: int, **fields: object) -> bytes:
    known = {"ts": "2024-01-04T09:00:00Z", "application": "shop", "platform": "openai", "model": "gpt-4-0314"}
    return json.dumps(known | {"id": f"i{number}"} | fields).encode() + b"\n"


def is_clean(text: str) -> bool:
    return not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2069\u061c\u200b\ufffe" for c in text)


@pytest.fixture
def retiring():
    return make_entry("openai/gpt-4-0314", announced="2023-06-13", sunset="2024-06-13", on_sunset="fails")


def test_hostile_names_never_stop_a_scan(inbox, settings, retiring):
    rows = [sundial_line(0)]
    fields = ("model", "application", "team", "key_alias", "tags", "platform", "endpoint", "id")
    for number, name in enumerate(HOSTILE):
        rows += [sundial_line(100 * number + at + 1, **{field: name}) for at, field in enumerate(fields)]
    rows.append(sundial_line(9999, application="after"))
    (settings.SUNDIAL_INBOX / "hostile.jsonl").write_bytes(b"".join(rows))
    poll(inbox, NOW)
    scan.run(NOW, DAY)
    opened = set(Finding.objects.values_list("application__slug", flat=True))
    assert {"shop", "after"} <= opened
    assert not Resolution.objects.filter(how=name_resolution.SET_ASIDE).exists()
    stored = [
        *CalledName.objects.values_list("called_as", "platform", "endpoint"),
        *Resolution.objects.values_list("model", "platform", "region"),
        *Identity.objects.values_list("consumer", "team", "key_alias", "tags", "application__name"),
        *LatestCall.objects.values_list("request_id"),
    ]
    assert all(is_clean(text) for row in stored for text in row)
    assert all(len(row[0]) <= 300 for row in stored)


def test_a_percent_encoded_nul_in_an_access_log_does_not_stop_a_scan(inbox, settings, retiring):
    request = (
        '10.0.0.1 - bob [04/Jan/2024:10:00:0%d +0000] "POST /v1/engines/%s/completions HTTP/1.1" 404 12 "-" "-"\n'
    )
    lines = [request % (at, name) for at, name in enumerate(("evil%2500y", "evil%00y", "evil%252500y"))]
    (settings.SUNDIAL_INBOX / "access.log").write_text("".join(lines))
    (settings.SUNDIAL_INBOX / "good.jsonl").write_bytes(sundial_line(1))
    poll(inbox, NOW)
    scan.run(NOW, DAY)
    assert Finding.objects.get().application.slug == "shop"
    assert all(is_clean(model) for model in Resolution.objects.values_list("model", flat=True))


@pytest.mark.parametrize("target", ["x\x00y", "x%00y", "z" * 2000, "\u202ex"])
def test_a_deployment_map_may_say_anything(inbox, settings, retiring, target):
    if "\x00" not in target:  # which no database's JSON column holds; a map may still come from elsewhere
        inbox.deployments = {"chat": target}
        inbox.save()
    (settings.SUNDIAL_INBOX / "a.jsonl").write_bytes(sundial_line(1) + sundial_line(2, model="chat"))
    poll(inbox, NOW)
    scan.run(NOW, DAY)
    assert Finding.objects.exists()
    assert all(is_clean(model) for model in Resolution.objects.values_list("model", flat=True))


def test_a_name_that_cannot_be_resolved_is_set_aside_and_the_rest_goes_on(inbox, settings, retiring, monkeypatch):
    real = names.resolve

    def fragile(called_as, *args, **kwargs):
        if called_as == "poison":
            raise IndexError("no such group")
        return real(called_as, *args, **kwargs)

    monkeypatch.setattr(name_resolution, "resolve", fragile)
    lines = sundial_line(1, model="poison", application="a-poison") + sundial_line(2)
    (settings.SUNDIAL_INBOX / "a.jsonl").write_bytes(lines)
    poll(inbox, NOW)
    scan.run(NOW, DAY)
    assert Finding.objects.get().application.slug == "shop"
    assert name_resolution.names_set_aside() == 1
    aside = Resolution.objects.get(how=name_resolution.SET_ASIDE)
    assert (aside.model, aside.entry) == ("poison", None)
    assert scan.run(NOW, DAY).resolved_names == 0  # it is not tried at every scan
    monkeypatch.undo()
    snapshot.bump(NOW)
    scan.run(NOW, DAY)
    assert name_resolution.names_set_aside() == 0


def test_a_file_may_have_any_name(inbox, settings):
    name = b"a\nb\xff\xe2\x80\xae.jsonl"
    (settings.SUNDIAL_INBOX / os.fsdecode(name)).write_bytes(sundial_line(1) + sundial_line(2) + b"no line\n")
    assert (poll(inbox, NOW).accepted, poll(inbox, NOW).records) == (2, 0)
    assert RejectedLine.objects.get().path.endswith("a?b?.jsonl")


def test_what_is_under_a_percent_sign_is_cleaned_as_well():
    assert [name for _, name in strip_prefixes(("", "a%2500b"))][-1] == "a b"
    assert [name for _, name in strip_prefixes(("", "%00"))] == ["%00"]
