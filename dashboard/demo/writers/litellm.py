"""LiteLLM's standard logging payload: one JSON line per call, one gzip file per day.

The gateway is upgraded in mid-November; from then on it writes model names with their provider's prefix.
A batch upload is retried on Black Friday, so some lines are delivered twice.
"""

import gzip
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from dashboard.demo.expected_totals import CallTotals, ExpectedTotals
from dashboard.demo.scenario import SUNSET_ON, CallStream, DemoApplication
from dashboard.demo.token_sizes import call_cost
from dashboard.demo.traffic import HourlyCalls
from dashboard.demo.writers.calls import Call, generate_calls, stable_id

__all__ = ["LiteLLMLog", "team_alias"]

PREFIXED_FROM = date(2023, 11, 13)
RETRIED_ON = date(2023, 11, 24)
RETRIED_LINES = slice(200, 260)
SELF_HOSTED = {"llama-2-13b-chat": ("hosted_vllm", "http://llama.lab.acme.example:8000/v1")}
CALL_TYPES = {"completions": "atext_completion", "chat": "acompletion", "embeddings": "aembedding"}
ROUTES = {"completions": "/v1/completions", "chat": "/v1/chat/completions", "embeddings": "/v1/embeddings"}


class LiteLLMLog:
    """Writes `folder/YYYY-MM-DD.jsonl.gz`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.templates: dict[tuple[str, str, str, str], str] = {}
        folder.mkdir(parents=True)

    def write(
        self,
        on: date,
        traffic: Iterable[tuple[DemoApplication, CallStream, list[HourlyCalls]]],
        totals: ExpectedTotals,
    ) -> None:
        lines: list[tuple[float, str]] = []
        for application, stream, hours in traffic:
            name = logged_name(stream, on)
            calls = list(generate_calls(application, stream, on, hours))
            lines.extend((call.at, self.line(application, stream, on, call)) for call in calls)
            if calls:
                totals.add(on, application.key, name, _totals(calls))
        lines.sort()
        text = [line for _, line in lines]
        _write_gzip(self.folder / f"{on}.jsonl.gz", text)
        if on == RETRIED_ON:
            _write_gzip(self.folder / f"{on}.retry.jsonl.gz", text[RETRIED_LINES])

    def line(self, application: DemoApplication, stream: CallStream, on: date, call: Call) -> str:
        served = stream.served_by if stream.served_by and on >= SUNSET_ON else stream.model
        key = (application.key, logged_name(stream, on), served, call.outcome)
        if key not in self.templates:
            self.templates[key] = _template(application, stream, key[1], served, call.outcome)
        took = 0.09 if call.outcome != "ok" else 0.25 + call.output_tokens * 0.018
        return self.templates[key] % {
            "id": stable_id(application.key, stream.model, call.at, call.serial),
            "start": call.at,
            "end": call.at + took,
            "took": took,
            "in": call.input_tokens,
            "out": call.output_tokens,
            "total": call.input_tokens + call.output_tokens,
            "cost": call_cost(served, call.input_tokens, call.output_tokens),
        }


def logged_name(stream: CallStream, on: date) -> str:
    """The model's name as the gateway writes it on a day."""
    provider, _ = SELF_HOSTED.get(stream.model, ("openai", ""))
    return f"{provider}/{stream.model}" if on >= PREFIXED_FROM or provider != "openai" else stream.model


def team_alias(team: str) -> str:
    """A team as the gateway knows it."""
    return team.lower().replace(" ", "-")


def _template(application: DemoApplication, stream: CallStream, name: str, served: str, outcome: str) -> str:
    """A line with `%(...)s` in the places that differ from call to call: a tenth of the work of a dump."""
    provider, base = SELF_HOSTED.get(stream.model, ("openai", "https://api.openai.com"))
    team = None if application.key_alias_only or application.internal else team_alias(application.team)
    alias = application.key if application.internal else f"{application.key}-prod"
    code, error_class, message = {
        "ok": ("", "", ""),
        "failed": ("429", "RateLimitError", "Rate limit reached for requests"),
        "gone": ("404", "NotFoundError", f"The model `{stream.model}` has been deprecated (model_not_found)"),
    }[outcome]
    payload: dict[str, object] = {
        "id": "<<s:id>>",
        "trace_id": "tr-<<s:id>>",
        "litellm_call_id": "lc-<<s:id>>",
        "call_type": CALL_TYPES[stream.api],
        "cache_hit": None,
        "status": "success" if outcome == "ok" else "failure",
        "custom_llm_provider": provider,
        "saved_cache_cost": 0.0,
        "startTime": "<<.3f:start>>",
        "endTime": "<<.3f:end>>",
        "completionStartTime": "<<.3f:end>>",
        "response_time": "<<.3f:took>>",
        "model": name,
        "metadata": {
            "user_api_key_hash": stable_id("key", application.key, size=32),
            "user_api_key_alias": alias,
            "user_api_key_team_id": stable_id("team", team, size=16) if team else None,
            "user_api_key_team_alias": team,
            "user_api_key_org_id": None,
            "user_api_key_user_id": None,
            "user_api_key_end_user_id": None,
            "user_api_key_request_route": ROUTES[stream.api],
        },
        "response_cost": "<<.9f:cost>>",
        "total_tokens": "<<d:total>>",
        "prompt_tokens": "<<d:in>>",
        "completion_tokens": "<<d:out>>",
        "request_tags": [],
        "end_user": None,
        "api_base": base,
        "model_group": application.key,
        "requester_ip_address": None,
        "messages": None,
        "response": {"id": "<<s:id>>", "model": served} if outcome == "ok" else None,
        "error_str": message or None,
        "error_information": {
            "error_code": code,
            "error_class": error_class,
            "llm_provider": provider if code else "",
            "error_message": message,
        },
    }
    text = json.dumps(payload).replace("%", "%%")
    for kind, place in (
        ("s", "id"),
        (".3f", "start"),
        (".3f", "end"),
        (".3f", "took"),
        (".9f", "cost"),
        ("d", "total"),
        ("d", "in"),
        ("d", "out"),
    ):
        mark = f"<<{kind}:{place}>>"
        text = text.replace(mark if kind == "s" else f'"{mark}"', f"%({place}){kind}")
    return text


def _totals(calls: list[Call]) -> CallTotals:
    return CallTotals(
        calls=len(calls),
        errors=sum(call.outcome != "ok" for call in calls),
        gone=sum(call.outcome == "gone" for call in calls),
        input_tokens=sum(call.input_tokens for call in calls),
        output_tokens=sum(call.output_tokens for call in calls),
    )


def _write_gzip(path: Path, lines: list[str]) -> None:
    """No file name and no time inside, so the same lines make the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 4, raw, mtime=0) as packed:
        packed.write("".join(f"{line}\n" for line in lines).encode())
