"""The fast path for OTLP traces in JSON: spans whose attributes come in a known order.

Programs write a few kinds of spans, each with the same attributes in the same order. Where the model, the
tokens and the rest stand is worked out once for each order (`Layout`); a span that is not as its layout expects
is read by the rules of `spans`, and a line with an error or with calls inside of calls takes the slow path.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import count
from typing import Any, NamedTuple

import msgspec
from xxhash import xxh3_64_digest

from dashboard.usage.formats.fast_path import NEEDS_SLOW_PATH, NO_CALL, FastPath, SlowPathLine
from dashboard.usage.formats.otlp import spans as otlp_spans
from dashboard.usage.formats.otlp.json import FAILED, AnyValue, Request, SpanLine, attributes, plain
from dashboard.usage.records import FIRST_HOUR, MAX_COST, MAX_COUNT, Group

__all__ = ["SpanFastPath"]

LAYOUTS = 2_000  # kept for each run; a program that makes up attributes has one for each span
ANCESTORS = 64  # looked at above a call
NOTHING = AnyValue(stringValue="")
NOWHERE = -1  # where NOTHING stands, behind a span's values

_request = msgspec.json.Decoder(Request[SpanLine]).decode


class Layout(NamedTuple):
    """Where spans with certain attributes hold what is looked at, NOWHERE what they lack."""

    number: int
    host: int
    provider: int
    requested_model: int
    response_model: int
    operation: int
    kind: int
    answer_id: int
    input_tokens: int
    output_tokens: int
    cost: int
    status: int


# What a call adds, a plain tuple because millions are made: its group, the digests of its hour, its time, id,
# input and output tokens, cost, whether it failed, whether what it called was gone.
Addition = tuple[Group, list[bytes], int, str | None, int | None, int | None, int | None, int, int]


class NeedsSlowPath(Exception):  # noqa: N818  no error
    """A span or a line that the fast path does not read."""


class SpanFastPath(FastPath):
    def __init__(self, last_hour: int, before: int, offset: int) -> None:
        super().__init__(last_hour, before, offset)
        self.groups: dict[tuple[int, tuple], Group] = {}
        # Per hour the same, by the hash of a span's texts, and the digests of its ids.
        self.hours: dict[int, tuple[dict[int, Group], list[bytes]]] = {}
        self.layouts: dict[tuple[str, ...], Layout | None] = {}
        self._numbers = count()

    def add_lines(self, data: bytes) -> list[SlowPathLine]:
        slow_lines: list[SlowPathLine] = []
        number = self.lines - 1
        source = BytesIO(data)
        for number, raw in enumerate(source, self.lines):
            try:
                request = _request(raw)
                if request.resourceSpans is None:
                    raise NeedsSlowPath  # noqa: TRY301
                spans, additions = self._line(request)
            except (NeedsSlowPath, ValueError, RecursionError, msgspec.MsgspecError):
                slow_lines.append(SlowPathLine(number, source.tell(), raw))
                continue
            for group, digests, at, identifier, input_tokens, output_tokens, cost, errors, gone in additions:
                if identifier:
                    digests.append(xxh3_64_digest(identifier.encode()))
                group[0] += 1
                if errors:
                    group[1] += errors
                    group[2] += gone
                if input_tokens is not None:
                    group[3] = input_tokens + (group[3] or 0)
                if output_tokens is not None:
                    group[4] = output_tokens + (group[4] or 0)
                if cost is not None:
                    group[5] = cost + (group[5] or 0)
                if at >= group[6]:
                    group[6], group[7], group[8] = at, number, identifier
            self.beyond += max(0, spans - 1)
            self.skipped += spans - len(additions) if spans else 1
        self.lines = number + 1
        return slow_lines

    def total_groups(self) -> Iterator[tuple[int, tuple, Group]]:
        for (hour, key), group in self.groups.items():
            if group[0]:
                yield hour, key, group

    def _line(self, request: Request[SpanLine]) -> tuple[int, list[Addition]]:
        """How many spans a line holds, and what its calls add."""
        additions: list[Addition] = []
        calls: list[SpanLine] = []
        spans, nested, call_by_layout = 0, False, self._call_by_layout
        for group in request.resourceSpans or ():
            resource = attributes(group.resource)
            service = otlp_spans.service_key(resource)
            for scope in group.scopeSpans:
                spans += len(scope.spans)
                for span in scope.spans:
                    nested = nested or bool(span.parentSpanId) or not span.spanId
                    try:
                        addition = call_by_layout(span, service)
                    except (NeedsSlowPath, AttributeError, TypeError):
                        addition = self._call_by_rules(span, resource)
                    if addition:
                        additions.append(addition)
                        calls.append(span)
        if len(calls) > 1 and nested and _are_nested(request, calls):
            raise NeedsSlowPath
        return spans, additions

    def _call_by_layout(self, span: SpanLine, service: tuple) -> Addition | None:
        """What a call adds by its layout; None for a span that is no call. Raises NeedsSlowPath for others."""
        at = int(span.startTimeUnixNano) // otlp_spans.SECOND
        attributes = span.attributes
        keys = tuple([attribute.key for attribute in attributes])
        try:
            layout = self.layouts[keys]
        except KeyError:
            layout = self._layout(keys)
        if layout is None:
            return None
        number, a, b, c, d, e, f, answer_id, input_at, output_at, cost_at, status_at = layout
        values: list[Any] = [attribute.value for attribute in attributes]
        values.append(NOTHING)
        texts = (
            values[a].stringValue,
            values[b].stringValue,
            values[c].stringValue,
            values[d].stringValue,
            values[e].stringValue,
            values[f].stringValue,
        )
        hour = at // 3600
        status = span.status
        if status is not None and status.code in FAILED:
            raise NeedsSlowPath
        try:
            table, digests = self.hours[hour]
        except KeyError:
            table, digests = self._hour(hour)
        # The hash stands for the texts, as comparing them would cost more; Python salts it anew in each process.
        key = hash((service, texts, number))
        group = table.get(key)
        if group is None:
            group = table[key] = self._group(hour, service, texts, layout)
        if not group:
            if group is NO_CALL:
                return None
            raise NeedsSlowPath
        if status_at >= 0 and _int(values[status_at]) >= 400:
            raise NeedsSlowPath
        answer, trace = values[answer_id], span.traceId
        identifier = span.spanId if answer is NOTHING else answer.stringValue
        if not trace or not identifier:
            raise NeedsSlowPath
        return (
            group,
            digests,
            at,
            f"{trace} {identifier}".lower(),
            None if input_at < 0 else _int(values[input_at]),
            None if output_at < 0 else _int(values[output_at]),
            None if cost_at < 0 else _nano(values[cost_at]),
            0,
            0,
        )

    def _call_by_rules(self, span: SpanLine, resource: otlp_spans.Attributes) -> Addition | None:
        """What any call adds. Raises when it is at fault."""
        found = plain(span)
        if not otlp_spans.is_inference(found):
            return None
        at, key, identifier, _, errors, gone, input_tokens, output_tokens, cost = otlp_spans.extract(
            resource, found
        )
        hour = at // 3600
        _, digests = self._hour(hour)
        group = self._named(hour, key)
        return group, digests, at, identifier, input_tokens, output_tokens, cost, errors or 0, gone or 0

    def _hour(self, hour: int) -> tuple[dict[int, Group], list[bytes]]:
        """The groups and the digests of an hour. Raises NeedsSlowPath outside the accepted hours."""
        if not FIRST_HOUR <= hour <= self.last_hour:
            raise NeedsSlowPath
        return self.hours.setdefault(hour, ({}, self.digests.setdefault(hour, [])))

    def _group(self, hour: int, service: tuple, texts: tuple[str | None, ...], layout: Layout) -> Group:
        """Where spans like this are added up, or what stands in its place."""
        # What is there and says nothing has another attribute speak for it.
        if any(not text for text, place in zip(texts, layout[1:], strict=False) if place >= 0):
            return NEEDS_SLOW_PATH
        host, provider, requested_model, response_model, operation, kind = map(str, texts)
        if not otlp_spans.is_model_call(kind, operation, requested_model, provider):
            return NO_CALL
        return self._named(
            hour, (*service, host, provider, requested_model, response_model, operation, kind.upper())
        )

    def _named(self, hour: int, key: tuple) -> Group:
        return self.groups.setdefault((hour, key), [0, 0, 0, None, None, None, 0, 0, None])

    def _layout(self, keys: tuple[str, ...]) -> Layout | None:
        """The layout of spans with these attributes; None where they never call. Raises for an unusual one."""
        wanted = [key for key in keys if key in otlp_spans.WANTED]
        if len(set(wanted)) < len(wanted) or otlp_spans.ERROR[0] in wanted:
            raise NeedsSlowPath

        def place(names: Sequence[str]) -> int:
            return next((keys.index(name) for name in names if name in keys), NOWHERE)

        measures = (
            otlp_spans.ANSWER_ID,
            otlp_spans.INPUT_TOKENS,
            otlp_spans.OUTPUT_TOKENS,
            otlp_spans.COST,
            otlp_spans.STATUS,
        )
        found = Layout(next(self._numbers), *map(place, (*otlp_spans.TEXTS, *measures)))
        calls = found.kind >= 0 or found.operation >= 0 or (found.requested_model >= 0 and found.provider >= 0)
        if len(self.layouts) >= LAYOUTS:
            self.layouts.clear()
        layout = self.layouts[keys] = found if calls else None
        return layout


def _int(value: AnyValue) -> int:
    if value.stringValue is not None or value.intValue is None:
        raise NeedsSlowPath
    count = int(value.intValue)
    if not 0 <= count <= MAX_COUNT:
        raise NeedsSlowPath
    return count


def _nano(value: AnyValue) -> int:
    amount = value.doubleValue
    if type(amount) is not float or value.stringValue is not None or value.intValue is not None:
        raise NeedsSlowPath
    if not 0 <= amount <= MAX_COST:
        raise NeedsSlowPath
    return round(amount * 1_000_000_000)


def _are_nested(request: Request[SpanLine], calls: list[SpanLine]) -> bool:
    """Whether a call may have another above it. Also where ids are missing or repeated."""
    spans = [span for group in request.resourceSpans or () for scope in group.scopeSpans for span in scope.spans]
    above = {(s.traceId.lower(), s.spanId.lower()): (s.parentSpanId or "").lower() for s in spans}
    if len(above) < len(spans) or any(not span.spanId for span in spans):
        return True
    outer = {(call.traceId.lower(), call.spanId.lower()) for call in calls}
    for place in outer:
        trace, _ = place
        for _ in range(ANCESTORS):
            place = trace, above[place]
            if place in outer:
                return True
            if place not in above:
                break
        else:
            return True
    return False
