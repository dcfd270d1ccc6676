"""SLA clocks in stage 1: what they watch, what they count for, and what they told."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.groupings import SEPARATOR
from schemas.metrics.declaration import SLA_ACTIVATE
from streams.core import wire
from streams.core.attainment import Standing
from streams.core.facts import Fact
from streams.core.gauges import Gauges
from streams.core.ledger import Entry
from streams.core.moments import Moment
from streams.core.shelf import home_of
from streams.core.subjects import Home
from streams.core.terms import Book
from streams.core.transitions import Kind
from streams.core.watch import HistoryOf, Watch

#: Stories told at once, some tenths of a second; no minute is sealed before the rest is told.
STORIES_AT_ONCE = 1_000

#: What changed of an item's ledger, by its key.
Told = list[tuple[str, tuple[Entry, ...]]]
_NO_CLOCKS = Book((), "", 0, {})


class Booking(NamedTuple):
    """Facts of one home, and the time of the record that caused them."""

    home: Home
    facts: list[Fact]
    record_ms: int


class Sla:
    """The SLA clocks of one source partition, and how many are due when."""

    def __init__(self, book: Book | None, gauges: Gauges, counted_ms: int) -> None:
        self._watch = Watch(book or _NO_CLOCKS, counted_ms)
        self._gauges = gauges
        self._runs = bool(book and book.promises)
        #: Of the policies that clocks run by.
        self.fingerprint = book.fingerprint if book else ""
        self._told: dict[str, dict[int, Entry]] = {}

    @property
    def dirty(self) -> int:
        """How many ledgers the next flush writes."""
        return self._watch.dirty

    def __contains__(self, key: str) -> bool:
        return key in self._watch

    def touch(self, key: str, moment: Moment) -> None:
        """An event of an item came."""
        if self._runs:
            self._watch.touch(key, moment)

    def waits(self, now_ms: int) -> bool:
        """Whether stories are left to be told at ``now_ms``."""
        return self._watch.waits(now_ms)

    def advance(
        self, now_ms: int, history_of: HistoryOf, first_seen_ms: dict[str, dict[str, int]]
    ) -> Iterator[Booking]:
        """Let time pass: facts by home and causing record, in slices of ``STORIES_AT_ONCE``.

        That clocks were started is noted in ``first_seen_ms``, as of an event of a source.
        """
        for told in self._watch.advance(now_ms, history_of, STORIES_AT_ONCE):
            home = home_of(told.key)
            said = self._told.setdefault(told.key, {})
            for entry in told.entries:
                said[entry.seq] = entry
                step = entry.transition
                if step.kind is Kind.ACTIVATE and step.contract == "SLA":
                    kinds = first_seen_ms.setdefault(SEPARATOR.join(home[:2]), {})
                    kinds[SLA_ACTIVATE] = min(step.at_ms, kinds.get(SLA_ACTIVATE, step.at_ms))
            for (scope, deadline_ms), n in told.moves:
                self._gauges.due(home, scope, deadline_ms, n)
            for record_ms, facts in told.bookings:
                yield Booking(home, facts, record_ms)

    def take_told(self) -> Told:
        """What was told since the last call, in the order in which it was."""
        told, self._told = self._told, {}
        return [(key, tuple(said[seq] for seq in sorted(said))) for key, said in told.items()]

    def take_dirty(self) -> list[tuple[bytes, bytes]]:
        """Changed ledgers as they are stored: key and payload."""
        return [(wire.SLA + key.encode(), packed) for key, packed in self._watch.take_dirty()]

    def put(self, key: str, packed: bytes) -> None:
        """Take a ledger back in, as recovery found it."""
        self._watch.put(key, packed)

    def recount(self, items: Iterable[str], told_by: str) -> Iterator[None]:
        """After recovery: count every deadline, in slices.

        When the policies are others than those the state was ``told_by``, every item's story is
        told again.
        """
        if told_by != self.fingerprint:
            for key in items:
                self._watch.revisit(key)
        for number, (key, standings) in enumerate(self._watch.begin(), start=1):
            self._count(key, standings, +1)
            if number % wire.SETTLED_AT_ONCE == 0:
                yield

    def touch_all(self, keys: Iterable[str]) -> None:
        """After recovery: say again what was told of these items."""
        for key in keys:
            if key in self._watch:
                self._told[key] = {entry.seq: entry for entry in self._watch.entries(key)}
                self._watch.rewrite(key)

    def _count(self, key: str, standings: Counter[Standing], n: int) -> None:
        home = home_of(key)
        for (scope, deadline_ms), count in standings.items():
            self._gauges.due(home, scope, deadline_ms, n * count)

    def forget(self, key: str) -> None:
        """Recovery found an item's ledger deleted."""
        self._watch.drop(key)

    def drop(self, key: str) -> list[bytes]:
        """Forget an item; the changelog keys to delete with it."""
        if key not in self._watch:
            return []
        self._count(key, self._watch.open_deadlines(key), -1)
        self._watch.drop(key)
        return [wire.SLA + key.encode()]
