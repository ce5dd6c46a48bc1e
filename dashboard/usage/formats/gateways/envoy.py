"""Envoy AI Gateway's JSON access log, with the keys that its documentation recommends.

The operator defines the log, so a caller is known only where a header was added (`x-app-id`). The
provider is the name of a backend; it tells the platform if it is named like one.
"""

from typing import Any

import msgspec

from dashboard.core.providers import platform_of_backend
from dashboard.usage.formats.access_logs.paths import called_by_path as called_at
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.model_gone import GONE_STATUS
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, checked_count, clean, epoch_seconds

__all__ = ["EnvoyAIGateway"]

Count = float | int | str | None


class EnvoyLine(
    msgspec.Struct,
    gc=False,
    rename={
        "requested_model": "gen_ai.request.model",
        "override": "gen_ai.request.model_override",
        "response_model": "gen_ai.response.model",
        "provider": "gen_ai.provider.name",
        "input_tokens": "gen_ai.usage.input_tokens",
        "output_tokens": "gen_ai.usage.output_tokens",
        "request_id": "x-request-id",
        "app": "x-app-id",
        "team": "x-team-id",
        "agent": "user-agent",
        "path": "x-envoy-origin-path",
    },
):
    start_time: str | float | int
    requested_model: str | None
    override: str | None = None
    response_model: str | None = None
    provider: str | None = None
    input_tokens: Count = None
    output_tokens: Count = None
    request_id: str | None = None
    response_code: int | str | None = None
    app: str | None = None
    team: str | None = None
    agent: str | None = None
    path: str | None = None


class EnvoyAIGateway(DocumentFormat):
    name = "envoy-ai-gateway"
    parse = staticmethod(msgspec.json.Decoder(EnvoyLine).decode)

    def extract(self, record: EnvoyLine) -> CallRow | None:
        requested_model = record.override or record.requested_model
        if not requested_model or requested_model == "-":
            return None  # tools and lists of models
        status = _status(record.response_code)
        return (
            epoch_seconds(record.start_time),
            (
                record.app,
                record.team,
                record.agent,
                record.provider,
                requested_model,
                record.response_model,
                record.path,
            ),
            # A client may send the same id again.
            f"{record.request_id} {record.start_time}" if record.request_id else None,
            1,
            int(status >= 400 or status == 0),
            int(status in GONE_STATUS),
            checked_count(_count(record.input_tokens), "gen_ai.usage.input_tokens"),
            checked_count(_count(record.output_tokens), "gen_ai.usage.output_tokens"),
            None,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        app, team, agent, provider, requested_model, response_model, path = key
        application, group = clean(app, 200), clean(team, 200)
        caller = Caller(
            application or group or UNKNOWN, team=group, service=application, user_agent=clean(agent, 200)
        )
        # namespace/backend/route/name/rule/n/ref/m
        platform = platform_of_backend((provider or "").split("/")[1] if (provider or "").count("/") else provider)
        at = called_at(path or "", "")
        model = response_model if platform == "azure-openai" and response_model else requested_model
        return caller, Called(platform, clean(model, 300), at.endpoint if at else "")

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "Envoy AI Gateway's access log" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "gen_ai.request.model" in line and "start_time" in line and "response_code" in line


def _status(code: int | str | None) -> int:
    try:
        return int(code or 0)
    except ValueError:
        raise ValueError("response_code is not a number") from None


def _count(count: Count) -> Count:
    """Envoy writes `-` for what it does not know when values are text."""
    return None if count == "-" else count
