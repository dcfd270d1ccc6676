"""What is told about clocks: in time, once, and taken back when a late event says otherwise."""

import pytest

from schemas.measures import key_of
from schemas.policies import PolicyFile
from streams.core.kept import Layout, NotKept, extras_needed
from streams.core.ledger import sla_row
from streams.core.stories import tell
from streams.core.terms import make_book
from streams.core.transitions import Cause, Kind
from streams.core.watch import Watch
from tests.core.clock_lives import PLAIN, T0, at, book_of, moment, said
from tests.core.clock_worlds import KEY, SHORTER, World, summed

BOOK = book_of(PLAIN)
QUEUED = moment(0, "item.queued", queue="images")
#: Handed in at 50, heard of at 75.
LATE = moment(50, "item.submitted", record=75, team="blue")


def counted(world: World) -> dict[str, int]:
    """What the panes hold by now, over all times and places."""
    names = ("activated", "breached", "breached_cancelled", "fulfilled", "fulfilled_late",
             "cancelled", "superseded", "overdue_ms", "paused_ms")  # fmt: skip
    sums = summed(world.heard.facts)
    totals = {
        name: sum(n for (_, _, key), n in sums.items() if key == key_of(f"sla_{name}"))
        for name in names
    }
    return {name: n for name, n in totals.items() if n}


def test_a_result_that_comes_late_but_was_in_time_withdraws_the_breach() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    world.tick(at(70))
    assert said(world.heard.said) == [("activate", True), ("at_risk", True), ("breach", True)]
    assert counted(world) == {"activated": 1, "breached": 1}
    world.hear(LATE)
    (told,) = world.tick(at(76))
    assert said(told.entries) == [("breach", False), ("breach_withdrawn", True), ("fulfil", True)]
    assert counted(world) == {"activated": 1, "fulfilled": 1}
    withdrawal = told.entries[1].transition
    assert (withdrawal.at_ms, withdrawal.cause) == (at(76), Cause.LATE_EVENT)
    assert world.tick(at(600)) == []


def test_the_correction_takes_back_exactly_what_was_booked_where_it_was_booked() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    (breach,) = world.tick(at(61), limit=9)
    assert [caused_ms for caused_ms, _ in breach.bookings] == [at(0), at(48), at(60)]
    world.hear(LATE)
    (told,) = world.tick(at(76))
    deltas = {
        (caused_ms, fact.t_ms, key): n
        for caused_ms, facts in told.bookings
        for fact in facts
        for key, n in fact.deltas
    }
    assert deltas[at(60), at(60), key_of("sla_breached")] == -1
    assert deltas[LATE.record_ms, at(50), key_of("sla_fulfilled")] == 1


def test_what_time_brings_is_booked_as_of_its_own_time() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    world.tick(at(1))
    (told,) = world.tick(at(500))
    assert [caused_ms for caused_ms, _ in told.bookings] == [at(48), at(60)]


def test_a_late_pause_that_only_moves_the_breach_restates_it_and_withdraws_nothing() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    world.tick(at(100))
    world.hear(moment(10, "work.paused", record=100, reason="client"))
    world.hear(moment(20, "work.resumed", record=100))
    (told,) = world.tick(at(101))
    assert ("breach_withdrawn", True) not in said(told.entries)
    (breach,) = [each for each in told.entries if each.transition.kind is Kind.BREACH]
    assert breach.transition.at_ms == at(70)
    assert (breach.told_ms, breach.restated_ms) == (at(100), at(101))


def test_a_cancellation_after_the_deadline_stays_a_breach_and_leaves_attainment() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    world.hear(moment(90, "item.cancelled", reason="dup"))
    world.tick(at(600))
    expected = {"activated": 1, "breached": 1, "breached_cancelled": 1, "cancelled": 1}
    assert counted(world) == expected
    sums = summed(world.heard.facts)
    assert {t_ms for _, t_ms, key in sums if key == key_of("sla_breached_cancelled")} == {at(60)}


def test_pauses_show_even_when_they_make_the_target() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    for number in range(5):
        world.hear(moment(10 + 100 * number, "work.paused", reason="client", id=f"p{number}"))
        world.hear(moment(105 + 100 * number, "work.resumed", id=f"r{number}"))
    world.hear(moment(530, "item.submitted"))
    world.tick(at(600))
    assert counted(world) == {"activated": 1, "fulfilled": 1, "paused_ms": 475 * 60_000}


def test_only_what_a_client_was_promised_counts() -> None:
    world = World(book_of(PLAIN, contract="OLA"))
    world.hear(QUEUED)
    world.tick(at(600))
    assert len(world.heard.said) == 3
    assert world.heard.facts == []


