"""Answers of Azure Monitor's metrics API for an Azure OpenAI resource: requests and tokens per deployment.

`ModelRequests` tells calls, with a status code; `InputTokens` and `OutputTokens` tell tokens. The older
family (`AzureOpenAIRequests`, `ProcessedPromptTokens`, `GeneratedTokens`) counts the same calls again, so it
is read only from an answer that has none of the newer one. The resource is all it knows of who calls.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.usage.buckets import DAY, HOUR, MINUTE, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, parse_count
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["AzureMonitorMetrics"]

CALLS, INPUT_TOKENS, OUTPUT_TOKENS = "calls", "input", "output"
NEWER = {"modelrequests": CALLS, "inputtokens": INPUT_TOKENS, "outputtokens": OUTPUT_TOKENS}
OLDER = {"azureopenairequests": CALLS, "processedprompttokens": INPUT_TOKENS, "generatedtokens": OUTPUT_TOKENS}
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


class AzurePoint(NamedTuple):
    account: str
    what: str
    dimensions: Mapping[str, str]
    point: Mapping[str, Any]
    seconds: int


class AzureMonitorMetrics(AggregatedFormat):
    name = "azure-monitor-metrics"
    under = ()  # an answer is taken whole: its interval belongs to every metric in it

    def parts(self, element: Mapping[str, Any]) -> Iterator[AzurePoint]:
        metrics = [each for each in _list(element, "value") if isinstance(each, dict)]
        names = {_name(metric) for metric in metrics}
        family = NEWER if names & NEWER.keys() else OLDER
        seconds = _seconds(cell_text(element.get("interval")))
        for metric in metrics:
            what = family.get(_name(metric))
            if what is None:
                continue
            account = _account.search(cell_text(metric.get("id")))
            for series in _list(metric, "timeseries"):
                dimensions = {
                    _name(each): cell_text(each.get("value")) for each in _list(series, "metadatavalues")
                }
                for point in _list(series, "data"):
                    yield AzurePoint(account[1].lower() if account else "", what, dimensions, point, seconds)

    def bucket_value(self, record: AzurePoint) -> BucketValue | None:
        number = parse_count(record.point.get("total"), "total")
        if number is None:
            return None
        dimensions = record.dimensions
        deployment, model = dimensions.get("modeldeploymentname", ""), dimensions.get("modelname", "")
        version, status = dimensions.get("modelversion", ""), dimensions.get("statuscode", "")
        if not (deployment or model):
            raise ValueError("a series without a model: split the metric by ModelDeploymentName")
        failed = number if status[:1] in {"4", "5"} else 0
        is_calls = record.what == CALLS
        return BucketValue(
            key_digest(
                record.account, record.what, *(f"{name}={dimensions[name]}" for name in sorted(dimensions))
            ),
            parse_instant(record.point.get("timeStamp")),
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
                number if record.what == INPUT_TOKENS else None,
                number if record.what == OUTPUT_TOKENS else None,
                None,
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        joined = b"".join(sample.lines)
        ours = b'"timespan"' in joined and b'"interval"' in joined and b'"value"' in joined
        return 'an answer of Azure Monitor with "timespan" and "interval"' if ours else ""


def _model(deployment: str, model: str, version: str) -> str:
    if not model:
        return deployment
    return f"{model}@{version}" if version else model


def _name(item: Mapping[str, Any]) -> str:
    name = item.get("name")
    return cell_text(name.get("value") if isinstance(name, dict) else name).lower()


def _list(item: Any, key: str) -> list[Any]:
    found = item.get(key) if isinstance(item, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"no {key}")  # noqa: TRY004  what is wrong is the record
    return found


def _seconds(interval: str) -> int:
    if interval not in INTERVALS:
        raise ValueError(f"the interval is none of {', '.join(INTERVALS)}")
    return INTERVALS[interval]
