"""Laws of SLA clocks: whatever order things come in, the ledger and the counts say the story."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from schemas.measures import key_of
from streams.core import attainment
from streams.core.custody import Custody
from streams.core.ledger import holding
from streams.core.life import Life
from streams.core.steps import step
from streams.core.stories import Clocks, tell
from streams.core.transitions import Cause, Kind, Transition
from tests.core.clock_lives import at
from tests.core.clock_worlds import BOOK, END, KEY, LIFE, World, in_order, life, summed

dice = st.randoms(use_true_random=False)
_ENDS = (Kind.FULFIL, Kind.CANCEL)


def by_key(story: list[Transition]) -> dict[object, Transition]:
    return {step.key: step for step in story}


@given(dice)
def test_the_ledger_that_holds_is_the_story_in_any_order_with_any_ticks_and_crashes(
    rng: Random,
) -> None:
    moments = life(rng)
    arrivals = moments + rng.sample(moments, len(moments) // 2)
    rng.shuffle(arrivals)
    world = World()
    world.run(rng, arrivals)
    story = tell(BOOK, in_order(moments), at(END)).transitions
    assert by_key(holding(world.watch.entries(KEY))) == by_key(list(story))
    assert len({step.key for step in story}) == len(story)


@given(dice)
def test_what_was_booked_is_what_the_story_counts_for(rng: Random) -> None:
    moments = life(rng)
    arrivals = rng.sample(moments, len(moments))
    world = World()
    world.run(rng, arrivals)
    story = tell(BOOK, in_order(moments), at(END)).transitions
    assert summed(world.heard.facts) == summed(attainment.facts_of(story))


@given(dice)
def test_open_clocks_stand_where_a_fresh_look_finds_them(rng: Random) -> None:
    moments = life(rng)
    world, minute = World(), -5
    for each in rng.sample(moments, len(moments)):
        world.hear(each)
        minute += rng.randrange(LIFE // 10)
        world.tick(at(minute))
    story = tell(BOOK, in_order(moments), at(minute)).transitions
    assert +world.heard.due == attainment.open_deadlines(story) == world.watch.open_deadlines(KEY)
    assert min([due_ms for _, due_ms in +world.heard.due], default=at(minute)) >= at(minute)


@given(dice)
def test_a_breach_that_was_told_and_is_none_is_withdrawn_once(rng: Random) -> None:
    moments = life(rng)
    world = World()
    world.run(rng, rng.sample(moments, len(moments)))
    story = tell(BOOK, in_order(moments), at(END)).transitions
    breached = {(step.policy, step.cycle) for step in story if step.kind is Kind.BREACH}
    for clock, (told, withdrawn) in world.breaches_told().items():
        assert told - withdrawn == (clock in breached)


@given(dice)
def test_what_was_told_is_numbered_without_a_gap(rng: Random) -> None:
    moments = life(rng)
    world = World()
    world.run(rng, rng.sample(moments, len(moments)))
    numbers = [entry.seq for entry in world.heard.said]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {entry.seq for entry in world.watch.entries(KEY)} <= set(numbers)


@given(dice)
def test_time_that_passes_in_between_changes_nothing(rng: Random) -> None:
    moments = in_order(life(rng))
    clocks = Clocks(BOOK)
    for moment in moments:
        clocks.pass_to(rng.choice((moment.t_ms, moment.t_ms - 60_000)))
        clocks.step(moment)
    clocks.pass_to(at(END))
    told, at_once = clocks.story(), tell(BOOK, moments, at(END))
    assert by_key(list(told.transitions)) == by_key(list(at_once.transitions))
    assert told.next_ms == at_once.next_ms


@given(dice)
def test_a_story_only_grows_with_time_and_says_when(rng: Random) -> None:
    moments = in_order(life(rng))
    minute = rng.randrange(LIFE)
    now = tell(BOOK, moments, at(minute))
    later = tell(BOOK, moments, at(minute) + rng.randrange(3_600_000))
    assert by_key(list(now.transitions)).items() <= by_key(list(later.transitions)).items()
    if now.next_ms is not None:
        assert now.next_ms > at(minute)
        assert tell(BOOK, moments, now.next_ms - 1).transitions == now.transitions
    else:
        assert tell(BOOK, moments, at(END)).transitions == now.transitions


@given(dice)
def test_every_clock_that_started_is_open_or_ended_one_way(rng: Random) -> None:
    story = tell(BOOK, in_order(life(rng)), at(rng.randrange(LIFE))).transitions
    told = [step for step in story if step.contract == "SLA"]
    counts: Counter[int] = Counter()
    for fact in attainment.facts_of(story):
        counts.update(dict(fact.deltas))
    n = {name: counts[key_of(f"sla_{name}")] for name in (
        "activated", "breached", "breached_cancelled", "fulfilled", "fulfilled_late",
        "cancelled", "superseded")}  # fmt: skip
    begun = Counter((s.policy, s.cycle) for s in told if s.kind is Kind.ACTIVATE)
    ended = Counter((s.policy, s.cycle) for s in told if s.kind in _ENDS)
    still_open = begun - ended
    ends = n["fulfilled"] + n["fulfilled_late"] + n["cancelled"] + n["superseded"]
    assert n["activated"] == ends + still_open.total()
    late = {(s.policy, s.cycle) for s in told if s.kind is Kind.BREACH}
    superseded = sum(
        s.breached and s.kind is Kind.CANCEL and s.cause is not Cause.CANCEL for s in told
    )
    open_late = sum(clock in late for clock in still_open)
    assert n["breached"] == len(late)
    assert len(late) == n["fulfilled_late"] + n["breached_cancelled"] + superseded + open_late


@given(dice)
def test_burned_time_is_all_of_the_time(rng: Random) -> None:
    for told in tell(BOOK, in_order(life(rng)), at(END)).transitions:
        if told.kind in (*_ENDS, Kind.BREACH):
            paused_ms = sum(ms for state, *_, ms in told.burned if state == "paused")
            assert paused_ms == told.paused_ms
            assert sum(ms for *_, ms in told.burned) == told.elapsed_ms + told.paused_ms
        if told.kind is Kind.BREACH:
            assert told.elapsed_ms >= told.target_ms
            assert told.deadline_ms is not None and told.deadline_ms <= told.at_ms


@given(dice)
def test_custody_has_an_item_where_its_life_has_it(rng: Random) -> None:
    custody, lived = Custody(), Life(1)
    for moment in in_order(life(rng)):
        custody.step(moment)
        step(lived, moment)
        assert (custody.place.state, custody.queue) == (lived.state, lived.queue)
