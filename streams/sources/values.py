"""Compiles one field of a mapping into a function of the row.

Compiled once per file: 220,000 rows with a dozen fields each would spend most of their time in
looking at the mapping instead of at the row.
"""

import math
from collections.abc import Callable
from typing import assert_never

import orjson

from streams.sources.mapping import Value
from streams.sources.mapping_terms import Kind
from streams.sources.records import FieldValue, RejectReason, RowRefused
from streams.sources.scopes import Scope, duration_ms

_TRUE = frozenset(("true", "yes", "1", "t", "y"))
_FALSE = frozenset(("false", "no", "0", "f", "n"))

Reader = Callable[[Scope], FieldValue | None]


def compile_value(spec: Value, field: str) -> Reader:
    """Returns the function that gives the field's value; None means that the row has none."""
    origin = _origin(spec, field)
    named = spec.column or field
    if spec.constant is not None:
        return origin

    def read(scope: Scope) -> FieldValue | None:
        found = origin(scope)
        if isinstance(found, str) and spec.join is None:
            found = _converted(found, spec, named)
        if spec.lookup is not None and found is not None:
            found = _looked_up(found, spec, named)
        return spec.default if found is None else found

    plain = spec.kind == "text" and spec.lookup is None and spec.default is None
    return origin if plain and spec.column is None else read


def _origin(spec: Value, field: str) -> Reader:
    if spec.column is not None:
        column = spec.column
        return lambda scope: scope.cell(column) or None
    if spec.join is not None:
        return _join(tuple(compile_value(inner, field) for inner in spec.join))
    if spec.count is not None:
        return _count(spec.count)
    if spec.first_of is not None:
        return _first_of(tuple(compile_value(inner, field) for inner in spec.first_of))
    if spec.answer is not None:
        return _answer(spec.answer, spec.kind)
    if spec.equal is not None:
        return _equal(*spec.equal)
    if spec.reached is not None:
        return _reached(spec.reached.time, spec.reached.limit)
    if spec.time is not None:
        return _time(spec.time)
    if spec.row_id is not None:
        return lambda scope: scope.row_id()
    constant = spec.constant
    return lambda scope: constant


def _first_of(readers: tuple[Reader, ...]) -> Reader:
    def read(scope: Scope) -> FieldValue | None:
        for reader in readers:
            found = reader(scope)
            if found is not None:
                return found
        return None

    return read


def _join(readers: tuple[Reader, ...]) -> Reader:
    def read(scope: Scope) -> FieldValue | None:
        found = [reader(scope) for reader in readers]
        return None if None in found else "/".join(map(str, found))

    return read


def _count(column: str) -> Reader:
    def read(scope: Scope) -> FieldValue | None:
        text = scope.cell(column)
        if not text:
            return None
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, list):
            raise RowRefused(column, RejectReason.VALUE_REFUSED, "is not a list")
        return len(value)

    return read


def _answer(name: str, kind: Kind) -> Reader:
    def read(scope: Scope) -> FieldValue | None:
        labels = scope.answers(name)
        if kind == "list":
            return list(labels) or None
        return "+".join(labels) or None

    return read


def _equal(left: str, right: str) -> Reader:
    return lambda scope: set(scope.answers(left)) == set(scope.answers(right))


def _reached(time: str, limit: str) -> Reader:
    def read(scope: Scope) -> FieldValue | None:
        moment, bound = scope.moment(time), scope.moment(limit)
        if moment is None or bound is None:
            return None
        return "true" if moment[0] >= bound[0] else "false"

    return read


def _time(name: str) -> Reader:
    def read(scope: Scope) -> FieldValue | None:
        moment = scope.moment(name)
        return None if moment is None else moment[0]

    return read


def _looked_up(found: FieldValue, spec: Value, column: str) -> FieldValue | None:
    assert spec.lookup is not None
    value = spec.lookup.get(str(found))
    if value is None and spec.default is None:
        raise RowRefused(column, RejectReason.VALUE_UNKNOWN, "is not in the mapping's lookup")
    return value


def _converted(text: str, spec: Value, column: str) -> FieldValue | None:
    kind = spec.kind
    if kind == "text":
        return text
    if kind == "list":
        return [part.strip() for part in text.split(spec.split or ",") if part.strip()]
    if kind == "duration":
        return duration_ms(text, spec.unit, column)
    if kind == "boolean":
        return _boolean(text, column)
    if kind == "integer" or kind == "number":
        return _number(text, kind == "integer", column)
    assert_never(kind)


def _boolean(text: str, column: str) -> bool:
    word = text.lower()
    if word not in _TRUE and word not in _FALSE:
        raise RowRefused(column, RejectReason.VALUE_UNKNOWN, "is neither true nor false")
    return word in _TRUE


def _number(text: str, whole: bool, column: str) -> int | float:
    try:
        value = float(text)
        # `15.0` is an integer that went through a spreadsheet; `15.5` is not one.
        if whole and value != int(value):
            raise ValueError
    except (ValueError, OverflowError):
        kind = "a whole number" if whole else "a number"
        raise RowRefused(column, RejectReason.BAD_NUMBER, f"is not {kind}") from None
    if not math.isfinite(value):
        raise RowRefused(column, RejectReason.BAD_NUMBER, "is not finite")
    return int(value) if whole else value
