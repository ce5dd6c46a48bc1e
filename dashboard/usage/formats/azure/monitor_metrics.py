"""Answers of Azure Monitor's metrics API for an Azure OpenAI resource: requests and tokens per deployment.

`ModelRequests` tells calls, with a status code; `InputTokens` and `OutputTokens` tell tokens. The older
family (`AzureOpenAIRequests`, `ProcessedPromptTokens`, `GeneratedTokens`) counts the same calls again, so it
is read only from an answer that has none of the newer one. The resource is all it knows of who calls.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.usage.buckets import DAY, HOUR, MINUTE, digest, instant
from dashboard.usage.formats.aggregated import Aggregated, count, text
from dashboard.usage.formats.base import Sample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["AzureMonitorMetrics"]

CALLS, TAKEN, GIVEN = "calls", "input", "output"
NEWER = {"modelrequests": CALLS, "inputtokens": TAKEN, "outputtokens": GIVEN}
OLDER = {"azureopenairequests": CALLS, "processedprompttokens": TAKEN, "generatedtokens": GIVEN}
GONE = {"404", "410"}
INTERVALS = {
    "PT1M": MINUTE,
    "PT5M": 5 * MINUTE,
    "PT15M": 15 * MINUTE,
    "PT30M": 30 * MINUTE,
    "PT1H": HOUR,
    "PT6H": 6 * HOUR,
    "PT12H": 12 * HOUR,
    "P1D": DAY,
}

_account = re.compile(r"/accounts/([^/]+)/", re.IGNORECASE)


class Point(NamedTuple):
    account: str
    what: str
    dimensions: Mapping[str, str]
    point: Mapping[str, Any]
    seconds: int


class AzureMonitorMetrics(Aggregated):
    name = "azure-monitor-metrics"
    under = ()  # an answer is taken whole: its interval belongs to every metric in it

    def parts(self, element: Mapping[str, Any]) -> Iterator[Point]:
        metrics = [each for each in _list(element, "value") if isinstance(each, dict)]
        names = {_name(metric) for metric in metrics}
        family = NEWER if names & NEWER.keys() else OLDER
        seconds = _seconds(text(element.get("interval")))
        for metric in metrics:
            what = family.get(_name(metric))
            if what is None:
                continue
            account = _account.search(text(metric.get("id")))
            for series in _list(metric, "timeseries"):
                dimensions = {_name(each): text(each.get("value")) for each in _list(series, "metadatavalues")}
                for point in _list(series, "data"):
                    yield Point(account[1].lower() if account else "", what, dimensions, point, seconds)

    def reading(self, record: Point) -> BucketValue | None:
        number = count(record.point.get("total"), "total")
        if number is None:
            return None
        told = record.dimensions
        deployment, model = told.get("modeldeploymentname", ""), told.get("modelname", "")
        version, status = told.get("modelversion", ""), told.get("statuscode", "")
        if not (deployment or model):
            raise ValueError("a series without a model: split the metric by ModelDeploymentName")
        failed = number if status[:1] in {"4", "5"} else 0
        is_calls = record.what == CALLS
        return BucketValue(
            digest(record.account, record.what, *(f"{name}={told[name]}" for name in sorted(told))),
            instant(record.point.get("timeStamp")),
            record.seconds,
            Caller(
                clean(record.account, 200) or "(resource)",
                tags=f"deployment:{clean(deployment, 100)}" if deployment else "",
            ),
            Called("azure-openai", clean(_model(deployment, model, version), 300)),
            (
                number if is_calls else None,
                failed if is_calls and status else None,
                (number if status in GONE else 0) if is_calls and status else None,
                number if record.what == TAKEN else None,
                number if record.what == GIVEN else None,
                None,
            ),
        )

    def recognise(self, sample: Sample) -> str:
        seen = b"".join(sample.lines)
        ours = b'"timespan"' in seen and b'"interval"' in seen and b'"value"' in seen
        return 'an answer of Azure Monitor with "timespan" and "interval"' if ours else ""


def _model(deployment: str, model: str, version: str) -> str:
    if not model:
        return deployment
    return f"{model}@{version}" if version else model


def _name(told: Mapping[str, Any]) -> str:
    name = told.get("name")
    return text(name.get("value") if isinstance(name, dict) else name).lower()


def _list(told: Any, key: str) -> list[Any]:
    found = told.get(key) if isinstance(told, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"no {key}")  # noqa: TRY004  what is wrong is the record
    return found


def _seconds(interval: str) -> int:
    if interval not in INTERVALS:
        raise ValueError(f"the interval is none of {', '.join(INTERVALS)}")
    return INTERVALS[interval]
