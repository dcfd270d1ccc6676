"""The SLA clocks of one source partition: touched by events, told by ticks, kept as bytes.

An event only notes that its item's story has more to say once time has passed it. A tick tells the
stories of the items that are due and returns what is new: entries for the ledger, and signed facts.
A tick costs in proportion to what falls due; it takes no more than it is allowed, and the rest
with the next call, so a policy change on a million clocks goes in slices.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from streams.core import attainment
from streams.core.deadlines import Deadlines
from streams.core.facts import Fact
from streams.core.ledger import Entry, holding, restate
from streams.core.moments import Moment
from streams.core.plan import Plan
from streams.core.stories import tell
from streams.core.terms import Book
from streams.core.transitions import Cause

#: The history of an item by its key; None when nobody knows it any more.
HistoryOf = Callable[[str], Sequence[Moment] | None]

#: Version of the stored form; decoders keep reading older ones.
STORED_VERSION = 1
_COUNTED_MS = Plan().retention_ms


class _Stored(msgspec.Struct, array_like=True, gc=False):
    """What is kept of an item's clocks beside its moments."""

    version: int
    book: str
    due_ms: int | None
    entries: tuple[Entry, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


@dataclass(frozen=True, slots=True)
class Told:
    """What a tick had to say about one item: changed entries, and facts by causing record.

    ``moves`` says how many open clocks came to (+) or left (-) a deadline.
    """

    key: str
    entries: tuple[Entry, ...]
    bookings: list[tuple[int, list[Fact]]]
    moves: list[tuple[attainment.Standing, int]]


class Watch:
    """All clocks of one source partition, by the key of their item.

    ``counted_ms`` is for how long panes can still be changed: what other policies restate before
    that is told by the ledger, and counted no more.
    """

    def __init__(self, book: Book, counted_ms: int = _COUNTED_MS) -> None:
        self._book = book
        self._counted_ms = counted_ms
        self._deadlines = Deadlines()
        #: Ledgers at rest, as stored; those that changed since the last flush are in ``_dirty``.
        self._packed: dict[str, bytes] = {}
        self._dirty: dict[str, tuple[Entry, ...] | None] = {}
        #: When the latest step happened that was told of an item.
        self._last_ms: dict[str, int] = {}
        #: Items to be told anew because the policies changed.
        self._anew: set[str] = set()

    def __len__(self) -> int:
        packed = self._packed
        return len(packed) + sum([key not in packed for key in self._dirty])

    def rewrite(self, key: str) -> None:
        """Have an item's ledger written with the next flush as it stands."""
        self._dirty.setdefault(key, None)

    @property
    def dirty(self) -> int:
        """How many ledgers the next flush writes."""
        return len(self._dirty)

    def touch(self, key: str, moment: Moment) -> None:
        """An event of the item came: its story has more to say when time has passed it.

        An event that moves no clock changes only what is told later, unless it is dated before
        what was told already.
        """
        if moment.code not in self._book.moved and moment.t_ms > self._last_ms.get(key, -1):
            return
        if self._deadlines.bring_forward(key, moment.t_ms + 1):
            self._dirty.setdefault(key, None)

    def revisit(self, key: str) -> None:
        """Have an item's story told again by the next tick, because the policies changed."""
        self._anew.add(key)
        self._deadlines.set(key, 0)
        self._dirty.setdefault(key, None)

    def waits(self, now_ms: int) -> bool:
        """Whether stories are left to be told at ``now_ms``."""
        return self._deadlines.waits(now_ms)

    def advance(self, now_ms: int, history_of: HistoryOf, limit: int) -> list[Told]:
        """Tell up to ``limit`` stories that are due by ``now_ms``, the earliest due first."""
        told = []
        for key in self._deadlines.take(now_ms, limit):
            history = history_of(key)
            if history is None:
                self.drop(key)
                continue
            found = self._tell(key, history, now_ms)
            if found.entries:
                told.append(found)
        return told

    def _tell(self, key: str, history: Sequence[Moment], now_ms: int) -> Told:
        stored = self._stored(key)
        story = tell(self._book, history, now_ms)
        why = Cause.LATE_EVENT if stored.book == self._book.fingerprint else Cause.POLICY
        restated = restate(stored.entries, story.transitions, now_ms, why)
        self._deadlines.set(key, story.next_ms)
        anew = key in self._anew
        self._anew.discard(key)
        self._dirty[key] = restated.entries
        self._note_last(key, restated.entries)
        if not restated.changed:
            return Told(key, (), [], [])
        before, after = holding(stored.entries), story.transitions
        bookings: dict[int, list[Fact]] = {}
        record_of = {f"{moment.id:016x}": moment.record_ms for moment in history}
        for fact, event_id in attainment.difference(before, after):
            # Its pane has been let go: a new one would take the place of what is in the rows.
            if anew and fact.t_ms < now_ms - self._counted_ms:
                continue
            # What time brought is booked as if time had been on the minute, what an event did as
            # of its record, whenever that is told. Other policies restate the past: caused now.
            caused_ms = now_ms if anew else record_of.get(event_id, fact.t_ms)
            bookings.setdefault(caused_ms, []).append(fact)
        moved = attainment.open_deadlines(after)
        if before:
            moved.subtract(attainment.open_deadlines(before))
        moves = [(standing, n) for standing, n in moved.items() if n]
        return Told(key, restated.changed, list(bookings.items()), moves)

    def open_deadlines(self, key: str) -> "Counter[attainment.Standing]":
        """Where and when the item's running clocks are due, as it was last told."""
        return attainment.open_deadlines(holding(self._stored(key).entries))

    def _note_last(self, key: str, entries: tuple[Entry, ...]) -> None:
        if entries:
            self._last_ms[key] = max(entry.transition.at_ms for entry in entries)

    def _stored(self, key: str) -> _Stored:
        packed = self._packed.get(key)
        if packed is None:
            stored = _Stored(STORED_VERSION, self._book.fingerprint, None, ())
        else:
            stored = _decode(packed)
        entries = self._dirty.get(key)
        if entries is not None:
            stored.entries, stored.book = entries, self._book.fingerprint
        return stored

    def entries(self, key: str) -> tuple[Entry, ...]:
        """Everything that was told about an item's clocks."""
        return self._stored(key).entries

    def take_dirty(self) -> list[tuple[str, bytes]]:
        """Ledgers that changed since the last call, in their stored form."""
        dirty, self._dirty = self._dirty, {}
        taken = []
        for key, told in dirty.items():
            stored = self._stored(key)
            stored.due_ms = self._deadlines.due_ms(key)
            if told is not None:
                stored.entries, stored.book = told, self._book.fingerprint
            if stored.entries or stored.due_ms is not None or key in self._packed:
                self._packed[key] = _encode(stored)
                taken.append((key, self._packed[key]))
        return taken

    def put(self, key: str, packed: bytes) -> None:
        """Take a ledger back in, as recovery found it; it is looked at by ``begin``."""
        self._packed[key] = packed

    def begin(self) -> "Iterator[tuple[str, Counter[attainment.Standing]]]":
        """After recovery: where and when the running clocks of each item are due.

        What was told under other policies is due at once.
        """
        for key, packed in self._packed.items():
            stored = _decode(packed)
            assert stored.version == STORED_VERSION
            self._note_last(key, stored.entries)
            self._deadlines.set(key, stored.due_ms)
            if stored.book != self._book.fingerprint:
                self._anew.add(key)
                self._deadlines.set(key, 0)
            yield key, attainment.open_deadlines(holding(stored.entries))

    def __contains__(self, key: str) -> bool:
        return key in self._packed or key in self._dirty

    def drop(self, key: str) -> bool:
        """Forget an item that is retired or was found deleted; says whether it was known."""
        known = key in self
        self._packed.pop(key, None)
        self._dirty.pop(key, None)
        self._last_ms.pop(key, None)
        self._anew.discard(key)
        self._deadlines.set(key, None)
        return known
