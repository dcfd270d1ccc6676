"""How a partition forgets a person: what was counted together stays, who it was does not.

The person's panes and windows go. Items keep their story with a mark in the person's place, so
whatever comes later changes the counts of queues and teams as it would have, and nobody's.
"""

from collections.abc import Iterator
from functools import partial

from streams.core import wire
from streams.core.forgotten import fingerprint, mark, names_person
from streams.core.rollups import GAUGE, Rollups, quarter_key
from streams.core.shard import Shard


def forget_in_shard(shard: Shard, person: str, at_once: int) -> Iterator[None]:
    """Forget a person, with a pause for a flush after ``at_once`` items.

    Only the flush after the last step stores that it is done: begun again it changes nothing more.
    """
    shard.forgotten.add(person, stored=False)
    gone = shard.persons.rename(person, partial(mark, person=person))
    shard.delete(wire.PERSON + key.encode() for key in gone)
    since = 0
    for key in shard.shelf.holding(person):
        since += shard.shelf.forget(key, person, shard.tell)
        if since >= at_once:
            shard.changed = True
            yield
            since = 0
    shard.subjects.forget()
    shard.delete(shard.panes.remove(partial(names_person, person=person)))
    shard.forgotten.store([fingerprint(person)])
    shard.changed = True


def forget_in_rollups(state: Rollups, person: str) -> None:
    """Let go of everything that stage 2 keeps about a person, now and in what comes."""
    doomed = partial(names_person, person=person)
    gone: set[bytes] = set()
    for at in [at for at in state.parts if doomed(at[0])]:
        state.parts.drop(at)
        state.dirty_panes.discard(at)
        gone.add(wire.pane_key(*at))
    for quarter in [key for key in state.quarters if doomed(key[0])]:
        state.quarters.drop(quarter)
        gone.add(quarter_key(*quarter))
    for key in [key for key in state.subjects if doomed(key)]:
        del state.subjects[key]
        gone.add(GAUGE + key.encode())
    state.deleted |= gone
    state.dirty_keys -= gone
    state.forgotten.add(person)
    state.changed = True
