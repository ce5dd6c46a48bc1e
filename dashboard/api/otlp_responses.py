"""Answers of OTLP over HTTP, in JSON or protobuf: two small messages, encoded by hand."""

from django.http import HttpResponse, JsonResponse

__all__ = ["failure_response", "success_response"]

REJECTED_FIELDS = {"traces": "rejectedSpans", "metrics": "rejectedDataPoints", "logs": "rejectedLogRecords"}
PROTOBUF = "application/x-protobuf"
# google.rpc.Code for a status of HTTP.
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 409: 9, 411: 3, 413: 8, 415: 3, 422: 3, 503: 14}
INTERNAL = 13


def success_response(signal: str, rejected: int, message: str, *, is_json: bool) -> HttpResponse:
    """An Export…ServiceResponse; with a partial success when something was rejected."""
    if is_json:
        # 64-bit numbers are strings in protobuf's JSON.
        content = (
            {"partialSuccess": {REJECTED_FIELDS[signal]: str(rejected), "errorMessage": message}}
            if rejected
            else {}
        )
        return JsonResponse(content)
    partial = _number(1, rejected) + _text(2, message)
    return HttpResponse(_bytes(1, partial) if rejected else b"", content_type=PROTOBUF)


def failure_response(status: int, message: str, *, is_json: bool) -> HttpResponse:
    """A google.rpc.Status."""
    code = CODES.get(status, INTERNAL)
    if is_json:
        return JsonResponse({"code": code, "message": message}, status=status)
    return HttpResponse(_number(1, code) + _text(2, message), status=status, content_type=PROTOBUF)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
