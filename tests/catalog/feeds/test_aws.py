"""Bedrock's list, asked for by the AWS client itself: against a server on this host, signed for nobody."""

from pathlib import Path

import pytest

from dashboard.catalog.feeds import sync as feeds_sync
from dashboard.catalog.feeds.base import FeedError
from dashboard.catalog.feeds.registry import parse_feed_setting
from dashboard.catalog.models import Entry
from tests.catalog.feeds.server import QUICK, Server, say, serving
from tests.factories import NOW, make_entry

pytestmark = pytest.mark.django_db

GOLDEN = Path(__file__).parents[2] / "golden" / "feeds" / "bedrock.json"


@pytest.fixture
def aws(monkeypatch):
    """An AWS that answers as the test says, and an account to ask it with."""
    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url.rpartition("/")[0])
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        yield server


@pytest.fixture(autouse=True)
def _bedrock(settings, monkeypatch, tmp_path):
    settings.SUNDIAL_TODAY = NOW.date()
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    make_entry("aws-bedrock/other")


def sync(location: str = "aws://us-east-1") -> feeds_sync.SyncResult:
    return feeds_sync.sync_feed("bedrock", location, now=NOW, limits=QUICK)


def test_the_answer_means_what_a_saved_copy_means(aws: Server):
    aws.answer = lambda handler: say(handler, 200, GOLDEN.read_bytes(), Content_Type="application/json")
    live = sync()
    assert (live.problem, live.applied) == ("", 3)
    assert Entry.objects.filter(name="acme.sample-v1:0").exists()
    assert "/us-east-1/bedrock/aws4_request" in aws.requests[0]["Authorization"]
    copy = feeds_sync.sync_feed("bedrock", str(GOLDEN), now=NOW)
    assert (copy.applied, copy.proposed, copy.unchanged) == (0, 0, 3)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, b'{"message": "not authorized to perform bedrock:ListFoundationModels"}', "not authorized"),
        (500, b"{}", "500"),
        (200, b'{"modelSummaries": []}', "holds no models"),
    ],
)
def test_what_aws_refuses_is_a_problem_and_changes_nothing(aws: Server, status, body, told):
    aws.answer = lambda handler: say(handler, status, body)
    assert told in sync().problem
    assert Entry.objects.count() == 1


def test_a_silent_aws_is_given_up(aws: Server):
    aws.answer = lambda handler: aws.stop.wait(10)
    assert "Read timeout" in sync().problem


def test_without_an_account_it_says_so(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert "Unable to locate credentials" in sync().problem


def test_only_bedrock_is_read_from_aws():
    assert parse_feed_setting(["bedrock", "bedrock=aws://eu-west-1"]) == {"bedrock": "aws://eu-west-1"}
    assert parse_feed_setting(["bedrock"]) == {"bedrock": "aws:"}
    with pytest.raises(FeedError, match="https address"):
        parse_feed_setting(["litellm=aws://eu-west-1"])
