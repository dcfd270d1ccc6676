"""Says in Redis how the pipeline does, so that the board can tell what stopped, and since when.

Runs in deliver-redis, by the wall clock: a beat every second, ticks, lags and members as Kafka
tells them. Ticks are seen by where their topic ends, so nobody has to read them once more.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError
from mode import Service

from schemas.alerts import AlertTransition
from schemas.forgetting import Forget
from schemas.notices import decode_record
from schemas.topics import Topics
from sinks.alert_feed import AlertFeed
from sinks.errors import SinkError
from sinks.redis import RedisSink
from streams import groups, logs, records
from streams.admin import Kafka
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Names

log = logs.get(__name__)

BEAT_EVERY_S = 1.0
LAGS_EVERY_S = 2.0
#: Kafka is asked in a thread of its own; the beat goes on meanwhile.
ASK_S_MAX = 3.0


def now_ms() -> int:
    """Wall clock, UTC ms."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Ticks:
    """When the ticks of each partition last went on, by where they end; UTC ms."""

    ends: dict[int, int] = field(default_factory=dict)
    moved_ms: dict[int, int] = field(default_factory=dict)

    def see(self, ends: dict[int, int], at_ms: int) -> None:
        """Take in where they end now; one that never had a tick is left out."""
        for partition, end in ends.items():
            if end and end != self.ends.get(partition):
                self.moved_ms[partition] = at_ms
        self.ends = ends


class PipelineWatch(Service):
    """Beats, asks Kafka, and brings alerts back into a Redis that lost them."""

    def __init__(self, settings: Settings, sink: RedisSink, feed: AlertFeed) -> None:
        super().__init__()
        self._settings = settings
        self._sink = sink
        self._feed = feed
        self._topics = Topics(settings.space.space)
        self._ticks = Ticks()
        self._said: dict[str, Any] = {"kafka_away_since_ms": None}
        self._lags_s = 0.0

    @Service.task
    async def _beat(self) -> None:
        while not self.should_stop:
            fields = self._said | {"beat_ms": now_ms()}
            # When Redis is away the deliveries say so, and the board sees it by itself.
            with contextlib.suppress(SinkError):
                await asyncio.to_thread(self._sink.say, fields)
            await self.sleep(BEAT_EVERY_S)

    @Service.task
    async def _look(self) -> None:
        while not self.should_stop:
            try:
                await asyncio.to_thread(self._ask_on)
            except (KafkaError, Refusal, OSError) as error:
                since_ms = self._said["kafka_away_since_ms"] or self._said.get("asked_ms")
                self._said["kafka_away_since_ms"] = since_ms or now_ms()
                log.debug("kafka_not_asked", reason=type(error).__name__)
            await self.sleep(BEAT_EVERY_S)

    def _ask_on(self) -> None:
        """Ask until Kafka fails or we stop; one connection for all of it."""
        with Kafka(self._settings.connections.kafka, ASK_S_MAX) as kafka:
            while not self.should_stop:
                self._ask(kafka)
                self._said["kafka_away_since_ms"] = None
                time.sleep(BEAT_EVERY_S)

    def _ask(self, kafka: Kafka) -> None:
        partitions = range(self._settings.floor.partitions)
        spans = kafka.spans([(self._topics.ticks, each) for each in partitions])
        asked_ms = self._said["asked_ms"] = now_ms()
        self._ticks.see({place[1]: span.end for place, span in spans.items()}, asked_ms)
        self._said["ticks"] = {str(each): ms for each, ms in self._ticks.moved_ms.items()}
        if time.monotonic() - self._lags_s < LAGS_EVERY_S:
            return
        self._lags_s = time.monotonic()
        names = Names(self._settings.space.space)
        stem = names.group("")
        found = groups.find(kafka, names.groups)
        self._said["members"] = {each.name.removeprefix(stem): len(each.members) for each in found}
        self._said["lags"] = {
            each.name.removeprefix(stem): sum(lag.records for lag in groups.lags(kafka, each))
            for each in found
        }
        self._bring_back(kafka)

    def _bring_back(self, kafka: Kafka) -> None:
        """Tell Redis of all alerts again when it knows of none: it was emptied, or is new."""
        try:
            if not self._feed.is_empty():
                return
            place = (self._topics.alerts, 0)
            found = records.read(kafka.servers, kafka.spans([place]))
            steps = [decode_record(record.value or b"") for record in found]
            gone = {each.person for each in steps if isinstance(each, Forget)}
            told = 0
            for step in steps:
                if isinstance(step, AlertTransition) and gone.isdisjoint(step.labels.values()):
                    told += self._feed.write([step])
        except SinkError:
            return
        if told:
            log.info("alerts_brought_back", steps=told)
