"""The models as JSON Schema (draft 7, which AsyncAPI reads), short enough to be read.

pydantic writes every bound of every field in place; here the recurring types are named once per
file, under ``definitions``, and an optional field is one that may be left out or null.
"""

from typing import Any, Final

from pydantic import TypeAdapter

from schemas.envelope import Envelope
from schemas.events import event_type_of
from schemas.field_types import Id, TimeMs, Version, Word

Json = Any

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
_NULL: Final = {"type": "null"}
_NAMED: Final[dict[str, tuple[Any, str]]] = {
    "id": (Id, "An id or label of the source; a whole number is read as its digits."),
    "word": (Word, "A short name; a whole number is read as its digits."),
    "time": (TimeMs, "UTC milliseconds, or ISO 8601 with its zone."),
    "version": (Version, "Version 1 of the contract; newer minor versions are read."),
}


def _named_types() -> dict[str, Json]:
    return {
        name: {"description": text, **TypeAdapter(kind).json_schema()}
        for name, (kind, text) in _NAMED.items()
    }


_TYPES: Final = _named_types()


def event_schema(model: type[Envelope]) -> Json:
    """The JSON Schema of one event type."""
    raw = model.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    nested = raw.pop("$defs", {})
    used: set[str] = set()
    short = _shorten(raw, used)
    definitions = {name: _shorten(part, used) for name, part in nested.items()}
    definitions |= {name: part for name, part in _TYPES.items() if name in used}
    return {
        "$schema": DIALECT,
        "title": event_type_of(model),
        **short,
        "definitions": dict(sorted(definitions.items())),
    }


def _shorten(node: Json, used: set[str], *, names: bool = False) -> Json:
    """The same schema without titles and null defaults, its recurring types named.

    ``names``: the keys of ``node`` are names of properties and stay.
    """
    if isinstance(node, list):
        return [_shorten(part, used) for part in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node and not names:
        node = _with_reference(node, used)
    return {
        key: _shorten(part, used, names=key == "properties")
        for key, part in node.items()
        if names or not (key == "title" or (key == "default" and part is None))
    }


def _with_reference(node: dict[str, Json], used: set[str]) -> Json:
    choices = [part for part in node["anyOf"] if part != _NULL]
    for name, named in _TYPES.items():
        if choices == named["anyOf"]:
            used.add(name)
            reference = {"$ref": f"#/definitions/{name}"}
            rest = {key: part for key, part in node.items() if key != "anyOf"}
            null_too = len(choices) < len(node["anyOf"])
            return rest | ({"anyOf": [reference, _NULL]} if null_too else reference)
    return node
