"""What the contract takes although it is not written in the plainest way."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.codec import Decoder
from tests.contract.messages import as_bytes, decoded, example, plain

DECODER = Decoder(None)
SUBMITTED = example("item.submitted")


def read(**fields: Any) -> dict[str, Any]:
    return decoded(DECODER, plain(SUBMITTED | fields), "item.submitted")


def test_integers_as_ids_become_text_also_in_the_key() -> None:
    event = read(item_id=17, actor_id=3, labels=[1, "b"])
    assert (event["item_id"], event["actor_id"], event["labels"]) == ("17", "3", ["1", "b"])


def test_unknown_fields_are_dropped() -> None:
    event = read(user_email="somebody@example.org", text={"content": ["secret"]})
    assert event == decoded(DECODER, plain(SUBMITTED), "item.submitted")


def test_an_optional_that_is_null_is_none_and_one_not_sent_is_absent() -> None:
    event = read(team_id=None)
    assert event["team_id"] is None
    assert "vendor_id" not in event


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [("1", "1"), ("1.0", "1.0"), ("1.27", "1.27"), (1, "1.0"), (1.5, "1.5")],
)
def test_a_newer_minor_version_is_read(sent: str | float, read_as: str) -> None:
    assert read(schema_version=sent, of_version_1_27="new")["schema_version"] == read_as


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T08:02:51.500Z",
        "2026-03-02T08:02:51.5009999Z",
        "2026-03-02T16:02:51.5+08:00",
        "2026-03-02T13:32:51.5+05:30",
        "2026-03-02T02:32:51.5-05:30",
    ],
)
def test_a_time_with_its_zone_becomes_utc_milliseconds(text: str) -> None:
    assert read(occurred_at=text)["occurred_at"] == 1_772_438_571_500


def test_words_that_look_like_no_number_are_text() -> None:
    assert read(labels=["NaN", "Infinity", "\u00e9\u00e8 \U0001f600"])["labels"][0] == "NaN"


def test_of_repeated_names_the_last_one_counts() -> None:
    sent = plain(SUBMITTED)
    value = as_bytes(SUBMITTED)[:-1] + b',"actor_id":"second"}'
    assert decoded(DECODER, replace(sent, value=value), "item.submitted")["actor_id"] == "second"


def test_space_around_the_object_and_foreign_headers_do_no_harm() -> None:
    sent = plain(SUBMITTED)
    value = b"\n \t" + as_bytes(SUBMITTED) + b"\r\n"
    headers = (("traceparent", b"\xff"), ("Content-Type", b"application/json"), ("empty", None))
    assert decoded(DECODER, replace(sent, value=value, headers=headers), "item.submitted")


def test_depth_below_the_limit_is_ignored_with_its_field() -> None:
    sent = plain(SUBMITTED)
    value = as_bytes(SUBMITTED)[:-1] + b',"x":' + b"[" * 150 + b"]" * 150 + b"}"
    assert "x" not in decoded(DECODER, replace(sent, value=value), "item.submitted")
