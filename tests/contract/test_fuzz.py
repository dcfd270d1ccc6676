"""Whatever bytes come, the decoder gives an event or a dead letter, and never quotes them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Decoder
from schemas.dead_letters import DeadLetter, Headers
from schemas.people import Pseudonymiser
from schemas.topics import INPUT_ROLES
from tests.contract import messages
from tests.contract.messages import KEY, TYPES, Sent, example

DECODER = Decoder(Pseudonymiser(KEY))
SECRET = "Zq7SECRETzQ"

headers = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "ce_id", "ce_specversion", "CE_type", "ce_source", "x"]),
        st.one_of(
            st.none(),
            st.binary(max_size=4),
            st.sampled_from([b"1.0", b"application/cloudevents+json", b"application/avro"]),
        ),
    ),
    max_size=6,
).map(tuple)
roles = st.sampled_from(INPUT_ROLES)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def outcome(role: str, sent: Sent) -> None:
    """Decodes, and holds what must hold of any message."""
    result = DECODER.decode(role, 0, sent)
    if isinstance(result, DeadLetter):
        origin = result.origin
        assert (origin.key, origin.value, origin.headers) == (sent.key, sent.value, sent.headers)
    else:
        assert type(result) is dict


@given(roles, st.binary(max_size=200), st.none() | st.binary(max_size=8), headers)
def test_random_bytes(role: str, value: bytes, key: bytes | None, heads: Headers) -> None:
    outcome(role, Sent(value, key, 1, heads))


@given(roles, json_values, headers)
def test_random_json(role: str, value: Any, heads: Headers) -> None:
    outcome(role, Sent(messages.as_bytes(value).replace(b"\\", b""), b"k", 1, heads))


@settings(max_examples=300)
@given(st.data())
def test_damaged_examples(data: st.DataObject) -> None:
    event = example(data.draw(st.sampled_from(TYPES)))
    wrap = data.draw(st.sampled_from([messages.plain, messages.structured, messages.framed]))
    sent = wrap(event)
    assert sent.value is not None
    damaged = bytearray(sent.value)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not damaged:
            break
    for role in INPUT_ROLES:
        outcome(role, Sent(bytes(damaged), sent.key, sent.timestamp, sent.headers))


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize(
    "secret", [SECRET, [SECRET], {SECRET: SECRET}, SECRET + "\x00", SECRET * 100, [{SECRET: 1}]]
)
def test_a_message_never_repeats_content(event_type: str, secret: Any) -> None:
    written = example(event_type)
    for name in written:
        for wrap in (messages.plain, messages.structured, messages.binary):
            sent = wrap(written)
            value = messages.as_bytes(written | {name: secret, SECRET: secret})
            if wrap is messages.structured:
                assert sent.value is not None
                value = sent.value.replace(messages.as_bytes(written), value)
            for role in INPUT_ROLES:
                result = DECODER.decode(role, 0, Sent(value, sent.key, 1, sent.headers))
                if isinstance(result, DeadLetter):
                    assert SECRET not in result.message + result.field + result.event_type
