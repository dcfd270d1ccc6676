"""Every kind of bad input: the message, and the reason and field that its dead letter has.

Fit for any transport: each message is complete, and belongs to the annotations topic.
"""

from dataclasses import dataclass, replace
from typing import Any

from schemas.dead_letters import Reason
from tests.contract.messages import Sent, as_bytes, example, plain

SUBMITTED = example("item.submitted")
SENT = plain(SUBMITTED)
VALUE = as_bytes(SUBMITTED)
SECRET = "SECRET"


def changed(**fields: Any) -> Sent:
    """The example with some fields changed; the key stays."""
    return replace(SENT, value=as_bytes(SUBMITTED | fields))


def without(name: str) -> Sent:
    return replace(SENT, value=as_bytes({k: v for k, v in SUBMITTED.items() if k != name}))


def raw(value: bytes | None, *headers: tuple[str, bytes | None]) -> Sent:
    return replace(SENT, value=value, headers=headers)


def extra(literal: bytes) -> Sent:
    """The example with one unknown field of this literal JSON."""
    return raw(VALUE[:-1] + b',"unknown":' + literal + b"}")


@dataclass(frozen=True, slots=True)
class Case:
    """One bad message; ``field`` is '' when no single field is to blame."""

    name: str
    sent: Sent
    reason: Reason
    field: str = ""


