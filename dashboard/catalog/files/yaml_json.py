"""YAML and JSON text as one kind of tree whose nodes know their line.

Pure. A scalar is its text as written, or None; what type it should have is the schema's business
(`parse.py`). YAML anchors are refused: a small file could unfold into a huge one.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from dashboard.catalog.documents import CatalogError, FilePosition, Problem
from dashboard.catalog.messages import Message

__all__ = ["Node", "parse_json", "parse_yaml", "raise_problem"]

MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Node:
    """`value` is a text, None, a list of nodes, or a dict of nodes by field name."""

    value: Any
    line: int


def raise_problem(file: str, line: int, code: str, **params: Any) -> NoReturn:
    """One problem that makes the rest of a file unreadable."""
    raise CatalogError([Problem(FilePosition(file, line), Message(code, **params))])


# YAML ---------------------------------------------------------------------------------------------


def parse_yaml(text: str, file: str) -> Node:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _refuse_depth(text, loader, file)
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        raise_problem(
            file, mark.line + 1 if mark else 0, "not_yaml", reason=str(problem.problem or problem.context)
        )
    except yaml.YAMLError as problem:
        raise_problem(file, 0, "not_yaml", reason=str(problem).splitlines()[0])
    if root is None:
        raise_problem(file, 0, "empty_file")
    return _yaml_node(root, file, set())


def _refuse_depth(text: str, loader: type, file: str) -> None:
    """Composing recurses in C, where too deep a document ends the process instead of raising an error."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise_problem(file, event.start_mark.line + 1 if event.start_mark else 0, "nested_too_deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _yaml_node(node: yaml.Node, file: str, seen: set[int]) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Node(None if node.tag.endswith(":null") else node.value, line)
    if id(node) in seen:
        raise_problem(file, line, "yaml_anchor")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return Node([_yaml_node(item, file, seen) for item in node.value], line)
    fields: dict[str, Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise_problem(file, key.start_mark.line + 1, "field_name_not_text")
        if key.value in fields:
            raise_problem(file, key.start_mark.line + 1, "field_twice", name=key.value)
        fields[key.value] = _yaml_node(value, file, seen)
    return Node(fields, line)


# JSON: a list of entries in the API's shape -------------------------------------------------------

_JSON_ENTRY = {"released_on": "released", "revisions": "history", "alias_details": "aliases"}
_JSON_REVISION = {"known_on": "known", "source_url": "source"}
_JSON_ALIAS = {"source_url": "source"}
# What the API derives from the rest: nothing to store.
_JSON_DERIVED = {
    "announced_on",
    "days_left",
    "legacy_on",
    "milestones",
    "on_sunset",
    "platform_name",
    "replacements",
    "source_url",
    "stage",
    "sunset_date",
    "sunset_precision",
    "unverified",
}


def parse_json(text: str, file: str) -> Node:
    items = _json_items(text, file)
    platforms: dict[str, Node] = {}
    vendors: dict[str, Node] = {}
    entries = []
    for item, line in items:
        if not isinstance(item, dict):
            raise_problem(file, line, "entry_not_object")
        item = {key: value for key, value in item.items() if key not in _JSON_DERIVED}
        if "alias_details" in item:
            item.pop("aliases", None)
        details, vendor_name = item.pop("platform_details", None), item.pop("vendor_name", None)
        fields = {_JSON_ENTRY.get(key, key): _json_node(value, line) for key, value in item.items()}
        _rename(fields.get("history"), _JSON_REVISION)
        _rename(fields.get("aliases"), _JSON_ALIAS)
        entries.append(Node(fields, line))
        if isinstance(details, dict):
            platforms.setdefault(
                str(item.get("platform")), _json_node({"slug": item.get("platform"), **details}, line)
            )
        if vendor_name and item.get("vendor"):
            vendors.setdefault(str(item["vendor"]), _json_node(vendor_name, line))
    return Node(
        {"platforms": Node(list(platforms.values()), 1), "vendors": Node(vendors, 1), "entries": Node(entries, 1)},
        1,
    )


def _json_items(text: str, file: str) -> list[tuple[Any, int]]:
    """The items of the top-level list, or of an API page's `results`, each with the line it starts on."""
    decoder = json.JSONDecoder()
    start = _blank_end(text, 0)
    try:
        if text[start : start + 1] != "[":
            page = json.loads(text)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise_problem(file, 1, "not_entry_list")
            return [(item, 1) for item in page["results"]]
        items: list[tuple[Any, int]] = []
        line, counted = 1, 0
        position = _blank_end(text, start + 1)
        if text[position : position + 1] == "]":
            return items
        while True:
            line += text.count("\n", counted, position)
            counted = position
            item, position = decoder.raw_decode(text, position)
            items.append((item, line))
            position = _blank_end(text, position)
            if text[position : position + 1] != ",":
                break
            position = _blank_end(text, position + 1)
        if text[position:].rstrip(" \t\r\n") != "]":
            raise_problem(file, text.count("\n", 0, position) + 1, "json_list_end")
    except json.JSONDecodeError as problem:
        raise_problem(file, problem.lineno, "not_json", reason=problem.msg)
    return items


def _blank_end(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _json_node(value: Any, line: int) -> Node:
    if isinstance(value, dict):
        return Node({key: _json_node(item, line) for key, item in value.items()}, line)
    if isinstance(value, list):
        return Node([_json_node(item, line) for item in value], line)
    if isinstance(value, bool):
        return Node("true" if value else "false", line)
    return Node(value if value is None else str(value), line)


def _rename(items: Node | None, names: dict[str, str]) -> None:
    """Give the fields of each mapping in a list the names that the YAML files use."""
    if items is None or not isinstance(items.value, list):
        return
    for item in items.value:
        if isinstance(item.value, dict):
            for old, new in names.items():
                if old in item.value:
                    item.value[new] = item.value.pop(old)
