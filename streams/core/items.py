"""Items of one source partition: histories that tell the same story in any order of arrival.

An item is the set of its events. In the usual case an event is the latest in every sense and one
step of the fold brings its facts. An event out of order in event time has the story told twice,
without it and with it, and only the difference counts. The level at which a difference is booked
depends on the Kafka record that caused it: where that matters, an event that overtook records of
another topic has the item's whole account told anew in the order of the records.
"""

from bisect import bisect, insort
from collections import Counter

import msgspec

from streams.core.facts import Fact
from streams.core.gauges import Standing
from streams.core.life import Life
from streams.core.moments import Moment
from streams.core.steps import changes_nothing, step

#: Facts together with the time of the Kafka record that caused them.
Booking = tuple[int, list[Fact]]
#: The order of Kafka records as far as one item is concerned.
RecordOrder = tuple[int, tuple[int, int, int]]

_NEVER: RecordOrder = (-1, (0, 0, 0))
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, list[Moment]]).decode

#: Version of an item's stored form; decoders keep reading older ones.
ITEM_VERSION = 1


def record_order(moment: Moment) -> RecordOrder:
    """What sorts the records that an item's moments came in."""
    return (moment.record_ms, moment.order)


def fold(history: list[Moment], extra_count: int, facts_from: int = 0) -> Life:
    """Tell a story from its beginning; ``facts`` are those from the given moment on."""
    life = Life(extra_count)
    for moment in history[:facts_from]:
        step(life, moment)
    life.facts = []
    for moment in history[facts_from:]:
        step(life, moment)
    return life


class Item:
    """One item: its moments in order, and its life so far."""

    __slots__ = ("counted", "dirty", "extra_count", "fresh", "ids", "latest", "life", "moments")

    def __init__(self, extra_count: int, history: list[Moment] | None = None) -> None:
        self.extra_count = extra_count
        self.moments: list[Moment] = history or []
        self.ids = {moment.id for moment in self.moments}
        self.latest = max(map(record_order, self.moments), default=_NEVER)
        self.life = fold(self.moments, extra_count, len(self.moments))
        #: Moments since the last flush: their labels are yet to be written.
        self.fresh: list[Moment] = []
        self.dirty = False
        #: Where the backlog's gauges have the item now.
        self.counted: Standing | None = None

    def book(self, moment: Moment, late_after_ms: int) -> list[Booking]:
        """Take one new moment in; returns the facts that change, by causing record.

        A fact older than its record by more than ``late_after_ms`` is booked apart from the rest.
        """
        self.ids.add(moment.id)
        order = record_order(moment)
        if order > self.latest:
            self.latest = order
            return [(moment.record_ms, self._live(moment))]
        earliest_ms = min(self.moments[0].t_ms, moment.t_ms)
        if earliest_ms >= self.latest[0] - late_after_ms:
            # No record of this item booked anything late, so their order makes no difference.
            return [(moment.record_ms, self._live(moment))]
        account = sorted(self.moments, key=record_order)
        before = _account(account, self.extra_count)
        insort(account, moment, key=record_order)
        after = _account(account, self.extra_count)
        insort(self.moments, moment, key=_moment_order)
        self.life = fold(self.moments, self.extra_count, len(self.moments))
        return _differences(before, after)

    def _live(self, moment: Moment) -> list[Fact]:
        moments = self.moments
        if not moments or moment.order > moments[-1].order:
            moments.append(moment)
            self.life.facts = []
            step(self.life, moment)
            return self.life.facts
        at = bisect(moments, moment.order, key=_moment_order)
        if changes_nothing(moment):
            moments.insert(at, moment)
            return []
        before = fold(moments, self.extra_count, at).facts
        moments.insert(at, moment)
        self.life = fold(moments, self.extra_count, at)
        return _difference(before, self.life.facts)

    def pack(self) -> bytes:
        """The stored form: the history; everything else follows from it."""
        return _encode((ITEM_VERSION, self.moments))


def unpack(data: bytes, extra_count: int) -> Item:
    """An item from its stored form; msgspec.ValidationError when it is not one."""
    version, history = _decode(data)
    assert version == ITEM_VERSION
    return Item(extra_count, history)


def _moment_order(moment: Moment) -> tuple[int, int, int]:
    return moment.order


def _account(moments: list[Moment], extra_count: int) -> list[Booking]:
    """What was booked, had the records come in this order."""
    item = Item(extra_count)
    return [(moment.record_ms, item._live(moment)) for moment in moments]


def _difference(before: list[Fact], after: list[Fact]) -> list[Fact]:
    """The facts that turn one telling into the other."""
    changes = Counter(after)
    changes.subtract(before)
    facts: list[Fact] = []
    for fact, n in changes.items():
        if n:
            signed = fact if n > 0 else fact.negated()
            facts += [signed] * abs(n)
    return facts


def _differences(before: list[Booking], after: list[Booking]) -> list[Booking]:
    """The bookings that turn one account into the other."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    taken_back = [(record_ms, [f.negated() for f in facts]) for record_ms, facts in before[same:]]
    return taken_back + after[same:]