CASES = (
    Case("tombstone", raw(None), Reason.TOMBSTONE),
    Case("empty value", raw(b""), Reason.NOT_JSON),
    Case("too large", extra(b'"' + b"x" * 262_144 + b'"'), Reason.TOO_LARGE),
    Case("too large, and no JSON either", raw(b"x" * 300_000), Reason.TOO_LARGE),
    Case("null key", replace(SENT, key=None), Reason.NULL_KEY, "item_id"),
    Case("empty key", replace(SENT, key=b""), Reason.KEY_MISMATCH, "item_id"),
    Case("other key", replace(SENT, key=b"case-2"), Reason.KEY_MISMATCH, "item_id"),
    Case("key as JSON", replace(SENT, key=b'"case-481516"'), Reason.KEY_MISMATCH, "item_id"),
    Case("key of no UTF-8", replace(SENT, key=b"\xff"), Reason.KEY_MISMATCH, "item_id"),
    Case("not UTF-8", raw(b"\xff\xfe" + VALUE), Reason.NOT_UTF8),
    Case("not UTF-8 in an unknown field", extra(b'"\xff"'), Reason.NOT_UTF8),
    Case("UTF-16", raw(VALUE.decode().encode("utf-16")), Reason.NOT_UTF8),
    Case("text", raw(b"SECRET"), Reason.NOT_JSON),
    Case("byte order mark", raw(b"\xef\xbb\xbf" + VALUE), Reason.NOT_JSON),
    Case("cut off", raw(VALUE[:-7]), Reason.NOT_JSON),
    Case("two objects", raw(VALUE + VALUE), Reason.NOT_JSON),
    Case("half a surrogate pair", extra(rb'"\ud800"'), Reason.NOT_JSON),
    Case("raw control character", extra(b'"\x01"'), Reason.NOT_JSON),
    Case("a number of 5000 digits", extra(b"9" * 5000), Reason.NOT_JSON),
    Case("array", raw(b"[" + VALUE + b"]"), Reason.NOT_AN_OBJECT),
    Case("string", raw(b'"SECRET"'), Reason.NOT_AN_OBJECT),
    Case("null", raw(b"null"), Reason.NOT_AN_OBJECT),
    Case("deep array", extra(b"[" * 300 + b"]" * 300), Reason.TOO_DEEP),
    Case("deep object", extra(b'{"a":' * 300 + b"1" + b"}" * 300), Reason.TOO_DEEP),
    Case("deep and never closed", raw(b"[" * 200_000), Reason.TOO_DEEP),
    Case("NaN", changed(confidence=float("nan")), Reason.NOT_FINITE),
    Case("Infinity", changed(confidence=float("inf")), Reason.NOT_FINITE),
    Case("-Infinity in an unknown field", extra(b"-Infinity"), Reason.NOT_FINITE),
    Case("NaN as the type", raw(b'{"event_type":NaN}'), Reason.NOT_FINITE),
    Case(
        "infinite by its exponent",
        raw(VALUE.replace(b":0.8,", b":1e999,")),
        Reason.NOT_FINITE,
        "confidence",
    ),
    Case("unknown type", changed(event_type="item.SECRET"), Reason.UNKNOWN_TYPE, "event_type"),
    Case("type of no text", changed(event_type=7), Reason.UNKNOWN_TYPE, "event_type"),
    Case("no type", without("event_type"), Reason.MISSING_FIELD, "event_type"),
    Case("no item", without("item_id"), Reason.MISSING_FIELD, "item_id"),
    Case("no org", without("org_id"), Reason.MISSING_FIELD, "org_id"),
    Case("no time", without("occurred_at"), Reason.MISSING_FIELD, "occurred_at"),
    Case("null where required", changed(org_id=None), Reason.WRONG_FIELD, "org_id"),
    Case("empty id", changed(item_id=""), Reason.WRONG_FIELD, "item_id"),
    Case("id too long", changed(item_id="x" * 257), Reason.WRONG_FIELD, "item_id"),
    Case("id with a separator", changed(item_id="a\x1fb"), Reason.WRONG_FIELD, "item_id"),
    Case("id with a line end", changed(item_id="SECRET\n"), Reason.WRONG_FIELD, "item_id"),
    Case("id as a fraction", changed(item_id=1.5), Reason.WRONG_FIELD, "item_id"),
    Case("id as a truth", changed(item_id=True), Reason.WRONG_FIELD, "item_id"),
    Case("id below zero", changed(item_id=-1), Reason.WRONG_FIELD, "item_id"),
    Case("number as text", changed(active_ms="47300"), Reason.WRONG_FIELD, "active_ms"),
    Case("negative duration", changed(active_ms=-1), Reason.WRONG_FIELD, "active_ms"),
    Case("duration in us", changed(active_ms=10**14), Reason.WRONG_FIELD, "active_ms"),
    Case("attempt zero", changed(attempt=0), Reason.WRONG_FIELD, "attempt"),
    Case("truth as number", changed(attempt=True), Reason.WRONG_FIELD, "attempt"),
    Case("label of no text", changed(labels=["a", {}]), Reason.WRONG_FIELD, "labels[1]"),
    Case("labels as text", changed(labels="SECRET"), Reason.WRONG_FIELD, "labels"),
    Case("too many labels", changed(labels=["a"] * 1001), Reason.WRONG_FIELD, "labels"),
    Case("closed list", changed(actor_type=SECRET), Reason.WRONG_FIELD, "actor_type"),
    Case("time as digits", changed(occurred_at="1772438571500"), Reason.WRONG_FIELD, "occurred_at"),
    Case(
        "time without zone",
        changed(occurred_at="2026-03-02T08:00:00"),
        Reason.WRONG_FIELD,
        "occurred_at",
    ),
    Case("date only", changed(occurred_at="2026-03-02"), Reason.WRONG_FIELD, "occurred_at"),
    Case("time in us", changed(occurred_at=1772438571500000), Reason.WRONG_FIELD, "occurred_at"),
    Case(
        "time as a fraction", changed(occurred_at=1772438571.5), Reason.WRONG_FIELD, "occurred_at"
    ),
    Case(
        "after year 9999",
        changed(occurred_at="9999-12-31T23:59:59-12:00"),
        Reason.WRONG_FIELD,
        "occurred_at",
    ),
    Case("time in s", changed(occurred_at=1772438571), Reason.TIME_OUT_OF_RANGE, "occurred_at"),
    Case(
        "newer major", changed(schema_version="2.0"), Reason.UNSUPPORTED_VERSION, "schema_version"
    ),
    Case(
        "newer major, a number",
        changed(schema_version=2),
        Reason.UNSUPPORTED_VERSION,
        "schema_version",
    ),
    Case("no version", changed(schema_version="new"), Reason.WRONG_FIELD, "schema_version"),
    Case("Avro frame", raw(b"\x00\x00\x00\x00\x07\x0eSECRET\x02"), Reason.UNSUPPORTED_FORMAT),
    Case(
        "Protobuf frame", raw(b"\x00\x00\x00\x00\x07\x00\x0a\x06SECRET"), Reason.UNSUPPORTED_FORMAT
    ),
    Case("bare frame", raw(b"\x00\x00\x00\x00\x07"), Reason.UNSUPPORTED_FORMAT),
    Case("Avro single object", raw(b"\xc3\x01" + b"SECRET__\x02"), Reason.UNSUPPORTED_FORMAT),
    Case("Avro file", raw(b"Obj\x01\x04"), Reason.UNSUPPORTED_FORMAT),
    Case(
        "Avro by its header",
        raw(b"\x02", ("content-type", b"avro/binary")),
        Reason.UNSUPPORTED_FORMAT,
    ),
    Case(
        "CloudEvents in Protobuf",
        raw(b"\x0a", ("content-type", b"application/cloudevents+protobuf")),
        Reason.UNSUPPORTED_FORMAT,
    ),
    Case("framed text", raw(b"\x00\x00\x00\x00\x07{SECRET"), Reason.NOT_JSON),
)
