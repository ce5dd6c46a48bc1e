"""What both logs of Amazon Bedrock share: whose call it is by IAM, the path behind an operation, errors."""

from functools import lru_cache

__all__ = ["ENDPOINTS", "GONE_ERRORS", "principal"]

ENDPOINTS = {
    "InvokeModel": "/model/*/invoke",
    "InvokeModelWithResponseStream": "/model/*/invoke-with-response-stream",
    "InvokeModelWithBidirectionalStream": "/model/*/invoke-with-bidirectional-stream",
    "Converse": "/model/*/converse",
    "ConverseStream": "/model/*/converse-stream",
    "StartAsyncInvoke": "/async-invoke",
    "CreateModelInvocationJob": "/model-invocation-job",
}
# What Bedrock answers for a model version that has reached its end of life.
GONE_ERRORS = frozenset({"ResourceNotFoundException", "ResourceNotFound"})


@lru_cache(maxsize=10_000)
def principal(arn: str) -> str:
    """The role or user of an IAM ARN. A role's session name is left out: it differs from call to call."""
    resource = arn.split(":", 5)[-1]
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        return rest.partition("/")[0]
    return rest.rpartition("/")[2] or resource