def test_a_new_version_is_for_new_clocks() -> None:
    world = World(book_of(PLAIN, SHORTER))
    world.hear(moment(190, "item.queued", queue="images"))
    world.hear(moment(240, "item.submitted"))
    world.hear(moment(300, "item.queued", id="again", reason="rework"))
    world.tick(at(600))
    found = [(e.transition.version, e.transition.target_ms // 60_000) for e in world.heard.said]
    assert found == [(1, 60), (1, 60), (1, 60), (2, 45), (2, 45), (2, 45)]


def test_a_new_version_is_for_open_clocks_where_it_says_so_and_both_are_on_record() -> None:
    world = World(book_of(PLAIN, SHORTER | {"applies": "open"}))
    world.hear(moment(190, "item.queued", queue="images"))
    world.tick(at(600))
    found = [
        (e.transition.kind.value, e.transition.version, (e.transition.at_ms - T0) // 60_000)
        for e in world.heard.said
    ]
    assert found == [
        ("activate", 1, 190), ("cancel", 1, 200), ("activate", 2, 200),
        ("at_risk", 2, 226), ("breach", 2, 235),
    ]  # fmt: skip
    assert {entry.transition.cycle for entry in world.heard.said} == {1}


def test_a_new_file_restates_what_the_old_one_said_and_says_why() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    world.tick(at(70))
    world.flush()
    world.book = book_of(PLAIN | {"targets": [{"target": "2h"}]})
    world.restart(world.heard)
    (told,) = world.tick(at(71))
    withdrawn = [e.transition for e in told.entries if e.transition.kind is Kind.BREACH_WITHDRAWN]
    assert [step.cause for step in withdrawn] == [Cause.POLICY]
    assert [caused_ms for caused_ms, _ in told.bookings] == [at(71)]


def test_an_item_that_no_old_policy_touched_is_told_under_new_ones_when_asked_for() -> None:
    world = World(book_of(PLAIN | {"start": [{"event": "review.queued"}]}))
    world.hear(QUEUED)
    world.tick(at(70))
    world.flush()
    world.book = BOOK
    world.restart(world.heard)
    assert world.tick(at(71)) == []
    world.watch.revisit(KEY)
    (told,) = world.tick(at(72))
    assert len(told.entries) == 3
    assert [caused_ms for caused_ms, _ in told.bookings] == [at(72)]


def test_an_item_that_is_gone_is_forgotten() -> None:
    watch = Watch(BOOK)
    watch.touch(KEY, QUEUED)
    assert watch.advance(at(70), lambda _: None, 10) == []
    assert (len(watch), watch.waits(at(600))) == (0, False)


def test_an_item_without_clocks_takes_no_room() -> None:
    watch = Watch(book_of(PLAIN | {"start": [{"event": "review.queued"}]}))
    watch.touch(KEY, QUEUED)
    watch.advance(at(70), lambda _: [QUEUED], 10)
    assert (watch.take_dirty(), len(watch)) == ([], 0)


def test_what_falls_due_is_told_in_slices() -> None:
    watch = Watch(BOOK)
    for number in range(5):
        watch.touch(f"item-{number}", QUEUED)
    told = [len(watch.advance(at(70), lambda _: [QUEUED], 2)) for _ in range(3)]
    assert (told, watch.waits(at(70))) == ([2, 2, 1], False)


def test_a_row_says_what_a_dispute_needs() -> None:
    world = World(BOOK)
    world.hear(QUEUED)
    world.tick(at(70))
    row = sla_row(KEY, world.heard.said[-1], written=7)
    assert (row.org, row.source, row.project, row.item_id) == ("acme", "cvat", "p", "job-1")
    assert (row.policy, row.version, row.kind, row.holds) == ("triage", 1, "breach", True)
    assert (row.at_ms, row.told_ms, row.deadline_ms) == (at(60), at(70), at(60))
    assert row.burned == (("waiting", "images", "", 3_600_000),)
    assert row.revision == 7


def test_what_moments_do_not_keep_can_not_be_asked_for() -> None:
    version = {"version": 1, **PLAIN}
    file = PolicyFile.model_validate(
        {"policies": [{"id": "one", "title": "One", "versions": [version]}]}
    )
    assert extras_needed(file) == ("priority",)
    with pytest.raises(NotKept, match="one version 1 asks for priority"):
        make_book(file, Layout())
    with pytest.raises(NotKept, match=r"asks for reason of work\.paused"):
        make_book(file, Layout(("priority",), {}))


def test_nothing_is_told_of_a_time_before_the_first_version() -> None:
    book = book_of(PLAIN | {"valid_from": at(100)})
    assert tell(book, [QUEUED], at(600)).transitions == ()
