"""Files that cannot be read, vanish, are replaced, or break a decoder: the others are read, the page says why."""

import os

import pytest

from dashboard.usage.formats.openai.usage import OpenAIUsage
from dashboard.usage.formats.sundial import Sundial
from dashboard.usage.models import RejectedLine, Stream
from dashboard.usage.polling import poll
from tests.usage.conftest import GOLDEN, NOW, calls, line

AZURE_POISON = b"""{"cost": 59, "timespan": "2024-01-04T08:00:00Z/2024-01-04T10:00:00Z", "interval": "PT1H",
 "namespace": "Microsoft.CognitiveServices/accounts", "value": [{"id": "/subscriptions/0/x/accounts/Shop-EU/y",
 "name": {"value": "ModelRequests"}, "timeseries": [{"metadatavalues": ["x"],
 "data": [{"timeStamp": "2024-01-04T08:00:00Z", "total": 5}]}]}]}"""


@pytest.fixture
def folder(settings, inbox):
    for number, name in enumerate("abc", 1):
        (settings.SUNDIAL_INBOX / f"{name}.jsonl").write_bytes(line(number, app=name))
    return settings.SUNDIAL_INBOX


@pytest.fixture
def refuse(monkeypatch):
    """Make `os.open` fail for a file; root, as whom tests may run, may open everything."""
    refused: dict[str, Exception] = {}
    real = os.open

    def fragile(path, *args, **kwargs):
        if problem := refused.get(os.path.basename(str(path))):  # noqa: PTH119  may be bytes
            raise problem
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", fragile)
    return refused


def page(signed_in, inbox) -> str:
    return signed_in.get(f"/sources/{inbox.slug}/").content.decode()


def test_a_file_without_permission_is_named_and_read_once_it_can_be(inbox, folder, refuse, admin_client):
    refuse["b.jsonl"] = PermissionError(13, "Permission denied")
    assert poll(inbox, NOW).accepted == 2
    assert inbox.problem.endswith("b.jsonl cannot be opened: Permission denied")
    shown = page(admin_client, inbox)
    assert "b.jsonl cannot be opened: Permission denied" in shown
    assert poll(inbox, NOW).accepted == 0
    assert inbox.problem.endswith("Permission denied")
    refuse.clear()
    assert poll(inbox, NOW).accepted == 1
    assert (inbox.problem, calls(inbox)) == ("", 3)


@pytest.mark.parametrize(
    "problem", [FileNotFoundError(2, "No such file or directory"), OSError(40, "Too many links")]
)
def test_a_vanished_or_replaced_file_does_not_stop_the_others(inbox, folder, refuse, problem):
    refuse["a.jsonl"] = problem
    assert poll(inbox, NOW).accepted == 2
    assert "a.jsonl cannot be opened" in inbox.problem


def test_several_unreadable_files_are_counted_in_the_problem(inbox, folder, refuse):
    refuse |= dict.fromkeys(("a.jsonl", "b.jsonl"), PermissionError(13, "Permission denied"))
    assert poll(inbox, NOW).accepted == 1
    assert inbox.problem.endswith("b.jsonl cannot be opened: Permission denied (and 1 more)")


def test_a_folder_without_permission_is_named(inbox, folder, monkeypatch):
    (folder / "closed").mkdir()
    real = os.scandir

    def fragile(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", fragile)
    assert poll(inbox, NOW).accepted == 3
    assert inbox.problem.endswith("closed cannot be listed: Permission denied")


@pytest.mark.parametrize("error", [AttributeError, OverflowError, KeyError, RuntimeError])
def test_a_line_on_which_a_decoder_raises_is_rejected_with_place_and_reason(inbox, folder, monkeypatch, error):
    real = Sundial.extract

    def fragile(self, record):
        if record.application == "b":
            raise error("secret content")
        return real(self, record)

    monkeypatch.setattr(Sundial, "extract", fragile)
    (folder / "many.jsonl").write_bytes(line(10, app="x") + line(11, app="b") + line(12, app="x"))
    assert poll(inbox, NOW).accepted == 4
    rejected = RejectedLine.objects.get(path__endswith="many.jsonl")
    assert (rejected.line, rejected.reason) == (2, f"its format's decoder failed: {error.__name__}")


def test_a_line_whose_caller_cannot_be_described_is_rejected_alone(inbox, folder, monkeypatch):
    real = Sundial.describe

    def fragile(self, key):
        if "undescribable" in key:
            raise IndexError("secret content")
        return real(self, key)

    monkeypatch.setattr(Sundial, "describe", fragile)
    (folder / "d.jsonl").write_bytes(line(10, app="undescribable") + line(11, app="d"))
    counts = poll(inbox, NOW)
    assert (counts.accepted, counts.rejected) == (4, 1)


def test_a_file_on_which_a_reader_fails_is_named_with_its_place_and_not_tried_until_it_changes(
    inbox, folder, monkeypatch, admin_client
):
    (folder / "0-usage.json").write_bytes((GOLDEN / "openai_usage.json").read_bytes())

    def broken(*_):
        raise AttributeError("secret content")

    monkeypatch.setattr(OpenAIUsage, "for_file", broken)
    assert poll(inbox, NOW).accepted == 3
    assert "0-usage.json cannot be read after line 0, byte 0" in inbox.problem
    assert "secret" not in inbox.problem
    assert "0-usage.json cannot be read after line 0, byte 0" in page(admin_client, inbox)
    assert poll(inbox, NOW).records == 0
    monkeypatch.undo()
    os.utime(folder / "0-usage.json", (1, 1))
    assert poll(inbox, NOW).accepted > 0
    assert inbox.problem == ""


def test_a_malformed_document_is_rejected_and_newer_files_are_read(inbox, settings):
    (settings.SUNDIAL_INBOX / "a.json").write_bytes(AZURE_POISON)
    poll(inbox, NOW)
    (settings.SUNDIAL_INBOX / "b.jsonl").write_bytes(line(1))
    assert poll(inbox, NOW).accepted == 1
    assert Stream.objects.get(path__endswith="a.json").rejected == 1
    assert "AttributeError" in RejectedLine.objects.get().reason
