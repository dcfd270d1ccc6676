"""Faults of workers and deliverers: killed, asleep, asked to stop, too many."""

import signal
import time
from functools import partial
from random import Random

from streams.core import wire
from tests.chaos.arena import SESSION_S, Arena
from tests.chaos.crew import REFUSED, Member
from tests.chaos.entry import PLACES, VERSION, arm
from tests.chaos.harm import Fault, hold, registered

FAULTS: dict[str, Fault] = {}
fault = partial(registered, FAULTS)
#: Longest that a process takes to come to a place of the code.
_HIT_S_MAX = 15.0
#: Longest that a new worker takes to get its partitions, or to be sent away; a busy machine takes
#: 40 s to start one.
_JOIN_S_MAX = 120.0


@fault("worker: kill -9")
def kill_worker(arena: Arena, rng: Random) -> None:
    """One worker, anywhere; its supervisor starts it again."""
    rng.choice(arena.crew.workers()).signal(signal.SIGKILL)


@fault("workers: kill -9 of all")
def kill_workers(arena: Arena, _: Random) -> None:
    """All workers at once."""
    for member in arena.crew.workers():
        member.signal(signal.SIGKILL)


@fault("deliverer: kill -9")
def kill_deliverer(arena: Arena, rng: Random) -> None:
    """One deliverer, anywhere."""
    rng.choice(arena.crew.deliverers()).signal(signal.SIGKILL)


@fault("zombie: SIGSTOP past the session")
def zombie(arena: Arena, rng: Random) -> None:
    """A worker that sleeps until others have its partitions, and then goes on."""
    member = rng.choice(arena.crew.workers())
    member.signal(signal.SIGSTOP)
    hold(rng, SESSION_S + 1, SESSION_S + 4)
    member.signal(signal.SIGCONT)


@fault("deliverer: SIGSTOP past the session")
def zombie_deliverer(arena: Arena, rng: Random) -> None:
    """A deliverer that sleeps for long, perhaps with rows half written."""
    member = rng.choice(arena.crew.deliverers())
    member.signal(signal.SIGSTOP)
    hold(rng, SESSION_S + 1, SESSION_S + 3)
    member.signal(signal.SIGCONT)


def _at_place(place: str, how: signal.Signals) -> Fault:
    def harm(arena: Arena, rng: Random) -> None:
        armed = arena.crew.armed
        arm(armed, place, how)
        if place.endswith(("claim", "replay", "seek")):
            # Only a rebalance comes there.
            kill_worker(arena, rng)
        until_s = time.monotonic() + _HIT_S_MAX
        while armed.exists() and time.monotonic() < until_s:
            time.sleep(0.05)
        armed.unlink(missing_ok=True)
        if how is signal.SIGSTOP:
            time.sleep(SESSION_S + 2)
            for member in _all(arena):
                member.signal(signal.SIGCONT)

    return harm


def _all(arena: Arena) -> list[Member]:
    return [*arena.crew.workers(), *arena.crew.deliverers()]


for _name in PLACES:
    for _when in ("before", "after"):
        FAULTS[f"kill -9 {_when} {_name}"] = _at_place(f"{_when}_{_name}", signal.SIGKILL)
for _name in ("append", "produce", "insert"):
    FAULTS[f"SIGSTOP before {_name}"] = _at_place(f"before_{_name}", signal.SIGSTOP)


@fault("rolling restart")
def rolling_restart(arena: Arena, _: Random) -> None:
    """Each worker stops in good order, with exit code 0, and starts again."""
    for member in arena.crew.workers():
        _await_at_work(member)
        code = arena.crew.restart(member)
        assert code in (0, -signal.SIGKILL, 70), f"{member.name} stopped with {code}"


@fault("rolling upgrade, and a way back that is refused")
def upgrade(arena: Arena, rng: Random) -> None:
    """Workers become a later version one by one; an old one is not let near their state."""
    crew = arena.crew
    old, newer = (
        {VERSION: str(wire.STATE_VERSION + n)} for n in (arena.upgrades, arena.upgrades + 1)
    )
    arena.upgrades += 1
    crew.upgrade(newer)
    members = crew.workers()
    for member in members:
        crew.restart(member)
        _await_at_work(member)
        hold(rng, 1, 3)  # Side by side with those that are still to come.
    crew.upgrade(old)
    refused = crew.ends[members[0].name, REFUSED]
    crew.restart(members[0])
    until_s = time.monotonic() + _JOIN_S_MAX
    while crew.ends[members[0].name, REFUSED] == refused:
        assert time.monotonic() < until_s, "an older version took the state of a later one"
        time.sleep(0.1)
    crew.upgrade(newer)
    crew.restart(members[0])


def _await_at_work(member: Member) -> None:
    until_s = time.monotonic() + _JOIN_S_MAX
    while not member.at_work and time.monotonic() < until_s:
        time.sleep(0.1)


@fault("scale 1, 4, 2")
def scale(arena: Arena, rng: Random) -> None:
    """Workers come and go under load; two stay."""
    first, second = arena.crew.workers()[:2]
    arena.crew.stop(second)
    hold(rng, 1, 2)
    more = [arena.crew.worker(f"more-{number}") for number in range(3)]
    hold(rng, 6, 9)
    for member in (more[0], first):
        arena.crew.stop(member)


@fault("two workers, one static id")
def same_id(arena: Arena, rng: Random) -> None:
    """Both claim the same place in the group until the second is taken away."""
    first = arena.crew.workers()[0]
    second = arena.crew.worker("double", instance=first.arguments[-1])
    until_s = time.monotonic() + _JOIN_S_MAX
    while not (second.at_work or arena.crew.ends) and time.monotonic() < until_s:
        time.sleep(0.1)
    hold(rng, 2, 6)
    arena.crew.stop(second)
