"""To forget somebody leaves nobody, and changes no count of a queue or a team, whatever comes."""

from random import Random

import pytest

from schemas.groupings import SEPARATOR
from streams.core import outputs, wire
from streams.core.forgetting import forget_in_rollups, forget_in_shard
from streams.core.forgotten import fingerprint, is_mark, mark, shown
from streams.core.shard import Shard
from tests.core.floors import Both, Event, PaneRows, Said, apply_all, new_shard, said
from tests.core.test_recovery import Log, replayable
from tests.oracle.histories import arrivals, history

SEEDS = range(25)
PEOPLE = {"annotator", "reviewer"}
EVERYTHING = 1_000_000


def people_of(events: list[Event]) -> list[str]:
    """Everybody whom events name."""
    names = ("actor_id", "reviewer_id", "author_id")
    return sorted({event[name] for event in events for name in names if event.get(name)})


def forget(shard: Shard, person: str) -> None:
    """Forget somebody at once."""
    for _ in forget_in_shard(shard, person, EVERYTHING):
        pytest.fail("there was to be no pause")


def of_nobody(rows: PaneRows) -> PaneRows:
    """The rows of groupings that are not by people."""
    return {at: tally for at, tally in rows.items() if at[0] not in PEOPLE}


def naming(rows: PaneRows, person: str) -> list[object]:
    """The rows that are about a person."""
    return [at for at in rows if at[0] in PEOPLE and person in at[1]]


def assert_gone(log: list[tuple[bytes, bytes | None]], person: str) -> None:
    """Of the last value of each key none names the person."""
    last = dict(log)
    text = person.encode()
    held = [key for key, value in last.items() if value is not None and text in key + value]
    assert held == []


def split(seed: int) -> tuple[Random, list[tuple[str, Said]], int, str]:
    """Records in some order, where to stop among them, and somebody in them."""
    rng = Random(seed)
    events = history(rng)
    # Names that are in nothing else, so that a search for one finds the person only.
    events = [_renamed(event) for event in events]
    records = said(arrivals(rng, events))
    return rng, records, rng.randrange(len(records) + 1), rng.choice(people_of(events))


def _renamed(event: Event) -> Event:
    names = ("actor_id", "reviewer_id", "author_id")
    return event | {name: f"p_{event[name]}_x" for name in names if event.get(name)}


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_counts_of_queues_and_teams_are_as_if_nobody_was_forgotten(
    seed: int, flushed: bool
) -> None:
    _, records, at, person = split(seed)
    calm = Both(apply_all(new_shard(), records))
    calm.flush()
    both = Both(apply_all(new_shard(), records[:at]))
    log = both.flush() if flushed else []
    forget(both.shard, person)
    log += both.flush()
    assert_gone(log, person)
    forget_in_rollups(both.state, person)
    both.rows = {key: row for key, row in both.rows.items() if person not in key[1]}
    apply_all(both.shard, records[at:])
    log += both.flush()
    assert of_nobody(both.panes()) == of_nobody(calm.panes())
    assert naming(both.panes(), person) == []
    others = {at: tally for at, tally in calm.panes().items() if at[0] in PEOPLE}
    kept = {at: tally for at, tally in both.panes().items() if at[0] in PEOPLE}
    assert kept.items() <= others.items()
    assert_gone(log, person)


@pytest.mark.parametrize("seed", SEEDS)
def test_owners_may_die_at_any_moment(seed: int) -> None:
    rng, records, at, person = split(seed)
    calm = Both(apply_all(new_shard(), records))
    calm.flush()
    log = Log()
    both = Both(log.recover(log.claim("0")))
    apply_all(both.shard, records[:at])
    log.append(both.flush(), both.shard.epoch, both.shard.seq)
    forget(both.shard, person)
    forget_in_rollups(both.state, person)
    written = both.shard.flush()
    assert written is not None
    if rng.random() < 0.5:
        # Durable and not sent; or nothing at all, and the command is read again.
        log.append(written.log, both.shard.epoch, written.seq)
        both = Both(log.recover(log.claim("1")), both.state).going_on(both)
    else:
        both = Both(log.recover(log.claim("1")), both.state).going_on(both)
        forget(both.shard, person)
    apply_all(both.shard, replayable(both.shard, records))
    log.append(both.flush(), both.shard.epoch, both.shard.seq)
    both.rows = {key: row for key, row in both.rows.items() if person not in key[1]}
    assert of_nobody(both.panes()) == of_nobody(calm.panes())
    assert_gone([record[:2] for record in log.records], person)
    assert log.recover(log.claim("2")).forgotten.holds(fingerprint(person))


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_of_items_and_labels_name_nobody(seed: int) -> None:
    _, records, at, person = split(seed)
    shard = apply_all(new_shard(), records[:at])
    forget(shard, person)
    apply_all(shard, records[at:])
    flush = shard.flush()
    assert flush is not None
    items, labels = outputs.rows(flush, 0)
    named = {row.annotator for row in items} | {row.reviewer for row in items}
    named |= {row.annotator for row in labels}
    assert person not in named
    assert not any(is_mark(name) for name in named)


def test_to_forget_twice_changes_nothing_more() -> None:
    _, records, at, person = split(1)
    both = Both(apply_all(new_shard(), records))
    forget(both.shard, person)
    both.flush()
    before = both.panes()
    forget(both.shard, person)
    again = dict(both.flush())
    assert set(again) <= {wire.META, wire.FORGOTTEN + fingerprint(person).encode()}
    assert both.panes() == before
    assert at is not None


def test_many_items_are_forgotten_in_slices() -> None:
    _, records, _, person = split(3)
    both = Both(apply_all(new_shard(), records))
    both.flush()
    listed = wire.FORGOTTEN + fingerprint(person).encode()
    pauses = 0
    for _ in forget_in_shard(both.shard, person, 1):
        assert listed not in dict(both.flush())
        pauses += 1
    assert pauses > 0
    assert listed in dict(both.flush())


def test_a_mark_is_the_same_within_an_item_and_another_elsewhere() -> None:
    here, there = SEPARATOR.join("abcd"), SEPARATOR.join("abce")
    assert mark(here, "p_1") == mark(here, "p_1")
    assert mark(here, "p_1") != mark(here, "p_2")
    assert mark(here, "p_1") != mark(there, "p_1")
    assert shown(mark(here, "p_1")) == ""
    assert shown("p_1") == "p_1"
