"""Log files to measure with: LiteLLM's standard logging, nginx's combined log, OTLP traces and CSV.

They are the same on every machine.

`python -m benchmarks.generate FILE --mb 300`. Lines come in the order of time, one application calls a few
models, 0.1 % of the lines are cut off, and every call has an id, as in a gateway's own file.
"""

import argparse
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["access_lines", "csv_lines", "lines", "otlp_lines", "write"]

START = 1_701_388_800  # 2023-12-01T00:00Z
PER_HOUR = 20_000
APPLICATIONS, MODELS = 400, 40
MALFORMED = 1000  # one line in so many


def lines(seed: int = 1) -> Iterator[bytes]:
    """LiteLLM-like lines without end, about 610 bytes each."""
    dice = random.Random(seed)
    callers = [
        (f"{dice.getrandbits(256):064x}", f"key-{n:04}", f"{dice.getrandbits(128):032x}", f"team-{n % 60:02}")
        for n in range(APPLICATIONS)
    ]
    models = [f"gpt-{n % 5}-{('turbo', 'mini', 'large', 'pro')[n % 4]}-{n:02}" for n in range(MODELS)]
    number = 0
    while True:
        number += 1
        who, what = _pair(dice)
        key, alias, team, name = callers[who]
        model = models[what]
        at = START + number * 3600 / PER_HOUR
        taken, given = dice.randint(20, 4000), dice.randint(1, 900)
        line = (
            f'{{"id": "chatcmpl-{dice.getrandbits(116):029x}", "call_type": "acompletion", "stream": false, '
            f'"response_cost": {taken * 1.5e-06 + given * 6e-06:.10f}, "status": "success", '
            f'"custom_llm_provider": "openai", "total_tokens": {taken + given}, "prompt_tokens": {taken}, '
            f'"completion_tokens": {given}, "startTime": {at:.6f}, "endTime": {at + 1.75:.6f}, '
            f'"model": "{model}", "metadata": {{"user_api_key_hash": "{key}", "user_api_key_alias": "{alias}", '
            f'"user_api_key_team_id": "{team}", "user_api_key_team_alias": "{name}", '
            f'"requester_ip_address": null}}, '
            f'"request_tags": ["env:production"], "user_agent": "OpenAI/Python 1.3.7", "cache_hit": null}}\n'
        )
        yield line[: len(line) // 2].encode() + b"\n" if number % MALFORMED == 0 else line.encode()


def access_lines(seed: int = 2) -> Iterator[bytes]:
    """nginx's combined log without end, calls of a deployment in the path."""
    dice = random.Random(seed)
    number = 0
    while True:
        number += 1
        second = number * 3600 // PER_HOUR
        day, hour = 1 + second // 86400 % 30, second // 3600 % 24
        at = f"{day:02}/Nov/2023:{hour:02}:{second // 60 % 60:02}:{second % 60:02}"
        who, model = _pair(dice)
        status = 404 if dice.random() < 0.01 else 200
        yield (
            f"10.0.{who // 250}.{who % 250} - app-{who:03} [{at} +0000] "
            f'"POST /openai/deployments/model-{model:02}/chat/completions?api-version=2023-05-15 HTTP/1.1" '
            f'{status} {dice.randint(200, 9000)} "-" "OpenAI/Python 1.3.7"\n'
        ).encode()


def csv_lines(seed: int = 3) -> Iterator[bytes]:
    """One call per row without end, after a header."""
    dice = random.Random(seed)
    yield b"ts,application,platform,model,input_tokens,output_tokens,cost,id\n"
    number = 0
    while True:
        number += 1
        who, model = _pair(dice)
        at = datetime.fromtimestamp(START + number * 3600 // PER_HOUR, UTC).isoformat()
        taken, given = dice.randint(20, 4000), dice.randint(1, 900)
        name = f"gpt-{model:02}"
        yield f"{at},app-{who:03},openai,{name},{taken},{given},{taken * 1.5e-06:.7f},c-{number}\n".encode()


def otlp_lines(seed: int = 4) -> Iterator[bytes]:
    """Export requests without end, each with twenty chat spans of one service."""
    dice = random.Random(seed)
    number = 0
    while True:
        who, spans = _who(dice), []
        for _ in range(20):
            number += 1
            model = _model(dice, who)
            told = {
                "gen_ai.operation.name": {"stringValue": "chat"},
                "gen_ai.provider.name": {"stringValue": "openai"},
                "gen_ai.request.model": {"stringValue": f"gpt-{model:02}"},
                "server.address": {"stringValue": "api.openai.com"},
                "gen_ai.usage.input_tokens": {"intValue": str(dice.randint(20, 4000))},
                "gen_ai.usage.output_tokens": {"intValue": str(dice.randint(1, 900))},
            }
            start = (START * 1000 + number * 3_600_000 // PER_HOUR) * 1_000_000
            spans.append(
                {
                    "traceId": f"{dice.getrandbits(128):032x}",
                    "spanId": f"{dice.getrandbits(64):016x}",
                    "name": "chat",
                    "kind": 3,
                    "startTimeUnixNano": str(start),
                    "endTimeUnixNano": str(start + 1_500_000_000),
                    "attributes": [{"key": key, "value": value} for key, value in told.items()],
                    "status": {},
                }
            )
        service = {"key": "service.name", "value": {"stringValue": f"app-{who:03}"}}
        request = {"resource": {"attributes": [service]}, "scopeSpans": [{"scope": {}, "spans": spans}]}
        yield json.dumps({"resourceSpans": [request]}).encode() + b"\n"


def _pair(dice: random.Random) -> tuple[int, int]:
    """An application and the model that it calls: few make most of the calls, and each calls a few models."""
    who = _who(dice)
    return who, _model(dice, who)


def _who(dice: random.Random) -> int:
    return min(int(dice.expovariate(5 / APPLICATIONS)), APPLICATIONS - 1)


def _model(dice: random.Random, who: int) -> int:
    return (who * 7 + min(int(dice.expovariate(1.2)), 3)) % MODELS


def write(path: Path, megabytes: int, source: Iterator[bytes]) -> None:
    """Lines until the file holds so many megabytes (10^6 bytes)."""
    room = megabytes * 1_000_000
    with path.open("wb", buffering=1 << 20) as file:
        while room > 0:
            line = next(source)
            file.write(line)
            room -= len(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--access-log", action="store_true")
    options = parser.parse_args()
    write(options.file, options.mb, access_lines() if options.access_log else lines())


if __name__ == "__main__":
    main()
