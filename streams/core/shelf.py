"""All items of one source partition: the few at hand unpacked, the many packed.

An item at rest is its stored form, some hundred bytes. It is unpacked when an event touches it or
a mark of its due time passes, and packed again by the flush that makes the change durable.
"""

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush

from schemas.groupings import SEPARATOR
from streams.core import wire
from streams.core.forgotten import names_anybody, without
from streams.core.gauges import Gauges, Standing, due_marks, standing_of
from streams.core.items import Item, unpack
from streams.core.life import WAITING
from streams.core.plan import MINUTE_MS, Plan
from streams.core.subjects import Home


def home_of(key: str) -> Home:
    """(org, source, project) of an item's key."""
    org, source, project, _ = key.split(SEPARATOR, 3)
    return org, source, project


class Shelf:
    """Items by key (org, source, project, item id), their gauges, due marks and retirement."""

    def __init__(self, plan: Plan, gauges: Gauges) -> None:
        self._plan = plan
        self._gauges = gauges
        self._extra_count = len(plan.extra_dims)
        self._packed: dict[str, bytes] = {}
        self._hot: dict[str, Item] = {}
        self._dirty: list[tuple[str, Item]] = []
        self._marks: list[tuple[int, str]] = []
        #: Who may have to go from a minute (UTC ms of its start) on, and these minutes as a heap:
        #: a tuple for each item in a heap of its own would weigh as much as the item.
        self._expiries: dict[int, list[str]] = {}
        self._expiry_minutes: list[int] = []
        self._kept_ms_min = min(plan.retention_ms, plan.open_item_retention_ms)
        #: Event time that the due marks have been brought up to.
        self._now_ms = 0

    def __len__(self) -> int:
        packed = self._packed
        return len(packed) + sum([key not in packed for key in self._hot])

    @property
    def dirty(self) -> int:
        """How many items changed since the last flush."""
        return len(self._dirty)

    def keys(self) -> list[str]:
        """Of all items."""
        return list(self._packed.keys() | self._hot.keys())

    def __contains__(self, key: str) -> bool:
        return key in self._packed or key in self._hot

    def item(self, key: str) -> Item:
        """The item with this key, new when it was never heard of."""
        item = self._hot.get(key)
        if item is None:
            packed = self._packed.get(key)
            item = Item(self._extra_count) if packed is None else self._unpack(packed)
            self._hot[key] = item
        return item

    def may_be_expired(self, item: Item, record_ms: int) -> bool:
        """Whether a record of that time may come after the item's retention ended."""
        return record_ms - item.latest_ms >= self._kept_ms_min and bool(item.moments or item.heard)

    def expired(self, item: Item, record_ms: int) -> bool:
        """Whether a record of that time comes after the retention of an item, told in full."""
        return bool(item.moments) and self._expiry_ms(item) <= record_ms

    def holding(self, text: str) -> list[str]:
        """The keys of items at hand, and of those whose stored form has this text."""
        sought = text.encode()
        return [*self._hot, *(key for key, it in self._packed.items() if sought in it)]

    def forget(self, key: str, person: str, tell: Callable[[str, Item], None]) -> bool:
        """Put a mark in a person's place in an item's story; whether they were in it.

        ``tell`` books what was heard, which is still told as theirs.
        """
        item = self.item(key) if key in self else None
        if item is None or not names_anybody([*item.moments, *item.heard], person):
            return False
        tell(key, item)
        item.rewrite(partial(without, key=key, person=person))
        self.touch(key, item)
        return True

    def renew(self, key: str, item: Item) -> Item:
        """A new item in an expired one's place, as if a tick had retired it."""
        self._gauges.move(home_of(key), item.counted, None)
        new = self._hot[key] = Item(self._extra_count)
        if item.dirty:
            self._dirty = [entry for entry in self._dirty if entry[1] is not item]
            new.fresh = item.fresh
        return new

    @property
    def changed(self) -> list[tuple[str, Item]]:
        """The items that the next flush writes, with their keys."""
        return self._dirty

    def touch(self, key: str, item: Item) -> None:
        """Have an item written with the next flush."""
        if not item.dirty:
            item.dirty = True
            self._dirty.append((key, item))

    def put(self, key: str, packed: bytes) -> None:
        """Take an item back in, as recovery found it."""
        self._packed[key] = packed

    def drop(self, key: str) -> None:
        """Forget an item that recovery found deleted."""
        self._packed.pop(key, None)

    def recount(self, now_ms: int) -> Iterator[None]:
        """After recovery: count every item in the gauges, in slices."""
        self._now_ms = now_ms
        for number, (key, packed) in enumerate(self._packed.items(), start=1):
            item = self._unpack(packed)
            self._gauges.move(home_of(key), None, item.counted)
            self._schedule(key, item)
            self._look_again(key, self._expiry_ms(item))
            if number % wire.SETTLED_AT_ONCE == 0:
                yield

    def touch_all(self, keys: set[str]) -> None:
        """After recovery: have these items written and sent again."""
        for key in keys & self._packed.keys():
            item = self.item(key)
            item.fresh = list(item.moments)
            self.touch(key, item)

    def take_dirty(self) -> list[tuple[str, Item, bytes]]:
        """Changed items with their stored form; their gauges are brought up to date."""
        dirty, self._dirty = self._dirty, []
        taken = []
        for key, item in dirty:
            item.dirty = False
            if item.counted is None and key not in self._packed:
                self._look_again(key, self._expiry_ms(item))
            self._count(key, item)
            # To the end of those at hand: it was needed last.
            self._hot[key] = self._hot.pop(key)
            packed = self._packed[key] = item.pack()
            taken.append((key, item, packed))
        return taken

    def cool(self) -> None:
        """Let go of unpacked items beyond the limit, those longest untouched first."""
        surplus = len(self._hot) - self._plan.hot_items_max
        if surplus > 0:
            for key in list(self._hot)[:surplus]:
                if not self._hot[key].dirty:
                    del self._hot[key]

    def advance(self, now_ms: int) -> list[str]:
        """Let time pass: due marks count in the gauges, old items go; returns the keys that went.

        Costs in proportion to what falls due, not to what is open.
        """
        due: dict[str, Item] = {}
        while self._marks and self._marks[0][0] <= now_ms:
            key = heappop(self._marks)[1]
            if key in self._hot or key in self._packed:
                due[key] = self.item(key)
        self._now_ms = max(self._now_ms, now_ms)
        for key, item in due.items():
            if not item.dirty:
                self._count(key, item)
        return self._retire(now_ms)

    def _look_again(self, key: str, at_ms: int) -> None:
        """See from then on whether an item has to go."""
        minute_ms = at_ms - at_ms % MINUTE_MS
        keys = self._expiries.get(minute_ms)
        if keys is None:
            keys = self._expiries[minute_ms] = []
            heappush(self._expiry_minutes, minute_ms)
        keys.append(key)

    def _retire(self, now_ms: int) -> list[str]:
        gone, stay = [], []
        while self._expiry_minutes and self._expiry_minutes[0] <= now_ms:
            for key in self._expiries.pop(heappop(self._expiry_minutes)):
                item = self.item(key)
                expiry_ms = self._expiry_ms(item)
                if expiry_ms > now_ms or item.dirty:
                    stay.append((key, max(expiry_ms, now_ms + 1)))
                    continue
                self._gauges.move(home_of(key), item.counted, None)
                del self._hot[key]
                self._packed.pop(key, None)
                gone.append(key)
        for key, at_ms in stay:
            self._look_again(key, at_ms)
        return gone

    def _count(self, key: str, item: Item) -> None:
        new = self._standing(item)
        self._gauges.move(home_of(key), item.counted, new)
        item.counted = new
        self._schedule(key, item)

    def _schedule(self, key: str, item: Item) -> None:
        standing = item.counted
        if standing is None or standing.state != WAITING or standing.aged in (None, 3):
            return
        marks = due_marks(item.life)
        assert marks is not None and standing.aged is not None
        heappush(self._marks, (marks[standing.aged], key))

    def _expiry_ms(self, item: Item) -> int:
        plan = self._plan
        closed = item.life.closed
        kept_ms = plan.retention_ms if closed else plan.open_item_retention_ms
        return item.latest_ms + kept_ms

    def _standing(self, item: Item) -> Standing:
        return standing_of(item.life, item.moments[0].t_ms, self._now_ms)

    def _unpack(self, packed: bytes) -> Item:
        item = unpack(packed, self._extra_count)
        item.counted = self._standing(item)
        return item
