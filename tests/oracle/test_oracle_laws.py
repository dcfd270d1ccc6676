"""Laws that the oracle's own numbers keep on nasty histories."""

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import DICT_UNION
from tests.oracle.histories import START_MS, arrivals, arrivals_of, histories, history
from tests.oracle.items import standing
from tests.oracle.lives import RANKS, Event
from tests.oracle.minutes import GROUPINGS, as_tallies, facts, minute_rows
from tests.oracle.scene import MINUTE_MS
from tests.oracle.windows import Subject, Tally, levels, windows


@given(st.data())
@settings(deadline=None, max_examples=40)
def test_any_arrival_gives_the_same_facts(data: st.DataObject) -> None:
    events = data.draw(histories())
    arrived = data.draw(arrivals_of(events))
    assert Counter(facts(arrived)) == Counter(facts(events))


def test_flows_add_up_to_the_items_that_are_there() -> None:
    events = history(Random(5), items=300)
    rows = minute_rows(events)
    for hours in (1, 3, 9, 30):
        at_ms = START_MS - START_MS % MINUTE_MS + hours * 60 * MINUTE_MS
        assert levels(rows, at_ms) == _headcount(events, at_ms)


def _headcount(events: list[Event], at_ms: int) -> dict[Subject, Tally]:
    counted: Counter[tuple[str, tuple[str, ...], int]] = Counter()
    for row in standing(events, at_ms).to_dict("records"):
        for grouping, dims in GROUPINGS.items():
            values = tuple(row[name] for name in dims)
            if None not in values:
                counted[grouping, values, row["gauge"] << 12] += 1
    tallies: dict[Subject, Tally] = {}
    for (grouping, values, key), n in counted.items():
        tallies.setdefault((grouping, values), {})[key] = n
    return tallies


def test_two_half_windows_make_a_whole_one() -> None:
    rows = minute_rows(arrivals(Random(6), history(Random(6), items=100)))
    middle_ms = START_MS - START_MS % MINUTE_MS + 90 * MINUTE_MS
    length_ms = 60 * MINUTE_MS
    whole = windows(rows, middle_ms + length_ms, 2 * length_ms)
    halves = [windows(rows, end, length_ms) for end in (middle_ms, middle_ms + length_ms)]
    for subject in {*whole, *halves[0], *halves[1]}:
        joined = Counter(halves[0].get(subject, {}))
        joined.update(halves[1].get(subject, {}))
        assert {k: n for k, n in joined.items() if n} == whole.get(subject, {})


def test_histories_are_nasty() -> None:
    kinds = Counter(event["event_type"] for event in history(Random(7), items=300))
    assert set(kinds) == {*RANKS, "presence.changed"}
    assert min(kinds.values()) >= 4


def test_histories_keep_the_contract() -> None:
    for event in history(Random(8), items=200):
        assert DICT_UNION.validate_python(event) == event


def test_a_null_is_a_field_that_was_not_given() -> None:
    events = history(Random(9), items=40)
    nulled = [
        dict.fromkeys(("queue_id", "team_id", "site", "labels", "active_ms", "reason")) | event
        for event in events
    ]
    assert as_tallies(minute_rows(nulled)) == as_tallies(minute_rows(events))
