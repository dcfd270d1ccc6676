"""A restart changes nothing that rules say, wherever it comes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Acknowledge, Matcher, Silence
from tests.core.rule_floors import RuleFloor, book, queue, rule, steps

BAD = {"golden_n": 10, "golden_correct": 5}
RULES = book(
    rule(window="5m", for_="2m", keep_firing_for="3m", clear=0.95),
    rule(alert="Bad", window="1h", value=0.7),
    rule(alert="Sure", window=None, decide_on="confidence", since="last_change", series=10),
    rule(alert="Mild", window="15m", value=0.99, inhibited_by=["Bad"]),
)

#: What happens in a minute: correct ones of ten for two queues, or silence.
minutes = st.lists(
    st.tuples(st.integers(0, 10), st.sampled_from(["q1", "q2", ""])), min_size=1, max_size=40
)


def live(day: list[tuple[int, str]], deaths: set[int]) -> RuleFloor:
    floor = RuleFloor(RULES)
    for number, (correct, name) in enumerate(day):
        if name:
            floor.minute({"golden_n": 10, "golden_correct": correct}, subject=queue(name))
        else:
            floor.quiet(3)
        if number == len(day) // 3 and floor.said:
            floor.command(Acknowledge("c", floor.said[0].fingerprint, "ana", floor.now_ms))
        if number == len(day) // 2:
            quiet = (Matcher("queue", "q1"),)
            until_ms = floor.now_ms + 300_000
            floor.command(Silence("s", quiet, 0, until_ms, "ana", "", floor.now_ms))
        if number in deaths:
            # Everything was sent, so what is said again is known to all.
            again = floor.take_over()
            assert {each.id for each in again} <= {each.id for each in floor.said}
    return floor


@settings(max_examples=40, deadline=None)
@given(minutes, st.sets(st.integers(0, 40), max_size=8))
def test_owners_may_die_after_any_flush(day: list[tuple[int, str]], deaths: set[int]) -> None:
    assert live(day, deaths).said == live(day, set()).said


@settings(max_examples=40, deadline=None)
@given(minutes)
def test_ids_are_said_once_and_count_up_within_an_episode(day: list[tuple[int, str]]) -> None:
    said = live(day, set()).said
    assert len({each.id for each in said}) == len(said)
    episodes: dict[tuple[str, int], list[int]] = {}
    for each in said:
        episodes.setdefault((each.fingerprint, each.starts_at_ms), []).append(each.seq)
    for numbers in episodes.values():
        assert numbers == list(range(1, len(numbers) + 1))


def test_what_a_dead_owner_may_not_have_sent_is_said_again_with_the_same_id() -> None:
    floor = RuleFloor(book(rule()))
    (fired,) = floor.minutes(2, BAD)
    floor.minute(BAD)
    assert floor.take_over() == []
    floor = RuleFloor(book(rule()))
    floor.minute({"golden_n": 9, "golden_correct": 1})
    (fired,) = floor.minute(BAD)
    (again,) = floor.take_over()
    assert again == fired
    # The new owner's flush says it, too, so that it survives the next death as well.
    floor.minute(BAD)
    assert floor.take_over() == [fired]


def test_what_is_over_leaves_nothing_behind() -> None:
    floor = RuleFloor(book(rule(window="5m")))
    floor.minutes(2, BAD)
    floor.minutes(60, {"golden_n": 10, "golden_correct": 10})
    floor.minutes(24 * 60)
    assert steps(floor.said) == ["firing", "resolved"]
    assert floor.alerting.state.alerts == {}
    assert [key[:2] for key in floor.stored] == [b"rc"]
