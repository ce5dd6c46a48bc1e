"""nginx's combined access log: a line per request, a file per week as logrotate leaves them.

The path of the old `/v1/engines/...` calls contains the model; for `/v1/edits` and `/v1/chat/completions` it is
in the body, which an access log does not have.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from dashboard.demo.expected_totals import CallTotals, ExpectedTotals
from dashboard.demo.scenario import LAST_DAY, CallStream, DemoApplication
from dashboard.demo.traffic import HourlyCalls
from dashboard.demo.writers.calls import Call, generate_calls

__all__ = ["NginxLog", "user_agent"]

PATHS = {
    "completions": "/v1/engines/{}/completions",
    "embeddings": "/v1/engines/{}/embeddings",
    "edits-by-engine": "/v1/engines/{}/edits",
    "edits": "/v1/edits",
    "chat": "/v1/chat/completions",
}
PROBE = '10.42.0.1 - - [{}] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.27"'


class NginxLog:
    """Writes `folder/access.log-YYYYMMDD`, named for the Sunday that ends the week, and `access.log`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(
        self,
        on: date,
        traffic: Iterable[tuple[DemoApplication, CallStream, list[HourlyCalls]]],
        totals: ExpectedTotals,
    ) -> None:
        lines: list[tuple[int, str]] = []
        is_running = False
        for application, stream, hours in traffic:
            is_running |= on <= application.last_logged_on
            name = stream.model if "{}" in PATHS[stream.api] else ""
            for hour in hours:
                totals.add(on, application.key, name, CallTotals(hour.calls, hour.failed + hour.gone, hour.gone))
            for call in generate_calls(application, stream, on, hours):
                second = int(call.at) % 86400
                lines.append((second, _line(application, stream, on, second, call)))
        if not is_running:
            return  # the machine is off, so nothing probes it either
        lines.extend((hour * 3600 + 1, PROBE.format(_stamp(on, hour * 3600 + 1))) for hour in range(24))
        lines.sort()
        with self._file(on).open("a", encoding="ascii", newline="\n") as log:
            log.writelines(f"{line}\n" for _, line in lines)

    def _file(self, on: date) -> Path:
        sunday = on + timedelta(days=6 - on.weekday())
        return self.folder / ("access.log" if sunday > LAST_DAY else f"access.log-{sunday:%Y%m%d}")


def user_agent(application: DemoApplication) -> str:
    """What a service calls itself: the client library, or its own name where it signs in with none."""
    if application.gateway == "partner":
        return f"Acme-{application.key}/4.2"
    return "OpenAI/v1 PythonBindings/0.27.8"


def _line(application: DemoApplication, stream: CallStream, on: date, second: int, call: Call) -> str:
    pod = f"10.42.{sum(application.key.encode()) % 200}.{2 + second % 3}"
    user = "-" if application.gateway == "partner" else application.key
    status = {"ok": 200, "failed": 502 if second % 3 else 429, "gone": 404}[call.outcome]
    answer = 32_700 + second % 90 if stream.api == "embeddings" else 180 + call.output_tokens * 4
    size = answer if status == 200 else 262
    path = PATHS[stream.api].format(stream.model)
    request = f'[{_stamp(on, second)}] "POST {path} HTTP/1.1" {status} {size}'
    return f'{pod} - {user} {request} "-" "{user_agent(application)}"'


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _stamp(on: date, second: int) -> str:
    """Like `28/Dec/2023:09:00:00 +0000`, whatever the locale."""
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{on.day:02}/{MONTHS[on.month - 1]}/{on.year}:{clock} +0000"
