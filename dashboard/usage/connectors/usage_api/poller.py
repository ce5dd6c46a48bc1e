"""Polls usage APIs: OpenAI's organization usage and Anthropic's usage report, in UTC days.

A provider's numbers of a day grow for a while, so the last three days are read again with every poll and
replaced. The admin key is read from the environment, is sent to the provider only, and is in no message.
"""

from datetime import datetime
from itertools import chain

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.base import ConnectorError, PollResult
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.sync_window import WindowCheckpointer, history_start
from dashboard.usage.connectors.usage_api.client import UsageApiClient
from dashboard.usage.connectors.usage_api.providers import CHUNK_DAYS, Provider, connect, parse_config
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import Batch, last_hour

__all__ = ["poll_endpoints"]

OPEN_DAYS = 3  # days whose numbers may still grow
CHUNKS = 12  # per poll and endpoint: a longer back-fill continues with the next poll


def poll_endpoints(source: Source, now: datetime) -> PollResult:
    """Read the days that are missing, and the open days again.

    Each chunk of days commits with its checkpoint: a poll that fails or is killed keeps all chunks before it.
    """
    counts = Counts()
    problem = ""
    try:
        provider, _base, endpoints = parse_config(source.config)
        client = connect(source.config)
        for endpoint in endpoints:
            checkpointer = WindowCheckpointer(source, endpoint, now)
            result = _poll_endpoint(checkpointer, provider, client, endpoint, now)
            counts, problem = counts + result.counts, problem or result.problem
    except (ConnectorError, SecretError) as error:
        return PollResult(counts, str(error))
    return PollResult(counts, problem)


def _poll_endpoint(
    checkpointer: WindowCheckpointer, provider: Provider, client: UsageApiClient, endpoint: str, now: datetime
) -> PollResult:
    counts, problem = Counts(), ""
    today = int(now.timestamp()) // DAY * DAY
    first = history_start(checkpointer.source.config, now)
    recent = checkpointer.recent(first, today, OPEN_DAYS * DAY, CHUNK_DAYS * DAY, CHUNKS)
    for begin, end in chain(recent, checkpointer.history(first, CHUNK_DAYS * DAY, CHUNKS)):
        end = min(end, today + DAY)
        batch = Batch(last_hour(now))
        path = provider.path.format(endpoint=endpoint)
        for body in client.pages(path, provider.query(begin, end)):
            FORMATS[provider.format].decode_document(body, batch, 1, 0)  # type: ignore[attr-defined]
        span = begin, min(end, today)
        counts += checkpointer.commit_span(batch.buckets.values(), span, batch.accepted, batch.rejected)
        if batch.rejects:
            problem = f"{batch.rejected} results of {endpoint} were not understood: {batch.rejects[0].reason}"
    return PollResult(counts, problem or checkpointer.dimensions.overflow)
