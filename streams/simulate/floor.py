"""A believable annotation floor: the same seed, settings and start give the same events.

A discrete-event simulation with an agenda of (moment, what to do). What people do goes through
the outbox, which yields it in the order of arrival. No clock is read: the caller paces.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from functools import partial

from streams.simulate.arrivals import Arrivals
from streams.simulate.config import FloorConfig, QueueConfig
from streams.simulate.incidents import Troubles
from streams.simulate.lines import Desk, Line, Waiting
from streams.simulate.outbox import EventDict, Outbox
from streams.simulate.presence import Presence
from streams.simulate.review import Review
from streams.simulate.roster import Stint, load_sites, seats_of, stints
from streams.simulate.signals import BACKLOG_MS, HEARTBEAT_MS, Signals
from streams.simulate.work import Annotation, End, Item, item_fields

AUTO_CLOSE_AFTER_DUE = 2
Act = Callable[[int], None]


class Floor:
    """A floor by its seed and settings; each call of :meth:`events` is a run of its own."""

    def __init__(self, seed: int, config: FloorConfig | None = None) -> None:
        self.seed = seed
        self.config = config or FloorConfig()

    def events(self, start_ms: int, end_ms: int | None = None) -> Iterator[EventDict]:
        """Yields event dicts by ``received_at`` (UTC ms), without end when ``end_ms`` is None.

        With an end, what was on its way then is left out, as in any log that is cut.
        """
        return _Run(self.seed, self.config, start_ms).events(end_ms)


class _Run:
    """One run of the floor from ``start_ms`` on."""

    def __init__(self, seed: int, config: FloorConfig, start_ms: int) -> None:
        chance = random.Random(f"{seed}/{config.cell}/floor")
        self._config = config
        self._chance = chance
        self._troubles = Troubles(config.incidents, start_ms)
        self._outbox = Outbox(config, self._troubles, seed, start_ms)
        self._work = Annotation(config, self._troubles, self._outbox, chance)
        self._review = Review(self._troubles, self._outbox, chance)
        self._presence = Presence(self._outbox)
        self._signals = Signals(config, self._troubles, self._outbox)
        self._agenda: list[tuple[int, int, Act]] = []
        self._entries = 0
        self._lines = {q.name: Line(q, review=False) for q in config.queues}
        self._review_lines = {q.name: Line(q, review=True) for q in config.queues}
        seats = seats_of(config, load_sites())
        self._arrivals = Arrivals(config, self._troubles, self._outbox, chance, seats)
        for seat in seats:
            self._next_stint(stints(seat, config, seed, start_ms))
        for queue in config.queues:
            self._open(queue, start_ms)
        for source in dict.fromkeys(q.source for q in config.queues):
            self._every(HEARTBEAT_MS, partial(self._signals.heartbeat, source), start_ms)
        for moment_ms, project in self._troubles.guideline_starts():
            self._at(moment_ms, partial(self._signals.guideline, project))

    def _open(self, queue: QueueConfig, start_ms: int) -> None:
        for _ in range(self._arrivals.backlog_at_start(queue)):
            self._at(start_ms, partial(self._arrive, self._arrivals.new_item(queue, start_ms)))
        self._at(self._arrivals.next_ms(queue, start_ms), partial(self._next_arrival, queue))
        self._every(BACKLOG_MS, partial(self._report_backlog, queue), start_ms + BACKLOG_MS)

    def events(self, end_ms: int | None) -> Iterator[EventDict]:
        agenda, outbox = self._agenda, self._outbox
        while agenda:
            now_ms, _, act = heapq.heappop(agenda)
            if end_ms is not None and now_ms >= end_ms:
                yield from outbox.arrived_until(end_ms)
                return
            yield from outbox.arrived_until(now_ms)
            act(now_ms)

    def _at(self, moment_ms: int, act: Act) -> None:
        self._entries += 1
        heapq.heappush(self._agenda, (moment_ms, self._entries, act))

    def _every(self, period_ms: int, act: Act, first_ms: int) -> None:
        def again(now_ms: int) -> None:
            act(now_ms)
            self._at(now_ms + period_ms, again)

        self._at(first_ms, again)

    def _report_backlog(self, queue: QueueConfig, now_ms: int) -> None:
        in_review = len(self._review_lines[queue.name].waiting)
        self._signals.backlog(self._lines[queue.name], in_review, now_ms)

    # Items.

    def _next_arrival(self, queue: QueueConfig, now_ms: int) -> None:
        item = self._arrivals.new_item(queue, now_ms)
        self._arrive(item, now_ms)
        self._at(self._arrivals.next_ms(queue, now_ms), partial(self._next_arrival, queue))

    def _arrive(self, item: Item, now_ms: int) -> None:
        self._arrivals.announce(item, now_ms)
        self._queue(item, now_ms, "new")

    def _queue(self, item: Item, now_ms: int, reason: str | None) -> None:
        """Puts an item in its line; without a reason it was never taken out of its queue."""
        if reason is not None:
            self._outbox.emit(
                now_ms,
                "item.queued",
                item.queue.source,
                item_fields(item) | {"reason": reason, "attempt": item.attempt},
            )
        self._wait(
            self._lines[item.queue.name],
            Waiting(item, now_ms),
            now_ms,
            first=reason in ("rework", "expiry"),
        )

    def _wait(self, line: Line, waiting: Waiting, now_ms: int, first: bool = False) -> None:
        if first:
            line.waiting.appendleft(waiting)
        else:
            line.waiting.append(waiting)
        desk = line.call_idle()
        if desk is not None:
            self._free(desk, now_ms)

    def _finish(self, item: Item, at_ms: int, state: str, by_system: bool = False) -> None:
        fields = item_fields(item) | {"terminal_state": state}
        if by_system:
            fields["actor_type"] = "system"
        self._outbox.emit(at_ms, "item.completed", item.queue.source, fields)

    # People.

    def _next_stint(self, coming: Iterator[Stint]) -> None:
        stint = next(coming)
        self._at(stint.start_ms, partial(self._log_in, stint, coming))

    def _log_in(self, stint: Stint, coming: Iterator[Stint], now_ms: int) -> None:
        self._next_stint(coming)
        if now_ms >= stint.end_ms:
            return
        self._presence.log_in(stint, now_ms)
        lines = self._review_lines if stint.seat.reviewer else self._lines
        desk = Desk(stint, tuple(lines[queue.name] for queue in stint.seat.queues))
        desk.breaks_taken = sum(1 for _, end in stint.breaks if end <= now_ms)
        self._free(desk, now_ms)

    def _free(self, desk: Desk, now_ms: int) -> None:
        """The person is done with what they did: home, a break, the next item, or idle."""
        stint = desk.stint
        if now_ms >= stint.end_ms:
            self._presence.log_out(stint, now_ms)
            return
        breaks = stint.breaks[desk.breaks_taken :]
        if breaks and now_ms >= breaks[0][0]:
            length_ms = breaks[0][1] - breaks[0][0]
            desk.breaks_taken += 1
            self._presence.pause(stint, now_ms, now_ms + length_ms)
            self._at(now_ms + length_ms, partial(self._free, desk))
            return
        for line in desk.lines:
            if line.waiting and self._take(desk, line, now_ms):
                return
        desk.idle = True
        desk.spell += 1
        for line in desk.lines:
            line.stand_idle(desk)
        self._at(breaks[0][0] if breaks else stint.end_ms, partial(self._stir, desk, desk.spell))

    def _stir(self, desk: Desk, spell: int, now_ms: int) -> None:
        if desk.idle and desk.spell == spell:
            desk.idle = False
            self._free(desk, now_ms)

    def _take(self, desk: Desk, line: Line, now_ms: int) -> bool:
        """Starts on the first item that still makes sense; False when there is none."""
        while line.waiting:
            waiting = line.waiting.popleft()
            item = waiting.item
            if waiting.review_id is not None:
                ended_ms, outcome = self._review.play(desk.stint, item, waiting.review_id, now_ms)
                self._at(ended_ms, partial(self._reviewed, item, outcome))
                self._at(ended_ms + 400, partial(self._free, desk))
                return True
            if now_ms - item.created_ms > AUTO_CLOSE_AFTER_DUE * item.queue.due_s * 1000:
                self._finish(item, now_ms, "expired", by_system=True)
                continue
            played = self._work.play(desk.stint, item, now_ms)
            self._at(played.ended_ms, partial(self._worked, item, played.end))
            self._at(played.free_ms, partial(self._free, desk))
            return True
        return False

    def _worked(self, item: Item, end: End, now_ms: int) -> None:
        if end is End.EXPIRED:
            self._queue(item, now_ms, "expiry")
        elif end is End.SKIPPED:
            self._queue(item, now_ms, None)
        elif item.golden:
            self._finish(item, now_ms + 50, "golden")
        elif item.attempt > 1 or self._chance.random() < item.queue.review_share:
            review_id = self._review.queued(item, now_ms + 200)
            self._wait(
                self._review_lines[item.queue.name],
                Waiting(item, now_ms + 200, review_id),
                now_ms + 200,
            )
        else:
            self._finish(item, now_ms + 50, "unreviewed")

    def _reviewed(self, item: Item, outcome: str, now_ms: int) -> None:
        if outcome == "reject":
            item.attempt += 1
            self._queue(item, now_ms, "rework")
        else:
            self._finish(item, now_ms + 50, "accepted" if outcome == "accept" else "fixed")
