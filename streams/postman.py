"""Brings notices to their receivers: one at a time to each, so that a dead one delays nobody."""

import asyncio
import time
from collections.abc import Coroutine
from typing import cast

from aiokafka.errors import KafkaError
from faust.types import TP
from mode import Service

from schemas.receivers import Receiver
from schemas.topics import Role
from sinks.notify import own
from sinks.notify.book import Book
from sinks.notify.notice import Notice
from sinks.notify.own import Wanted
from sinks.notify.planning import CAUGHT_UP_AFTER_MS, Moment
from sinks.notify.targets import Targets
from streams import logs
from streams.kept_files import KeptFile
from streams.meters import Meters
from streams.notifier import Notifier, now_ms
from streams.notify_settings import Notify
from streams.transport import Consumer

log = logs.get(__name__)

Receivers = KeptFile[tuple[Receiver, ...]]

ROUND_S = 0.25
SAY_AGAIN_S = 2.0
LOOK_S = 2.0


class Pulse(Service):
    """Whether the floor is heard of: a clock of the notifier's own, since the floor's may stand."""

    def __init__(self, notifier: Notifier, partitions: int, settings: Notify) -> None:
        super().__init__()
        self._notifier = notifier
        self._settings = settings
        topics = notifier.topics
        self._tps = {
            role: [TP(topics.name(role), partition) for partition in range(partitions)]
            for role in (Role.TICKS, Role.SNAPSHOTS)
        }
        self._ends: dict[TP, int] = {}
        self._moved_ms: dict[TP, int] = {}

    @Service.task
    async def _listen(self) -> None:
        while not self.should_stop:
            consumer = cast(Consumer | None, self._notifier.app._consumer)
            if consumer is not None and consumer.connected and self._notifier.book is not None:
                await self._look(consumer)
            await self.sleep(LOOK_S)

    async def _look(self, consumer: Consumer) -> None:
        try:
            found = await consumer.highwaters(*(tp for tps in self._tps.values() for tp in tps))
        except (KafkaError, TimeoutError) as error:
            log.warning("pulse_not_felt", error=type(error).__name__)
            return
        at_ms = now_ms()
        for given, end in found.items():
            tp = TP(given.topic, given.partition)
            if self._ends.get(tp) != end or tp not in self._moved_ms:
                self._moved_ms[tp] = at_ms
            self._ends[tp] = end or 0

    def silent(self, at_ms: int) -> list[Wanted]:
        """What has not been heard of for too long."""
        found = []
        ticks = [self._moved_ms[tp] for tp in self._tps[Role.TICKS] if tp in self._moved_ms]
        if ticks and at_ms - min(ticks) > self._settings.silent_s * 1000:
            found.append(own.worker_silent("ticks", min(ticks)))
        spoken = [tp for tp in self._tps[Role.SNAPSHOTS] if self._ends.get(tp)]
        snapshots = [self._moved_ms[tp] for tp in spoken]
        if snapshots and at_ms - max(snapshots) > self._settings.snapshots_silent_s * 1000:
            found.append(own.worker_silent("snapshots", max(snapshots)))
        return found


class Postman(Service):
    """Decides, sends, and writes down what came of it; ``receivers`` is None in a quiet space."""

    def __init__(
        self, notifier: Notifier, receivers: Receivers | None, targets: Targets, pulse: Pulse
    ) -> None:
        super().__init__()
        self._notifier = notifier
        self._receivers = receivers
        self._targets = targets
        self._pulse = pulse
        self._flights: dict[str, asyncio.Task[None]] = {}
        self._began_ms = now_ms()
        self._said_s = 0.0
        self._told_again_s: dict[str, float] = {}
        self.meters = Meters()
        self.caught_up_ms = CAUGHT_UP_AFTER_MS

    @property
    def _current(self) -> tuple[Receiver, ...]:
        return () if self._receivers is None else self._receivers.current

    @Service.task
    async def _work(self) -> None:
        while not self.should_stop:
            self._notifier.news.clear()
            await self._round()
            await self.wait_first(self._notifier.news.wait(), timeout=ROUND_S)

    async def on_stop(self) -> None:
        if self._flights:
            await asyncio.wait(self._flights.values(), timeout=5.0)
        await self._targets.close()

    async def _round(self) -> None:
        if self._receivers is not None:
            self._receivers.look()
            self.meters.set("notify_refused_files", 1 if self._receivers.fault else 0)
        silent = self._pulse.silent(now_ms()) if self._receivers is not None else []
        moment = Moment(now_ms(), not silent, self.caught_up_ms)
        book = await self._notifier.decide(self._current, moment)
        if book is None:
            return
        if self._receivers is not None:
            await self._say(book, silent)
        for receiver in self._current:
            self._send_next(book, receiver)

    async def _say(self, book: Book, silent: list[Wanted]) -> None:
        """Raise and resolve the notifier's own alerts; they come back like all others."""
        if time.monotonic() - self._said_s < SAY_AGAIN_S:
            return
        self._said_s = time.monotonic()
        wanted = [own.watchdog(self._began_ms), *silent, *own.failing_receivers(book)]
        await self._notifier.say(own.steps(book, wanted, now_ms()))

    def _send_next(self, book: Book, receiver: Receiver) -> None:
        pending = book.pending(receiver.name)
        self.meters.set("notify_pending_notices", len(pending), receiver.name)
        if receiver.name in self._flights:
            return
        if any(each.next_try_ms <= now_ms() for each in pending):
            self._fly(receiver.name, self._send_all(receiver))
        elif receiver.alertmanager is not None:
            resend_s = receiver.alertmanager.resend_ms / 1000
            last_s = self._told_again_s.setdefault(receiver.name, time.monotonic())
            if time.monotonic() - last_s >= resend_s:
                self._told_again_s[receiver.name] = time.monotonic()
                self._fly(receiver.name, self._tell_again(book, receiver))

    def _fly(self, name: str, what: Coroutine[None, None, None]) -> None:
        self._flights[name] = flight = asyncio.create_task(what, name=f"notify-{name}")
        flight.add_done_callback(lambda done: self._landed(name, done))

    def _landed(self, name: str, flight: asyncio.Task[None]) -> None:
        del self._flights[name]
        error = None if flight.cancelled() else flight.exception()
        if error is not None:
            self._notifier.app.fatal(f"a notice to {name} crashed: {error!r}")
        self._notifier.news.set()

    async def _send_all(self, receiver: Receiver) -> None:
        """Send what is due, one after the other, until nothing is or the receiver changed."""
        while not self.should_stop and receiver in self._current:
            due = await self._notifier.next_due(receiver.name)
            if due is None:
                return
            await self._send(due, receiver)

    async def _send(self, notice: Notice, receiver: Receiver) -> None:
        began_s = time.monotonic()
        answer = await self._targets.send(notice, receiver, now_ms())
        self.meters.observe("notify_attempt_s", time.monotonic() - began_s, receiver.name)
        if answer.kind == "sent":
            self.meters.count("notify_sent_notices_total", 1, receiver.name)
        else:
            self.meters.count("notify_failed_notices_total", 1, receiver.name)
            log.warning("notice_not_taken", receiver=receiver.name, reason=answer.detail)
        await self._notifier.settled(notice, answer, receiver)

    async def _tell_again(self, book: Book, receiver: Receiver) -> None:
        answer = await self._targets.tell_again(book, receiver, now_ms())
        if answer is not None and answer.kind != "sent":
            log.warning("push_not_taken", receiver=receiver.name, reason=answer.detail)
