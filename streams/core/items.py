"""Items of one source partition: histories that tell the same story in any order of arrival.

An item is the set of its events. Events are heard one by one and told by the flush, all of an
item's at once: in the usual case each is one step of the fold and brings its facts. Events out of
order in event time have the story told again, and only the moments whose facts changed count.
The level at which a fact is booked depends on the Kafka record that caused it: where that
matters, an event that overtook records of another topic has the item's whole account told anew in
the order of the records.
"""

from bisect import bisect, insort
from collections.abc import Callable

import msgspec

from streams.core.facts import Fact, negated
from streams.core.gauges import Standing
from streams.core.life import Life
from streams.core.moments import Moment
from streams.core.plan import Plan
from streams.core.shares import Shares
from streams.core.steps import step

#: Facts together with the time of the Kafka record that caused them.
Booking = tuple[int, list[Fact]]
#: The order of Kafka records as far as one item is concerned.
RecordOrder = tuple[int, tuple[int, int, int]]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, list[Moment]]).decode

#: Version of an item's stored form; decoders keep reading older ones.
ITEM_VERSION = 1


def _order(moment: Moment) -> tuple[int, int, int]:
    """What sorts an item's moments."""
    return (moment.t_ms, moment.code, moment.id)


def record_order(moment: Moment) -> RecordOrder:
    """What sorts the records that an item's moments came in."""
    return (moment.record_ms, (moment.t_ms, moment.code, moment.id))


class Item:
    """One item: its moments in order, and its life so far."""

    __slots__ = (
        "counted",
        "dirty",
        "extra_count",
        "fresh",
        "heard",
        "ids",
        "latest_ms",
        "life",
        "moments",
        "shares",
    )

    def __init__(self, extra_count: int, history: list[Moment] | None = None) -> None:
        self.extra_count = extra_count
        self.moments: list[Moment] = history or []
        self.ids = {moment.id for moment in self.moments}
        #: The latest Kafka record of which the item was heard.
        self.latest_ms = max([moment.record_ms for moment in self.moments], default=-1)
        self.life = Life(extra_count)
        for moment in self.moments:
            step(self.life, moment)
        #: Moments that are yet to be told.
        self.heard: list[Moment] = []
        #: Moments since the last flush: their labels are yet to be written.
        self.fresh: list[Moment] = []
        self.dirty = False
        #: What it counted for so far; None: yet to be worked out from its moments.
        self.shares: Shares | None = None
        #: Where the backlog's gauges have the item now.
        self.counted: Standing | None = None

    def hear(self, moment: Moment) -> None:
        """Take one new moment in; it counts once ``tell`` was called."""
        self.ids.add(moment.id)
        self.heard.append(moment)
        if moment.record_ms > self.latest_ms:
            self.latest_ms = moment.record_ms

    def tell(self, plan: Plan) -> list[Booking]:
        """Live through what was heard; returns the facts that change, by causing record.

        A fact older than its record by more than ``late_after_ms`` is booked apart from the rest.
        """
        if not self.heard:
            return []
        shares = self._shares(plan)
        bookings = self._tell(plan.late_after_ms)
        for record_ms, facts in bookings:
            shares.book(facts, record_ms, plan)
        return bookings

    def parts(self, plan: Plan) -> msgspec.Raw:
        """What it counts for, all being told, as ``ItemRow`` has it."""
        return self._shares(plan).parts(plan)

    def _shares(self, plan: Plan) -> Shares:
        if self.shares is None:
            self.shares = Shares()
            for record_ms, facts in self._booked(plan.late_after_ms):
                self.shares.book(facts, record_ms, plan)
        return self.shares

    def _booked(self, late_after_ms: int) -> list[Booking]:
        """All that was booked for what was told."""
        moments = self.moments
        if moments and moments[0].t_ms < self.latest_ms - late_after_ms:
            return _account(sorted(moments, key=record_order), self.extra_count)
        life = Life(self.extra_count)
        return [(self.latest_ms, [fact for moment in moments for fact in step(life, moment)])]

    def _tell(self, late_after_ms: int) -> list[Booking]:
        heard, self.heard = self.heard, []
        self.fresh += heard
        if len(heard) > 1:
            heard.sort(key=_order)
        moments = self.moments
        earliest_ms = heard[0].t_ms
        if moments and moments[0].t_ms < earliest_ms:
            earliest_ms = moments[0].t_ms
        if earliest_ms >= self.latest_ms - late_after_ms:
            # No record of this item books anything late, so their order makes no difference.
            return [(self.latest_ms, self._insert(heard))]
        return self._tell_late(heard)

    def _tell_late(self, heard: list[Moment]) -> list[Booking]:
        """The same where some facts are late, so that it matters which record caused them."""
        heard.sort(key=record_order)
        account = sorted(self.moments, key=record_order)
        if not account or record_order(heard[0]) > record_order(account[-1]):
            return [(moment.record_ms, self._insert([moment])) for moment in heard]
        was = _account(account, self.extra_count)
        for moment in heard:
            insort(account, moment, key=record_order)
            insort(self.moments, moment, key=_order)
        self._retell(0)
        return _differences(was, _account(account, self.extra_count))

    def _insert(self, new: list[Moment]) -> list[Fact]:
        """Put moments, in their order, where they belong; returns the facts that change."""
        moments, life = self.moments, self.life
        if not moments or new[0].t_ms > moments[-1].t_ms or _order(new[0]) > _order(moments[-1]):
            facts: list[Fact] = []
            for moment in new:
                facts += step(life, moment)
            moments += new
            return facts
        at = bisect(moments, _order(new[0]), key=_order)
        was = dict(zip([moment.id for moment in moments[at:]], self._retell(at), strict=True))
        moments += new
        moments.sort(key=_order)
        return _changes(was, moments[at:], self._retell(at))

    def _retell(self, at: int) -> list[list[Fact]]:
        """Tell the story again; what is told of each moment from ``at`` on."""
        life = self.life = Life(self.extra_count)
        for moment in self.moments[:at]:
            step(life, moment)
        return [step(life, moment) for moment in self.moments[at:]]

    def rewrite(self, change: Callable[[Moment], Moment]) -> None:
        """Change moments in what no fact depends on; everything heard has to be told."""
        assert not self.heard
        self.moments = [change(moment) for moment in self.moments]
        self.fresh = [change(moment) for moment in self.fresh]
        self._retell(0)

    def pack(self) -> bytes:
        """The stored form: the history; everything else follows from it."""
        return _encode((ITEM_VERSION, self.moments))


def unpack(data: bytes, extra_count: int) -> Item:
    """An item from its stored form; msgspec.ValidationError when it is not one."""
    version, history = _decode(data)
    assert version == ITEM_VERSION
    return Item(extra_count, history)


def _changes(
    was: dict[int, list[Fact]], moments: list[Moment], told: list[list[Fact]]
) -> list[Fact]:
    """The facts that turn one telling of some moments into another; none ever goes away."""
    changes: list[Fact] = []
    for moment, found in zip(moments, told, strict=True):
        before = was.get(moment.id)
        if before is None:
            changes += found
        elif before != found:
            changes += map(negated, before)
            changes += found
    return changes


def _account(moments: list[Moment], extra_count: int) -> list[Booking]:
    """What was booked, had the records come in this order."""
    item = Item(extra_count)
    return [(moment.record_ms, item._insert([moment])) for moment in moments]


def _differences(before: list[Booking], after: list[Booking]) -> list[Booking]:
    """The bookings that turn one account into the other."""
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    taken_back = [(record_ms, [negated(f) for f in facts]) for record_ms, facts in before[same:]]
    return taken_back + after[same:]
