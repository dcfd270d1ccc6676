"""What a CloudEvent's attributes add, what they don't override, and what is refused."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from schemas.codec import Decoder
from schemas.dead_letters import Headers, Reason
from tests.contract.messages import (
    Sent,
    as_bytes,
    binary,
    decoded,
    example,
    refused,
    structured,
)

DECODER = Decoder(None)
CLAIMED = example("item.claimed")
TAKEN_OUT = ("event_id", "event_type", "occurred_at", "source")
BODY = {k: v for k, v in CLAIMED.items() if k not in TAKEN_OUT}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "ce-1",
    "type": "item.claimed",
    "source": "coop-eu",
    "time": "2026-03-02T08:01:00Z",
}


def in_body(attributes: dict[str, Any], **more: Any) -> Sent:
    return replace(structured(CLAIMED), value=as_bytes(attributes | more))


def in_headers(attributes: dict[str, str]) -> Sent:
    headers: Headers = tuple((f"ce_{k}", v.encode()) for k, v in attributes.items())
    return replace(binary(CLAIMED), value=as_bytes(BODY), headers=headers)


@pytest.mark.parametrize(
    "sent", [in_body(ATTRIBUTES, data=BODY), in_headers(ATTRIBUTES)], ids=["structured", "binary"]
)
def test_attributes_fill_what_the_data_leaves_out(sent: Sent) -> None:
    event = decoded(DECODER, sent, "item.claimed")
    assert [event[name] for name in TAKEN_OUT] == [
        "ce-1",
        "item.claimed",
        1_772_438_460_000,
        "coop-eu",
    ]


def test_what_the_data_says_is_right() -> None:
    event = decoded(DECODER, in_body(ATTRIBUTES, data=CLAIMED), "item.claimed")
    assert (event["event_id"], event["source"]) == (CLAIMED["event_id"], "coop")


def test_names_of_headers_may_be_in_capitals() -> None:
    sent = in_headers(ATTRIBUTES)
    headers = tuple((name.upper(), value) for name, value in sent.headers)
    assert decoded(DECODER, replace(sent, headers=headers), "item.claimed")


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("wrap", [in_headers, lambda given: in_body(given, data=BODY)])
def test_a_cloudevent_without_a_required_attribute_is_refused(name: str, wrap: Any) -> None:
    given = {k: v for k, v in ATTRIBUTES.items() if k != name}
    letter = refused(DECODER, wrap(given))
    assert (letter.reason, letter.field) == (Reason.BAD_CLOUDEVENT, name)


@pytest.mark.parametrize(
    ("sent", "reason", "field"),
    [
        (in_body(ATTRIBUTES), Reason.BAD_CLOUDEVENT, "data"),
        (in_body(ATTRIBUTES, data=[BODY]), Reason.BAD_CLOUDEVENT, "data"),
        (in_body(ATTRIBUTES, data_base64="%%"), Reason.BAD_CLOUDEVENT, "data_base64"),
        (in_body(ATTRIBUTES, data_base64="\u00e9"), Reason.BAD_CLOUDEVENT, "data_base64"),
        (in_body(ATTRIBUTES, data_base64=7), Reason.BAD_CLOUDEVENT, "data_base64"),
        (in_body(ATTRIBUTES, data_base64=b64encode(b"x").decode()), Reason.NOT_JSON, ""),
        (
            in_body(ATTRIBUTES | {"specversion": "2.0"}, data=BODY),
            Reason.BAD_CLOUDEVENT,
            "specversion",
        ),
        (
            in_body(ATTRIBUTES | {"type": "io.example.claimed"}, data=BODY),
            Reason.UNKNOWN_TYPE,
            "event_type",
        ),
        (in_body(ATTRIBUTES | {"time": "yesterday"}, data=BODY), Reason.WRONG_FIELD, "occurred_at"),
        (replace(structured(CLAIMED), value=b"[]"), Reason.NOT_AN_OBJECT, ""),
        (replace(structured(CLAIMED), value=b"[" * 999), Reason.TOO_DEEP, ""),
        (replace(structured(CLAIMED), value=b'{"x":NaN}'), Reason.NOT_FINITE, ""),
        (replace(binary(CLAIMED), headers=(("ce_id", b"\xff"),)), Reason.BAD_CLOUDEVENT, ""),
    ],
)
def test_a_malformed_cloudevent_is_refused(sent: Sent, reason: Reason, field: str) -> None:
    letter = refused(DECODER, sent)
    assert (letter.reason, letter.field) == (reason, field)


def test_nesting_at_the_limit_survives_the_second_writing() -> None:
    deep: Any = 1
    for _ in range(190):
        deep = [deep]
    assert decoded(DECODER, in_body(ATTRIBUTES, data=BODY | {"x": deep}), "item.claimed")
