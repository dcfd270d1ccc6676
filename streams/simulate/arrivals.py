"""Which items come, and when: by the day's curve, as much as the seats can nearly do."""

import math
import random

from streams.simulate.config import FloorConfig, QueueConfig
from streams.simulate.incidents import Troubles
from streams.simulate.outbox import Outbox
from streams.simulate.roster import ABSENT_SHARE, DAY_MS, Seat
from streams.simulate.work import Item, item_fields

DIURNAL_SWING = 0.35
BUSIEST_HOUR_UTC = 13
# Claiming, skipping, pausing, a second attempt now and then.
OVERHEAD_FACTOR = 1.15
CLAIM_MS_MEAN = 3_000
WAITING_PER_SEAT_AT_START = 0.5


class Arrivals:
    """Makes new items, and spaces them as a Poisson process whose rate follows the day."""

    def __init__(
        self,
        config: FloorConfig,
        troubles: Troubles,
        outbox: Outbox,
        chance: random.Random,
        seats: list[Seat],
    ) -> None:
        self._troubles = troubles
        self._outbox = outbox
        self._chance = chance
        self._items = 0
        self._seats = {
            q.name: sum(1 for s in seats if not s.reviewer and s.queues[0] == q)
            for q in config.queues
        }
        self._per_ms = {q.name: config.load * _capacity_per_ms(q, seats) for q in config.queues}

    def backlog_at_start(self, queue: QueueConfig) -> int:
        """How many items wait when the run begins, so that nobody starts with nothing to do."""
        return math.ceil(self._seats[queue.name] * WAITING_PER_SEAT_AT_START)

    def next_ms(self, queue: QueueConfig, now_ms: int) -> int:
        """When the next item of this queue comes."""
        hour = now_ms % DAY_MS / (DAY_MS / 24)
        day_factor = 1 + DIURNAL_SWING * math.cos((hour - BUSIEST_HOUR_UTC) * math.pi / 12)
        rate = (
            self._per_ms[queue.name]
            * day_factor
            * self._troubles.arrivals_factor(queue.name, now_ms)
        )
        return now_ms + max(1, int(self._chance.expovariate(rate)))

    def new_item(self, queue: QueueConfig, now_ms: int) -> Item:
        """An item that comes now."""
        chance = self._chance
        self._items += 1
        truth = chance.choices(queue.labels, queue.label_weights)[0]
        prelabel = None
        if chance.random() < queue.prelabel_share:
            prelabel = truth if chance.random() < 0.8 else chance.choice(queue.labels)
        golden = chance.random() < queue.golden_share
        return Item(self._outbox.new_id("i", self._items), queue, now_ms, truth, golden, prelabel)

    def announce(self, item: Item, now_ms: int) -> None:
        """Emits the item's creation."""
        queue = item.queue
        fields = item_fields(item) | {
            "created_at": now_ms,
            "unit_count": queue.units,
            "content_kind": queue.category,
            "due_at": now_ms + queue.due_s * 1000,
        }
        if item.prelabel is not None:
            fields["prediction_id"] = f"{item.item_id}-p"
        self._outbox.emit(now_ms, "item.created", queue.source, fields)


def _capacity_per_ms(queue: QueueConfig, seats: list[Seat]) -> float:
    """Items per ms, averaged over a day, that the seats of this queue can do."""
    day_share = sum(
        _shift_day_share(s) for s in seats if not s.reviewer and s.queues[0] == queue
    ) * (1 - ABSENT_SHARE)
    mean_ms = queue.handle_s * 1000 * math.exp(queue.spread**2 / 2) + CLAIM_MS_MEAN
    return max(day_share, 0.05) / (mean_ms * OVERHEAD_FACTOR)


def _shift_day_share(seat: Seat) -> float:
    start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (seat.shift.start, seat.shift.end))
    minutes = (end - start) % 1440 - sum(b.minutes for b in seat.shift.breaks)
    return minutes / 1440
