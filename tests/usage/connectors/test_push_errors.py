"""Whether a delivery may be sent again depends on what kind of error it was, not on how the error is worded."""

from pathlib import Path

import pytest

from dashboard.usage.connectors.push import upload
from dashboard.usage.ingest.errors import InputBusyError, InputError, UnreadableContentError
from tests.usage.conftest import NOW, make_source

pytestmark = pytest.mark.django_db

BODY = Path("/tmp/body")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputBusyError(BODY, "is being read elsewhere"), upload.TryAgainError),
        (InputError(BODY, "has a line that says: try again"), upload.PushError),
        (UnreadableContentError(BODY, "is cut off, try again"), upload.PushError),
    ],
)
def test_only_a_conflict_may_be_sent_again(monkeypatch, error, expected):
    def fail(*_args):
        raise error

    monkeypatch.setattr(upload.Session, "import_file", fail)
    with pytest.raises(upload.PushError) as refused:
        upload.import_upload(make_source(kind="push"), BODY, "auto", "sent by ci", NOW)
    assert type(refused.value) is expected
    assert str(refused.value) == f"The body {error.reason}"
