"""Checks a JSON value against the part of JSON Schema that our OpenAPI document uses."""

from collections.abc import Iterator
from datetime import date
from typing import Any

__all__ = ["errors"]

TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "integer": int, "number": (int, float),
}  # fmt: skip
NOTES = {"title", "description", "default", "format", "additionalProperties"}


def errors(value: Any, schema: dict[str, Any], document: dict[str, Any], at: str = "$") -> Iterator[str]:
    """Where the value differs from the schema. An object may hold nothing that the schema does not name."""
    if reference := schema.get("$ref"):
        schema = document["components"]["schemas"][reference.removeprefix("#/components/schemas/")]
    if unknown := schema.keys() - NOTES - {"type", "anyOf", "properties", "required", "items", "enum"}:
        raise AssertionError(f"{at}: no check for {unknown}")
    if "anyOf" in schema:
        if all(list(errors(value, one, document, at)) for one in schema["anyOf"]):
            yield f"{at}: {value!r} is none of {schema['anyOf']}"
        return
    expected = TYPES[schema["type"]]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        yield f"{at}: {value!r} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if schema.get("format") == "date":
        date.fromisoformat(value)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from errors(item, schema["items"], document, f"{at}[{number}]")
    if isinstance(value, dict):
        yield from _object_errors(value, schema, document, at)


def _object_errors(
    value: dict[str, Any], schema: dict[str, Any], document: dict[str, Any], at: str
) -> Iterator[str]:
    properties = schema["properties"]
    yield from (f"{at}: no {name}" for name in schema.get("required", []) if name not in value)
    for name, item in value.items():
        if name in properties:
            yield from errors(item, properties[name], document, f"{at}.{name}")
        elif not schema.get("additionalProperties"):
            yield f"{at}.{name} is not documented"
