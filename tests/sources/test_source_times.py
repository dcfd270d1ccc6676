"""Times of exports become the right UTC ms, or are refused; nothing is guessed."""

from datetime import UTC, datetime

import pytest

from streams.sources.times import BadTime, TimeReader, check_format

MTURK = "%a %b %d %H:%M:%S %Z %Y"
LOCAL = "%Y-%m-%d %H:%M"


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("pattern", "zone", "text", "expected"),
    [
        # The name decides, not the calendar: a minute apart around both changes of 2017.
        (MTURK, "UTC", "Fri Sep 22 06:40:57 PDT 2017", "2017-09-22T13:40:57"),
        (MTURK, "UTC", "Fri Dec 22 06:40:57 PST 2017", "2017-12-22T14:40:57"),
        (MTURK, "UTC", "Sun Mar 12 01:59:59 PST 2017", "2017-03-12T09:59:59"),
        (MTURK, "UTC", "Sun Mar 12 03:00:00 PDT 2017", "2017-03-12T10:00:00"),
        (MTURK, "UTC", "Sun Nov 05 01:30:00 PDT 2017", "2017-11-05T08:30:00"),
        (MTURK, "UTC", "Sun Nov 05 01:30:00 PST 2017", "2017-11-05T09:30:00"),
        (MTURK, "UTC", "Mon May 06 10:00:00 EDT 2024", "2024-05-06T14:00:00"),
        (MTURK, "UTC", "Mon May 06 10:00:00 UTC 2024", "2024-05-06T10:00:00"),
        (MTURK, "UTC", "Thu Feb 29 10:00:00 PST 2024", "2024-02-29T18:00:00"),
        ("iso8601", "UTC", "2024-05-06T10:00:00.250+05:30", "2024-05-06T04:30:00.250"),
        ("iso8601", "UTC", "2024-05-06 10:00:00", "2024-05-06T10:00:00"),
        ("iso8601", "Asia/Kathmandu", "2024-05-06T10:00:00", "2024-05-06T04:15:00"),
        (LOCAL, "Asia/Kolkata", "2024-05-06 10:00", "2024-05-06T04:30:00"),
        (LOCAL, "Asia/Manila", "2024-05-06 06:00", "2024-05-05T22:00:00"),
        (LOCAL, "Europe/Dublin", "2024-07-01 10:00", "2024-07-01T09:00:00"),
        (LOCAL, "Europe/Dublin", "2024-01-01 10:00", "2024-01-01T10:00:00"),
        ("epoch_s", "UTC", "1714989600.5", "2024-05-06T10:00:00.500"),
        ("epoch_ms", "UTC", "1714989600500", "2024-05-06T10:00:00.500"),
    ],
)
def test_a_time_is_read_in_its_own_zone(pattern: str, zone: str, text: str, expected: str) -> None:
    assert TimeReader((pattern,), zone, "refuse").read(text) == utc(expected)


@pytest.mark.parametrize(
    ("pattern", "zone", "text", "words"),
    [
        (MTURK, "UTC", "Fri Sep 22 06:40:57 XYZ 2017", "fits none"),
        (MTURK, "UTC", "Fri Feb 30 06:40:57 PST 2017", "fits none"),
        (MTURK, "UTC", "2017-09-22T06:40:57Z", "fits none"),
        (LOCAL, "America/New_York", "2024-03-10 02:30", "skipped"),
        (LOCAL, "Europe/Dublin", "2024-03-31 01:30", "skipped"),
        (LOCAL, "America/New_York", "2024-11-03 01:30", "twice"),
        ("epoch_s", "UTC", "nan", "fits none"),
        ("epoch_s", "UTC", "1714989600500", "after 2099"),
        ("epoch_ms", "UTC", "-1", "before 1970"),
        ("iso8601", "UTC", "2024-05-06", "fits none"),
    ],
)
def test_a_time_that_is_not_one_moment_is_refused(
    pattern: str, zone: str, text: str, words: str
) -> None:
    with pytest.raises(BadTime, match=words):
        TimeReader((pattern,), zone, "refuse").read(text)


def test_a_time_that_happened_twice_is_the_one_that_the_mapping_says() -> None:
    earlier = TimeReader((LOCAL,), "America/New_York", "earlier").read("2024-11-03 01:30")
    later = TimeReader((LOCAL,), "America/New_York", "later").read("2024-11-03 01:30")
    assert (earlier, later) == (utc("2024-11-03T05:30"), utc("2024-11-03T06:30"))


@pytest.mark.parametrize("pattern", ["iso", "%H:%M", "%d.%m.", "%Y-%m-%d %Q"])
def test_a_format_that_cannot_give_a_whole_date_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"format|date with a time"):
        check_format(pattern)
