"""Amazon Bedrock's list of models, asked for in an AWS account: ListFoundationModels of one region.

Credentials are found as every AWS tool finds them (environment, shared files, the role of the machine);
Sundial keeps none. The permission needed is `bedrock:ListFoundationModels`.
"""

from urllib.parse import urlsplit

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dashboard.catalog.feeds.base import FeedError
from dashboard.catalog.feeds.download import Copy, Limits

__all__ = ["list_models"]


def list_models(location: str, limits: Limits) -> Copy:
    """The answer as a saved copy has it; `location` is `aws://REGION`, or `aws:` for the usual region.

    Raises FeedError for want of credentials, region or permission, and when AWS does not answer.
    """
    config = Config(
        connect_timeout=limits.connect,
        read_timeout=limits.read,
        retries={"total_max_attempts": limits.tries, "mode": "standard"},
        user_agent_extra="sundial",
    )
    try:
        session = boto3.session.Session(region_name=urlsplit(location).netloc or None)
        client = session.client("bedrock", config=config)
        try:
            models = client.list_foundation_models().get("modelSummaries", [])
        finally:
            client.close()
    except (BotoCoreError, ClientError, ValueError) as problem:
        raise FeedError("aws", reason=str(problem)) from None
    return Copy(orjson.dumps({"modelSummaries": models}))
