"""A log in any order comes out by time, however little of it fits in memory."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.sources.ordering import sort_by_time
from streams.sources.records import Reject, RejectReason, SourceEvent


def found(times: Sequence[int]) -> list[SourceEvent]:
    return [
        SourceEvent({"occurred_at": time, "n": place}, "f", place)
        for place, time in enumerate(times)
    ]


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 20))
def test_any_order_comes_out_by_time_and_equal_times_keep_theirs(
    times: list[int], run_events_max: int
) -> None:
    events = found(times)
    ordered = list(sort_by_time(events, lambda reject: None, run_events_max))
    assert ordered == sorted(events, key=lambda item: times[item.line])


def test_runs_larger_than_a_block_are_read_back_whole() -> None:
    events = [
        SourceEvent({"occurred_at": 5000 - n, "text": "x" * 300}, "f", n) for n in range(5000)
    ]
    ordered = list(sort_by_time(events, lambda reject: None, 1000))
    assert ordered == events[::-1]


def test_text_times_are_understood_and_an_event_without_one_keeps_its_place() -> None:
    events = [
        SourceEvent({"occurred_at": value}, "f", line)
        for line, value in enumerate(
            ["1970-01-01T00:00:02+00:00", None, "1970-01-01T00:00:01Z", 1500, True, "soon"]
        )
    ]
    lines = [item.line for item in sort_by_time(events, lambda reject: None)]
    assert lines == [2, 3, 4, 5, 0, 1]


def test_rejects_are_handed_over_before_the_first_event() -> None:
    rejects: list[Reject] = []
    reject = Reject("f", 1, "at", RejectReason.BAD_TIME, "m")
    ordered = sort_by_time([*found([2, 1]), reject], rejects.append)
    next(ordered)
    assert rejects == [reject]
