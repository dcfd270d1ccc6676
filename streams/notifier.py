"""The notifier's durable book in the worker: steps in, decisions appended before they are sent."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import msgspec
from faust.types import TP

from schemas.alerts import AlertTransition, Silence
from schemas.notices import Told
from schemas.receivers import Receiver
from schemas.topics import Topics
from sinks.evidence_items import lacks_items
from sinks.notify.answers import Answer, give_up, settle
from sinks.notify.book import Book
from sinks.notify.notice import Notice
from sinks.notify.planning import Moment, plan
from streams import logs
from streams.alert_records import decoded
from streams.batches import Records
from streams.changelog import outgoing, replay
from streams.commanding import read_forget
from streams.core import wire
from streams.core.recovery import Replay
from streams.item_lookup import AGAIN_AFTER_S, ItemLookup
from streams.producer import Outgoing, Producer
from streams.runtime import App
from streams.tables import LogTable, PartitionLost, Replayed
from streams.transport import Batch, Consumer

log = logs.get(__name__)

FORGET_EVERY_MS = 30_000


def now_ms() -> int:
    """Wall clock, UTC ms."""
    return time.time_ns() // 1_000_000


class NotOwner(RuntimeError):
    """Another process tells of alerts, or this one does not do so yet."""


class Notifier:
    """The one partition of alerts, while this process owns it; ``book`` is None when it does not.

    All changes happen under ``lock`` and are durable when it is released.
    """

    def __init__(self, app: App, topics: Topics, items: ItemLookup | None = None) -> None:
        self.app = app
        self._items = items
        self.topics = topics
        self.book: Book | None = None
        self.lock = asyncio.Lock()
        #: Set whenever there may be something to send.
        self.news = asyncio.Event()
        self.table = LogTable(app, name="notices", topic=topics.notify_changelog, listener=self)
        self._replay: tuple[Replay, Book] | None = None
        #: The book whose notices are all in the log of notices.
        self._logged: Book | None = None
        #: Questions for items; the loop may forget tasks that nobody holds.
        self._asking: set[asyncio.Task[None]] = set()
        self._epoch, self._seq, self._forgot_ms = 0, -1, 0

    # -- the log, as LogTable tells it

    def begin(self, partition: int) -> None:
        """Start from nothing."""
        self.drop(partition)
        book = Book()
        self._replay = (Replay(book), book)

    def apply(self, partition: int, batch: Replayed) -> None:
        """Take in what the log says."""
        assert self._replay is not None
        replay(self._replay[0], batch)

    def settle(self, partition: int) -> Iterator[None]:
        """Nothing takes long here."""
        return iter(())

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        """The partition is ours."""
        assert self._replay is not None
        into, book = self._replay
        into.finish(epoch)
        self._replay, self._epoch, self._seq, self.book = None, epoch, -1, book
        self.news.set()
        log.info("notifier_ready", epoch=epoch, alerts=len(book.episodes), end=end_offset)

    def drop(self, partition: int) -> None:
        """The partition is no longer ours."""
        self.book = self._replay = None

    def offsets(self) -> dict[TP, int]:
        """Where to go on reading, from the book."""
        next_offset = self.book.meta.next_offset if self.book else 0
        return {TP(self.topics.alerts, 0): next_offset} if next_offset else {}

    # -- what happens

    async def take(self, batch: Batch) -> None:
        """Take in steps and silences; done when they are durable."""
        if self.book is None:
            return
        next_offset = self.book.meta.next_offset
        given = await self._read([each for each in batch.records if each.offset >= next_offset])
        async with self.lock:
            if self.book is None:
                return
            for each in given:
                self.book.take(each, now_ms())
            for record in batch.records:
                if (forget := read_forget(record.value)) is not None:
                    self.book.leave_out(forget.person)
                    self._forgot_ms = 0
            self.book.read_up_to(batch.next_offset)
            offsets = self.offsets()
            if await self._flush():
                cast(Consumer, self.app.consumer).mark_durable(offsets)
        self.news.set()

    async def _read(self, records: Records) -> list[AlertTransition | Silence]:
        """Steps with some of the items behind them, then silences; the order of each is kept."""
        steps, silences = decoded(records)
        if self._items is None:
            return [*steps, *silences]
        filled = await self._items.fill(steps)
        if lacking := [each for each in filled if lacks_items(each)]:
            asking = asyncio.create_task(self._name_items(self._items, lacking))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        return [*filled, *silences]

    async def _name_items(self, items: ItemLookup, steps: list[AlertTransition]) -> None:
        """Ask once more: an alert may be faster than the rows about its items."""
        await asyncio.sleep(AGAIN_AFTER_S)
        filled = await items.fill(steps)
        async with self.lock:
            if self.book is not None:
                for each in filled:
                    self.book.name_items(each)
                await self._flush()

    async def decide(self, receivers: Sequence[Receiver], moment: Moment) -> Book | None:
        """Decide who is told of what; the book, in which every notice is durable."""
        async with self.lock:
            if self.book is None:
                return None
            if self._logged is not self.book:
                # The last owner may have died before it logged what the book knows.
                await self._log(self.book.notices.values(), moment.now_ms)
                self._logged = self.book
            self._drop_logged(self.book)
            names = {each.name for each in receivers}
            gone = {each.receiver for each in self.book.notices.values()} - names
            ended = [n for name in gone for n in give_up(self.book, name, "receiver_removed")]
            if moment.now_ms - self._forgot_ms >= FORGET_EVERY_MS:
                self._forgot_ms = moment.now_ms
                self.book.forget(moment.now_ms, names)
                # A foreign write is noticed by our next one: do not let it be long in coming.
                self.book.read_up_to(self.book.meta.next_offset)
            plan(self.book, receivers, moment)
            if not await self._flush():
                return None
            await self._log(ended, moment.now_ms)
            return self.book

    async def settled(self, notice: Notice, answer: Answer, receiver: Receiver) -> Notice | None:
        """Make the outcome of an attempt durable and log it; None when it is not ours any more."""
        async with self.lock:
            if self.book is None or notice.id not in self.book.notices:
                return None
            at_ms = now_ms()
            before = {each.id for each in self.book.pending(receiver.name)} - {notice.id}
            tried = settle(self.book, notice, answer, receiver, at_ms)
            if not await self._flush() or self.book is None:
                return None
            ended = [self.book.notices[name] for name in before]
            await self._log([tried, *(n for n in ended if n.outcome != "pending")], at_ms)
        return tried

    async def next_due(self, receiver: str) -> Notice | None:
        """What is to be sent to a receiver now; it is durable, since the lock is free."""
        async with self.lock:
            pending = [] if self.book is None else self.book.pending(receiver)
        return next((each for each in pending if each.next_try_ms <= now_ms()), None)

    async def keep(self, silence: Silence) -> None:
        """Know of a silence at once, before the floor says so; raises NotOwner."""
        async with self.lock:
            if self.book is None:
                raise NotOwner
            self.book.take(silence, now_ms())
            if not await self._flush():
                raise NotOwner

    async def say(self, steps: Iterable[AlertTransition]) -> None:
        """Send alerts of our own the way of all alerts."""
        records: list[Outgoing] = [
            (f"{each.fingerprint}/{each.starts_at_ms}/{each.seq}".encode(), _json(each), [])
            for each in steps
        ]
        if records:
            await self._producer.send_many(self.topics.alerts, {0: records})

    # -- inside

    def _drop_logged(self, book: Book) -> None:
        """Forget notices that are over: what became of them was logged before the lock fell."""
        for notice in list(book.notices.values()):
            if notice.outcome != "pending":
                book.drop_notice(notice.id)

    async def _log(self, notices: Iterable[Notice], at_ms: int) -> None:
        told: list[Told] = [each for notice in notices for each in notice.told(at_ms)]
        records: list[Outgoing] = [(each.notice_id.encode(), _json(each), []) for each in told]
        if records:
            await self._producer.send_many(self.topics.notices, {0: records})

    async def _flush(self) -> bool:
        """Append what changed; False when the partition turned out not to be ours."""
        assert self.book is not None
        if not self.book.changed:
            return True
        self._seq += 1
        records = [
            (key, None if value is None else wire.stamped(self._epoch, self._seq, value))
            for key, value in self.book.records()
        ]
        try:
            await self.table.append(0, outgoing(records, self._epoch, self._seq))
        except PartitionLost as error:
            log.warning("partition_lost", error=str(error))
            self.drop(0)
            await cast(Consumer, self.app.consumer).rejoin()
            return False
        return True

    @property
    def _producer(self) -> Producer:
        return cast(Producer, self.app.producer)


def _json(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value)
