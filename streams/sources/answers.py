"""Takes short label names out of a cell, and nothing else of what it holds.

A cell is a plain label, several labels with a separator, or JSON as Zooniverse, Label Studio and
Mechanical Turk write it. Of JSON only the names under known keys are taken (`T0:Yes`, prefixed
with the task), never coordinates, counts or text. What is long, has an @ or a line break is
content rather than a label: it becomes `#` and a hash, so that equal answers stay equal. JSON
without one known key becomes a hash as a whole, and so does a cell with more than ``LABELS_MAX``
names; a known task without an answer gives no label.
"""

import hashlib
import re
from collections.abc import Iterator

import orjson

_TASK_KEYS = ("task", "from_name")
_NAME_KEYS = ("choice", "choices", "label", "labels", "tool_label", "value", "taxonomy")
LABELS_MAX = 64


def read_answers(
    cell: str, split: str | None, chars_max: int, pattern: str | None = None
) -> tuple[str, ...]:
    """Returns the distinct labels of a cell in order of appearance; empty for an empty cell."""
    text = cell.strip()
    if not text:
        return ()
    if text[0] in "[{":
        names = _names_of_json(text)
        if names is None:
            return (_hashed(text),)
    else:
        names = [part.strip() for part in text.split(split)] if split else [text]
    labels = dict.fromkeys(_short(name, chars_max, pattern) for name in names if name)
    return tuple(labels) if len(labels) <= LABELS_MAX else (_hashed(text),)


def _names_of_json(text: str) -> list[str] | None:
    """Names in a JSON text; None when it is not JSON, or has none of the known keys."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return value
    names = list(_names(value, ""))
    return names if names or _has_task(value) else None


def _has_task(value: object) -> bool:
    tasks = value if isinstance(value, list) else [value]
    return not tasks or any(
        isinstance(task, dict) and any(key in task for key in _TASK_KEYS) for task in tasks
    )


def _names(value: object, task: str) -> Iterator[str]:
    if isinstance(value, list):
        for inner in value:
            yield from _names(inner, task)
    elif isinstance(value, dict):
        found = next((value[key] for key in _TASK_KEYS if isinstance(value.get(key), str)), None)
        task = f"{found}:" if found else task
        for key, inner in value.items():
            if key in _NAME_KEYS or key.endswith("labels"):
                yield from _texts(inner, task)
            if isinstance(inner, (dict, list)):
                yield from _names(inner, task)


def _texts(value: object, task: str) -> Iterator[str]:
    if isinstance(value, str):
        yield task + value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, task)


def _short(name: str, chars_max: int, pattern: str | None) -> str:
    if pattern is not None and not re.fullmatch(pattern, name):
        return _hashed(name)
    if len(name) > chars_max or "@" in name or "\n" in name or "\r" in name:
        return _hashed(name)
    return name


def _hashed(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return "#" + hashlib.blake2b(raw, digest_size=6).hexdigest()
