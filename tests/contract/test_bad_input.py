"""What cannot be read becomes a dead letter with the right reason and field; nothing raises."""

from dataclasses import replace

import pytest

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.dead_letters import Reason
from schemas.topics import Topics
from tests.contract.cases import CASES, SECRET, SENT, SUBMITTED, VALUE, Case, raw
from tests.contract.messages import decoded, example, plain, refused

DECODER = Decoder(None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_a_dead_letter_with_its_reason(case: Case) -> None:
    letter = refused(DECODER, case.sent)
    assert (letter.reason, letter.field) == (case.reason, case.field)
    assert letter.message
    assert SECRET not in letter.message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_next_message_is_unharmed(case: Case) -> None:
    refused(DECODER, case.sent)
    assert decoded(DECODER, SENT, "item.submitted")["item_id"] == "case-481516"


def test_a_dead_letter_knows_where_it_lay() -> None:
    decoder = Decoder(None, DecoderSettings(topics=Topics("march")))
    letter = refused(decoder, replace(SENT, key=b"case-2", headers=(("trace", b"\xff"),)))
    origin = letter.origin
    assert (origin.topic, origin.partition, origin.offset) == ("march.ops.annotations", 3, 41)
    assert (origin.key, origin.value) == (b"case-2", VALUE)
    assert (origin.headers, origin.timestamp_ms) == ((("trace", b"\xff"),), SENT.timestamp)
    assert letter.event_type == "item.submitted"


def test_an_event_of_another_topic_is_refused() -> None:
    letter = refused(DECODER, SENT, "reviews")
    assert (letter.reason, letter.field) == (Reason.WRONG_TOPIC, "event_type")


def test_a_field_inside_a_list_is_named() -> None:
    decided = example("review.decided") | {"defects": [{"code": "a"}, {"severity": "b"}]}
    letter = refused(DECODER, plain(decided), "reviews")
    assert (letter.reason, letter.field) == (Reason.MISSING_FIELD, "defects[1].code")


@pytest.mark.parametrize(
    ("accepted", "timestamp_ms", "taken"),
    [
        (AcceptedTimes(-1000, 50), 2_000_000_001_000, True),
        (AcceptedTimes(-1000, 50), 2_000_000_001_001, False),
        (AcceptedTimes(-1000, 50), 1_999_999_999_950, True),
        (AcceptedTimes(-1000, 50), 1_999_999_999_949, False),
        # A record without a time of its own: received_at stands in.
        (AcceptedTimes(-500, 50), -1, True),
        (AcceptedTimes(-499, 50), -1, False),
        (AcceptedTimes(2_000_000_000_000, 2_000_000_000_000, relative=False), 5, True),
        (AcceptedTimes(2_000_000_000_001, 2_000_000_000_009, relative=False), 5, False),
    ],
)
def test_the_accepted_range_holds_both_its_ends(
    accepted: AcceptedTimes, timestamp_ms: int, taken: bool
) -> None:
    decoder = Decoder(None, DecoderSettings(accepted=accepted))
    event = SUBMITTED | {"occurred_at": 2_000_000_000_000, "received_at": 2_000_000_000_500}
    sent = replace(plain(event), timestamp=timestamp_ms)
    if taken:
        decoded(decoder, sent, "item.submitted")
    else:
        assert refused(decoder, sent).reason is Reason.TIME_OUT_OF_RANGE


def test_a_million_brackets_do_not_crash() -> None:
    decoder = Decoder(None, DecoderSettings(value_bytes_max=20_000_000))
    for deep in (b"[", b'{"a":', b'[{"event_type":'):
        assert refused(decoder, raw(deep * 1_000_000)).reason is Reason.TOO_DEEP
