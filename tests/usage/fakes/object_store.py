"""A server that speaks S3, a bucket in it, and what LiteLLM writes there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from dashboard.usage.models import Source
from tests.usage.conftest import make_source

__all__ = ["Store", "litellm", "running"]


@contextmanager
def running() -> Iterator[str]:
    """The address of a server of our own."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


class Store:
    """A bucket, and what asks of it reached the server."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.name = address, name
        self.client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="reader",
            aws_secret_access_key="hunter2",
            config=Config(s3={"addressing_style": "path"}),
        )
        self.client.create_bucket(Bucket=name)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def source(self, format_name: str = "litellm-standard-logging", slug: str = "bucket", **config) -> Source:
        given = {
            "bucket": self.name,
            "endpoint_url": self.address,
            "access_key": "env:S3_KEY",
            "secret_key": "env:S3_SECRET",
            "since": "2024-01-01",
        } | config
        return make_source(slug, kind="s3", format=format_name, config=given)


def litellm(number: int, day: int = 4, hour: int = 9, **fields) -> bytes:
    """One call as LiteLLM's S3 logger writes it: an object without a last newline."""
    record = {
        "id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "startTime": datetime(2024, 1, day, hour, 5, tzinfo=UTC).timestamp(),
        "model": "gpt-4",
        "custom_llm_provider": "openai",
        "prompt_tokens": 10,
        "response_cost": 0.5,
        "status": "success",
        "metadata": {"user_api_key_team_alias": "search"},
    }
    return json.dumps(record | fields).encode()
