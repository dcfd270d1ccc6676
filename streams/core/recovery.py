"""A shard's state out of its changelog, whoever wrote to it.

Records come in offset order. A claim is the moment at which an owner took over: whatever an older
owner wrote after it is ignored, and written over with the next flush, deletions included.
"""

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import msgspec

from streams.core import wire
from streams.core.panes import Pane
from streams.core.shard import Shard


class PlanChanged(RuntimeError):
    """The state was written under other groupings or pane lengths and can't be read on."""


class StateTooNew(RuntimeError):
    """The state was written by a later version than this one: only that or a later one reads it."""


def check_version(version: int) -> None:
    """Refuse a state that this version does not know how to read; raises StateTooNew."""
    if version > wire.STATE_VERSION:
        raise StateTooNew(f"state {version}, read are states up to {wire.STATE_VERSION}")


class Keeper(Protocol):
    """State that can be put back together key by key."""

    def put_back(self, key: bytes, payload: bytes | None) -> None:
        """Take in (or, when None, forget) what a changelog says about a key."""

    def settle(self) -> Iterator[None]:
        """Work out what follows from all that was put back, in slices."""

    def begin(self, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        """Go on from here: re-write and re-send ``touched``, and delete or re-write ``stale``."""


class Replay:
    """Feeds a changelog to a keeper, leaving out what owners wrote after they had lost it."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._epoch = 0
        self._latest = (-1, -1)
        self._latest_keys: set[bytes] = set()
        self._overruled: set[bytes] = set()
        self._claims: list[bytes] = []
        self._is_settled = False

    def record(
        self, key: bytes, value: bytes | None, stamp_header: bytes | None, offset: int
    ) -> None:
        """One changelog record; ``stamp_header`` is what a deletion carries."""
        if key.startswith(wire.CLAIM):
            if value is not None:
                self._epoch = offset
                self._claims.append(key)
            return
        if value is None:
            payload = None
            epoch, seq, _ = wire.unstamped(stamp_header or wire.stamp(self._epoch, 0))
        else:
            epoch, seq, payload = wire.unstamped(value)
        if epoch < self._epoch:
            self._overruled.add(key)
            return
        if (epoch, seq) > self._latest:
            self._latest = (epoch, seq)
            self._latest_keys.clear()
        if (epoch, seq) == self._latest:
            self._latest_keys.add(key)
        self._keeper.put_back(key, payload)

    def settle(self) -> Iterator[None]:
        """Everything has been read: what takes long, in slices between which others may run."""
        yield from self._keeper.settle()
        self._is_settled = True

    def finish(self, epoch: int) -> None:
        """The claim of the new owner has been reached: it goes on from here."""
        if not self._is_settled:
            deque(self.settle(), maxlen=0)
        old_claims = set(self._claims[:-1])
        self._keeper.begin(epoch, self._latest_keys | self._overruled, self._overruled | old_claims)


class ShardKeeper:
    """Puts a stage 1 shard back together."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        #: One text for all that is kept under the name of an item.
        self._names: dict[str, str] = {}

    def put_back(self, key: bytes, payload: bytes | None) -> None:
        """Take in what the changelog says about a key."""
        shard, kind, name = self.shard, key[:1], key[1:].decode()
        name = self._names.setdefault(name, name)
        if kind == wire.META:
            assert payload is not None
            shard.meta = msgspec.json.decode(payload, type=wire.Meta)
            check_version(shard.meta.version)
            if shard.meta.plan != shard.plan.fingerprint:
                raise PlanChanged(f"{shard.meta.plan!r} became {shard.plan.fingerprint!r}")
        elif kind == wire.ITEM:
            if payload is None:
                shard.shelf.drop(name)
            else:
                shard.shelf.put(name, payload)
        elif kind == wire.PERSON:
            if payload is None:
                shard.persons.drop(name)
            else:
                shard.persons.put(name, payload)
        elif kind == wire.SLA:
            if payload is None:
                shard.sla.forget(name)
            else:
                shard.sla.put(name, payload)
        elif kind == wire.FORGOTTEN:
            if payload is None:
                shard.forgotten.drop(name)
            else:
                shard.forgotten.put(name)
        elif kind == wire.PANE:
            subject, start_ms, size_ms = wire.pane_of_key(key)
            if payload is None:
                shard.panes.drop(start_ms, size_ms, subject)
            else:
                tally = wire.unpack_tally(payload)
                shard.panes.put(Pane(subject, start_ms, size_ms, tally))
        else:
            raise AssertionError(f"unknown kind of key {kind!r}")

    def settle(self) -> Iterator[None]:
        """Count items and clocks in the gauges, and when they have to be looked at again."""
        shard = self.shard
        yield from shard.shelf.recount(shard.meta.watermark_ms)
        yield from shard.sla.recount(shard.shelf.keys(), shard.meta.policies)

    def begin(self, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        """Number flushes anew; what the last owner may not have sent goes out again."""
        shard = self.shard
        shard.epoch, shard.seq = epoch, -1
        # What is written from now on is of this version, whoever wrote what was read.
        shard.meta.version = wire.STATE_VERSION
        names = {
            kind: {key[1:].decode() for key in touched if key[:1] == kind}
            for kind in (wire.ITEM, wire.PERSON, wire.SLA, wire.FORGOTTEN)
        }
        shard.shelf.touch_all(names[wire.ITEM])
        shard.persons.touch_all(names[wire.PERSON])
        shard.forgotten.store(names[wire.FORGOTTEN])
        shard.sla.touch_all(names[wire.SLA])
        shard.meta.policies = shard.sla.fingerprint
        kept = set()
        for key in touched:
            pane = shard.panes.find(*wire.pane_of_key(key)) if key[:1] == wire.PANE else None
            if pane is not None:
                shard.panes.touch(pane)
                kept.add(key)
        shard.delete(key for key in stale - kept - {wire.META} if not self._holds(key))
        shard.changed = True

    def _holds(self, key: bytes) -> bool:
        """Whether the state has what a key stands for."""
        kind, name = key[:1], key[1:].decode(errors="replace")
        if kind == wire.ITEM:
            return name in self.shard.shelf
        if kind == wire.PERSON:
            return name in self.shard.persons
        if kind == wire.FORGOTTEN:
            return self.shard.forgotten.holds(name)
        return kind == wire.SLA and name in self.shard.sla
