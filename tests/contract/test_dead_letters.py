"""A dead letter keeps every byte, says why, and can be read back for a replay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Decoder
from schemas.dead_letters import (
    DeadLetter,
    Headers,
    Message,
    NotADeadLetter,
    Reason,
    from_record,
)
from schemas.rows import DeadLetterRow
from tests.contract.messages import Sent, refused

headers = st.lists(
    st.tuples(
        st.one_of(st.text(max_size=5), st.sampled_from(["__connect.errors.topic"])),
        st.none() | st.binary(max_size=5),
    ),
    max_size=4,
).map(tuple)
letters = st.builds(
    DeadLetter,
    st.builds(
        Message,
        st.sampled_from(["ops.reviews", "march.ops.reviews"]),
        st.integers(0, 1023),
        st.integers(0, 2**62),
        st.integers(-1, 2**62),
        st.none() | st.binary(),
        st.none() | st.binary(),
        headers,
    ),
    st.sampled_from(Reason),
    st.sampled_from(["", "item_id"]),
    st.text(),
    st.sampled_from(["", "item.created"]),
)


@given(letters)
def test_a_dead_letter_comes_back_from_its_record(letter: DeadLetter) -> None:
    record = letter.to_record()
    assert (record.key, record.value) == (letter.origin.key, letter.origin.value)
    assert record.headers[: len(letter.origin.headers)] == letter.origin.headers
    assert from_record(record.key, record.value, record.headers) == letter


@given(letters, letters)
def test_one_that_failed_twice_gets_back_its_first_headers(
    first: DeadLetter, second: DeadLetter
) -> None:
    record = first.to_record()
    origin = Message("ops.reviews", 1, 2, 3, record.key, record.value, record.headers)
    again = DeadLetter(origin, second.reason, second.field, second.message).to_record()
    assert from_record(again.key, again.value, again.headers).origin == origin


@given(headers)
def test_a_record_that_is_none_is_refused(heads: Headers) -> None:
    with pytest.raises(NotADeadLetter):
        from_record(b"k", b"v", heads)


def test_the_headers_are_those_of_kafka_connect() -> None:
    letter = refused(Decoder(None), Sent(b"oops", b"k", 1_000))
    text = {name: (value or b"").decode() for name, value in letter.to_record().headers}
    assert text == {
        "__connect.errors.topic": "ops.annotations",
        "__connect.errors.partition": "3",
        "__connect.errors.offset": "41",
        "__connect.errors.connector.name": "watchfloor",
        "__connect.errors.stage": "VALUE_CONVERTER",
        "__connect.errors.exception.class.name": "watchfloor.not_json",
        "__connect.errors.exception.message": "the value is not JSON",
        "watchfloor.dead.reason": "not_json",
        "watchfloor.dead.field": "",
        "watchfloor.dead.event_type": "",
        "watchfloor.dead.timestamp_ms": "1000",
    }


def test_the_row_says_where_and_why_and_nothing_else() -> None:
    letter = refused(Decoder(None), Sent(b"oops", b"k", 1_000))
    assert letter.to_row() == DeadLetterRow("ops.annotations", 3, 41, "not_json", 1_000)
