"""What a request's path says about the model that is called. Bodies are not logged, so often it says nothing.

`POST /v1/chat/completions` proves that an application talks to a host, not to which model;
`POST /v1/edits` alone proves a call to a retired endpoint.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

from dashboard.core.providers import platform_of_host
from dashboard.usage.records import Called, clean

__all__ = ["called_by_path"]

# Shapes that only one platform has, with the model (or deployment) in the path.
SHAPES = [
    (
        re.compile(r"/v1/engines/(?P<model>[^/]+)/(?P<act>completions|embeddings|edits|search)"),
        "openai",
        "/v1/engines/*/{act}",
    ),
    (
        re.compile(r"/openai/deployments/(?P<model>[^/]+)/(?P<act>[a-z/_-]+)"),
        "azure-openai",
        "/openai/deployments/*/{act}",
    ),
    (re.compile(r"/openai/v1/(?P<act>[a-z/_-]+)"), "azure-openai", "/openai/v1/{act}"),
    (
        re.compile(
            r"/v1(?:beta\d?)?/projects/[^/]+/locations/[^/]+/publishers/[^/]+/models/(?P<model>[^/:]+)"
            r":(?P<act>\w+)"
        ),
        "vertex-ai",
        "/models/*:{act}",
    ),
    (re.compile(r"/v1(?:beta\d?|alpha)?/models/(?P<model>[^/:]+):(?P<act>\w+)"), "gemini-api", "/models/*:{act}"),
    (
        re.compile(r"/model/(?P<model>.+)/(?P<act>(?:invoke|converse)(?:-stream|-with-response-stream)?)"),
        "aws-bedrock",
        "/model/*/{act}",
    ),
    (re.compile(r"/v1/(?P<act>messages|complete)"), "anthropic", "/v1/{act}"),
]
# The same path on every server that speaks OpenAI's dialect: the host or the operator must say which.
DIALECT = re.compile(
    r"/v1/(?:chat/completions|completions|edits|embeddings|responses|moderations"
    r"|images/(?:generations|edits|variations)|audio/(?:transcriptions|translations|speech)"
    r"|fine-tunes|fine_tuning/jobs|answers|classifications|search|rerank|realtime"
    r"|assistants|threads|videos|batches)(?=/|$)"
)
# No inference: counting, and reading or preparing what is stored.
NO_CALL = re.compile(r"countTokens|count_tokens|batches|files")


@lru_cache(maxsize=10_000)
def called_by_path(uri: str, host: str) -> Called | None:
    """What a POST to `uri` (query allowed, percent-encoded as logged) calls; None when it is no model call.

    The platform is "" when neither path nor host names one.
    """
    path = re.sub(r"^https?://[^/]+", "", uri.partition("?")[0].partition("#")[0]).rstrip("/")
    path = re.sub(r"/{2,}", "/", path)
    for shape, platform, endpoint in SHAPES:
        found = shape.fullmatch(path)
        if found:
            parts = found.groupdict()
            if NO_CALL.search(parts["act"]):
                return None
            model = clean(unquote(parts.get("model") or "", errors="replace"), 300)
            return Called(platform, model, clean(endpoint.format(act=parts["act"]), 100))
    found = DIALECT.match(path)
    if not found or NO_CALL.search(path):
        return None
    return Called(platform_of_host(host), "", found.group())
