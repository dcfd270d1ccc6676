"""Blocks of the Native format as clients of a later protocol revision read them.

The embedded engine writes the format of revision 0. A client that names revision 54454
or later in ``client_protocol_version`` (Go's, thus Grafana's plugin) expects a few bytes
more: what kind of block it is, and a flag after the type of each column. To place the
flags one must know where each column ends, hence the walk over the types.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.local.clickhouse_http.faults import Code, Fault

REVISION_MIN = 54454
# Field 1: not an overflow row; field 2: no bucket of an aggregation; the end.
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_NO_CUSTOM_SERIALIZATION = b"\x00"
_WIDTHS = {
    1: "Int8 UInt8 Bool Enum8 Nothing",
    2: "Int16 UInt16 Enum16 Date BFloat16",
    4: "Int32 UInt32 Float32 Date32 DateTime Time IPv4 Decimal32",
    8: "Int64 UInt64 Float64 DateTime64 Time64 Decimal64",
    16: "Int128 UInt128 UUID IPv6 Decimal128",
    32: "Int256 UInt256 Decimal256",
}
_WIDTH_OF = {name: width for width, names in _WIDTHS.items() for name in names.split()}
_ALIASES = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}
_TYPE_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Type:
    name: str
    arguments: Sequence[str]


def with_block_info(blocks: bytes) -> Iterator[bytes]:
    """The same blocks with what a client of revision 54454 expects.

    Raises Fault for a type whose length is not known here.
    """
    at = 0
    while at < len(blocks):
        columns, rows_at = _varint(blocks, at)
        rows, next_at = _varint(blocks, rows_at)
        yield _BLOCK_INFO + blocks[at:next_at]
        at = next_at
        for _ in range(columns):
            type_at = _end_of_text(blocks, at)
            data_at = _end_of_text(blocks, type_at)
            _, text_at = _varint(blocks, type_at)
            end = _end_of_column(blocks[text_at:data_at].decode(), blocks, data_at, rows)
            yield blocks[at:data_at] + _NO_CUSTOM_SERIALIZATION + blocks[data_at:end]
            at = end


def _end_of_column(type_text: str, data: bytes, at: int, rows: int) -> int:
    """Dictionaries' versions come before the values, one for each in the type."""
    if rows == 0:
        return at
    return _end(type_text, data, at + 8 * type_text.count("LowCardinality("), rows)


def _end(type_text: str, data: bytes, at: int, rows: int) -> int:
    """Where ``rows`` values of a type end, the first of which begins at ``at``."""
    kind = _parsed(_ALIASES.get(type_text, type_text))
    width = _width(kind)
    if width is not None:
        return at + rows * width
    match kind.name:
        case "String":
            for _ in range(rows):
                at = _end_of_text(data, at)
            return at
        case "Nullable":
            return _end(kind.arguments[0], data, at + rows, rows)
        case "LowCardinality":
            return _end_of_dictionary(kind.arguments[0], data, at, rows)
        case "SimpleAggregateFunction":
            return _end(kind.arguments[1], data, at, rows)
        case "Tuple":
            for element in kind.arguments:
                # An element may have a name before its type.
                at = _end(_split(element, " ")[-1], data, at, rows)
            return at
        case "Array" | "Map" | "Nested":
            return _end_of_arrays(kind, data, at, rows)
    message = f"Type {type_text} can't be sent to this client here, convert it with toString"
    raise Fault(Code.NOT_IMPLEMENTED, message)


def _width(kind: _Type) -> int | None:
    """Bytes of each value; None when values differ in length."""
    if kind.name.startswith("Interval"):
        return 8
    if kind.name == "FixedString":
        return int(kind.arguments[0])
    if kind.name == "Decimal":
        digits = int(kind.arguments[0])
        return next(width for width, digits_max in _DECIMALS if digits <= digits_max)
    # An empty tuple is one byte.
    return 1 if kind == _Type("Tuple", []) else _WIDTH_OF.get(kind.name)


def _end_of_dictionary(key_text: str, data: bytes, at: int, rows: int) -> int:
    """Flags, the keys of this block, and an index of 1 to 8 bytes for each row."""
    if rows == 0:
        return at
    index_bytes = 1 << data[at]
    keys = _uint64(data, at + 8)
    key = _parsed(key_text)
    # The keys are plain: NULL is a key of its own, the first.
    plain = key.arguments[0] if key.name == "Nullable" else key_text
    rows_at = _end(plain, data, at + 16, keys)
    return rows_at + 8 + rows * index_bytes


def _uint64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


_DECIMALS = ((4, 9), (8, 18), (16, 38), (32, 76))


def _end_of_arrays(kind: _Type, data: bytes, at: int, rows: int) -> int:
    """Offsets come first; the last of them is the number of elements."""
    elements_at = at + rows * 8
    elements = _uint64(data, elements_at - 8) if rows else 0
    inner = kind.arguments[0] if kind.name == "Array" else f"Tuple({', '.join(kind.arguments)})"
    return _end(inner, data, elements_at, elements)


def _parsed(text: str) -> _Type:
    name, _, rest = text.partition("(")
    inner = rest.removesuffix(")")
    return _Type(name, _split(inner, ",") if inner else [])


def _split(text: str, separator: str) -> list[str]:
    """Split outside parentheses and quotes."""
    parts, depth = [""], 0
    for token in _TYPE_TOKEN.findall(text):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def _end_of_text(data: bytes, at: int) -> int:
    size, start = _varint(data, at)
    return start + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, and where what follows it begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
