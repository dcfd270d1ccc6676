"""What a worker does by the wall clock: flush, send ticks, and look at itself."""

import asyncio
import time
from typing import Any, cast

import msgspec
from faust.types import TP
from mode import Service

from schemas.topics import INPUT_ROLES
from streams import logs
from streams.core.ticks import Tick
from streams.health import HealthPage
from streams.meters import Meters
from streams.producer import Producer
from streams.runtime import App
from streams.stage1 import Stage1
from streams.stage2 import Stage2
from streams.transport import Consumer

log = logs.get(__name__)

TICK_EVERY_S = 1.0
LOOK_EVERY_S = 2.0
#: Parts of the flush interval: how long stage 2 rests after a flush, and how long it gathers what
#: comes with the first news after that.
REST_SHARE, GATHER_SHARE = 0.7, 0.15


class Flusher(Service):
    """Flushes one stage every ``interval_s``; a failure ends the process."""

    def __init__(self, stage: Stage1 | Stage2, interval_s: float) -> None:
        super().__init__()
        self._stage = stage
        self._interval_s = interval_s

    @Service.task
    async def _flush(self) -> None:
        while not self.should_stop:
            await self._await_turn()
            await self._stage.flush_all()

    async def _await_turn(self) -> None:
        await self.sleep(self._interval_s)


class Follower(Flusher):
    """Flushes stage 2 right after the flushes of stage 1 that it heard of.

    Flushing by a clock of its own it would let every event wait for a second turn. What many
    partitions tell at about the same time goes together, and a subject is told of once a turn.
    """

    def __init__(self, stage: Stage2, interval_s: float) -> None:
        super().__init__(stage, interval_s)
        self._heard = stage.heard

    async def _await_turn(self) -> None:
        await self.sleep(REST_SHARE * self._interval_s)
        # Time passes for rules whether anything is heard or not.
        await self.wait_first(cast(Any, self._heard), timeout=self._interval_s)
        await self.sleep(GATHER_SHARE * self._interval_s)
        self._heard.clear()


class Ticker(Service):
    """Tells each owned source partition how far its topics reached at a time of the broker's.

    A tick carries the broker's stamp of the tick before it and end offsets asked for after that,
    so all records stamped earlier lie before these offsets, whatever clocks the workers have.
    They go in pairs, the second right after the first is stamped: its time is milliseconds old
    and not ``TICK_EVERY_S``, and so is all that is shown.
    """

    def __init__(self, app: App, stage: Stage1) -> None:
        super().__init__()
        self._app = app
        self._stage = stage
        self._stamps_ms: dict[int, int] = {}

    @Service.task
    async def _tick(self) -> None:
        while not self.should_stop:
            await self.sleep(TICK_EVERY_S)
            partitions = sorted(self._stage.shards)
            if partitions and cast(Consumer, self._app.consumer).reading:
                for _ in range(2):
                    await self._send(partitions)

    async def _send(self, partitions: list[int]) -> None:
        topics = self._stage.settings.topics
        tps = {
            TP(topics.name(role), partition): (partition, role.value)
            for partition in partitions
            for role in INPUT_ROLES
        }
        ends: dict[int, dict[str, int]] = {partition: {} for partition in partitions}
        for tp, end in (await self._app.consumer.highwaters(*tps)).items():
            partition, role = tps[TP(tp.topic, tp.partition)]
            ends[partition][role] = end or 0
        await asyncio.gather(*(self._send_one(each, ends[each]) for each in partitions))

    async def _send_one(self, partition: int, ends: dict[str, int]) -> None:
        tick = Tick(self._stamps_ms.get(partition, 0), ends)
        producer = cast(Producer, self._app.producer)
        topic = self._stage.settings.topics.ticks
        write = await producer.send(topic, None, msgspec.json.encode(tick), partition, None, None)
        self._stamps_ms[partition] = int((await write).timestamp or 0)


class Page(Service):
    """Keeps the health page open while the app runs, and says where it is."""

    def __init__(self, page: HealthPage) -> None:
        super().__init__()
        self._page = page

    async def on_start(self) -> None:
        log.info("health_page", address=await self._page.start())

    async def on_stop(self) -> None:
        await self._page.stop()


class Observer(Service):
    """Brings the meters up to date with what the worker holds and how far behind it is."""

    def __init__(self, app: App, stage1: Stage1, stage2: Stage2, meters: Meters) -> None:
        super().__init__()
        self._app = app
        self._stage1 = stage1
        self._stage2 = stage2
        self._meters = meters

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            await self.sleep(LOOK_EVERY_S)
            self.look(int(time.time() * 1000))

    def look(self, now_ms: int) -> None:
        """Set every gauge of the worker as of ``now_ms``, wall clock."""
        meters, topics = self._meters, self._stage1.settings.topics
        consumer = cast(Consumer, self._app.consumer)
        lags = consumer.lags() if consumer.connected else {}
        roles = {tp: topics.role(tp.topic) for tp in lags}
        meters.state(
            "floor_lag_records",
            {(role.value, str(tp.partition)): lags[tp] for tp, role in roles.items() if role},
        )
        for name, stage in (("1", self._stage1), ("2", self._stage2)):
            if stage.durable_s:
                age_s = time.monotonic() - min(stage.durable_s.values())
                meters.set("floor_commit_age_s", age_s, name)
        shards = {str(number): shard for number, shard in self._stage1.shards.items()}
        states = {str(number): each.rollups for number, each in self._stage2.states.items()}
        marks = {name: shard.meta.watermark_ms for name, shard in shards.items()}
        meters.state(
            "floor_watermark_delay_s",
            {(name,): (now_ms - mark_ms) / 1000 for name, mark_ms in marks.items() if mark_ms},
        )
        held: dict[tuple[str, ...], float]
        held = {("1", name): len(shard.panes) for name, shard in shards.items()}
        held |= {("2", name): len(state.parts) for name, state in states.items()}
        meters.state("floor_held_panes", held)
        meters.state("floor_held_items", {(k,): len(shard.shelf) for k, shard in shards.items()})
        meters.state("floor_subjects", {(k,): len(state.subjects) for k, state in states.items()})


class DeliveryObserver(Service):
    """Brings a deliverer's meters up to date with how far behind it is."""

    def __init__(self, app: App, sink: str, meters: Meters) -> None:
        super().__init__()
        self._app = app
        self._sink = sink
        self._meters = meters

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            await self.sleep(LOOK_EVERY_S)
            consumer = cast(Consumer, self._app.consumer)
            if consumer.connected:
                lag = sum(consumer.lags().values())
                self._meters.set("deliver_backlog_records", lag, self._sink)
