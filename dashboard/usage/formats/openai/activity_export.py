"""The CSV that OpenAI's dashboard exports of activity, sums per UTC day.

Its columns are documented nowhere, and tools that read it disagree. So each field is looked for under the
names that were seen; where yours differ, use the format `csv` and name the columns in the source.
"""

from collections.abc import Mapping

from dashboard.usage.buckets import DAY, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, csv_header, parse_count
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["OpenAIActivityExport"]

TIME = ("timestamp", "usage_date", "start_time", "start_time_iso", "date")
MODEL = ("model", "snapshot_id")
PROJECT = ("project_id", "project", "project_name")
KEY = ("api_key_name", "api_key_id")
CALLS = ("n_requests", "num_model_requests")
INPUT_TOKENS = ("n_context_tokens_total", "input_tokens")
OUTPUT_TOKENS = ("n_generated_tokens_total", "output_tokens")
ENDPOINTS = {"embeddings": "/v1/embeddings"}


class OpenAIActivityExport(AggregatedFormat):
    name = "openai-activity-export"
    tabular = True

    def bucket_value(self, record: Mapping[str, str]) -> BucketValue | None:
        model, calls = _first(record, MODEL), parse_count(_first(record, CALLS), "the number of requests")
        if not model and not calls:
            return None
        user = cell_text(record.get("user"))
        dimensions = ("usage_type", "user", "user_id", "batch", *MODEL, *PROJECT, *KEY)
        return BucketValue(
            key_digest(*(record.get(name) for name in dimensions)),
            parse_instant(_first(record, TIME)) // DAY * DAY,
            DAY,
            Caller(
                clean(_first(record, PROJECT), 200) or "(none)",
                key_alias=clean(_first(record, KEY), 200),
                tags=f"user:{clean(user, 100)}" if user else "",
            ),
            Called("openai", clean(model, 300), ENDPOINTS.get(cell_text(record.get("usage_type")), "")),
            (
                calls,
                None,
                None,
                parse_count(_first(record, INPUT_TOKENS), "input tokens"),
                parse_count(_first(record, OUTPUT_TOKENS), "output tokens"),
                None,
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        columns = csv_header(sample)
        found = columns & set(CALLS) and columns & set(MODEL) and columns & set(TIME)
        return "a CSV with the columns of OpenAI's activity export" if found else ""


def _first(record: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := cell_text(record.get(name)))), "")
