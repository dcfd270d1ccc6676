"""The live part of the demo: events go out at their moments, the floor's numbers are looked at."""

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminError
from redis import RedisError
from rich.console import Console
from rich.live import Live

from schemas.partitioner import Partitioner
from schemas.topics import Topics
from sinks.redis import RedisSink
from streams import groups
from streams.admin import Kafka
from streams.demo.glance import look
from streams.demo.pacing import Pace, now_ms, paced
from streams.demo.panel import Scene, line, table
from streams.demo.script import Cue, Tally
from streams.demo.settling import find
from streams.feed import Feed
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Names

LOOK_EVERY_S = 0.5
LAG_EVERY_S = 2.0
PLAIN_EVERY_S = 5.0
#: Records; a floor that keeps up has those of its last seconds to commit.
LAG_MAX = 300
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Show:
    """One run; ``check`` raises when a child has ended, ``kafka`` is asked for lags only."""

    settings: Settings
    kafka: Kafka
    sink: RedisSink
    console: Console
    check: Callable[[], None]
    #: Called once, when the present is sent and the floor has read nearly all of it.
    caught_up: Callable[[], None]
    interrupted: bool = False
    #: The floor's time has reached the present.
    _live: bool = False
    _caught_up: bool = False
    _looks: deque[tuple[float, int]] = field(default_factory=lambda: deque([(0.0, 0)], maxlen=20))
    _scene: Scene = field(default_factory=Scene)

    def run(self, script: Iterator[Cue], seconds: float | None) -> Tally:
        """Send what is past at once, then play the script live for so long, or until Ctrl-C.

        Returns what was sent, all of which is stored.
        """
        return asyncio.run(self._run(script, seconds))

    async def _run(self, script: Iterator[Cue], seconds: float | None) -> Tally:
        stop, tally = asyncio.Event(), Tally()
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            self.interrupted = True
            stop.set()

        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, interrupt)
        watching = asyncio.create_task(self._watch(tally))
        # The watcher ends by itself only when something is wrong.
        watching.add_done_callback(lambda _: stop.set())
        try:
            await self._send(script, seconds, tally, stop)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        return tally

    async def _send(
        self, script: Iterator[Cue], seconds: float | None, tally: Tally, stop: asyncio.Event
    ) -> None:
        settings = self.settings
        feed = Feed(
            settings.connections.kafka,
            Topics(settings.space.space),
            settings.floor.partitions,
            Partitioner(settings.floor.partitioner),
        )
        began_ms = now_ms()
        try:
            async with feed:
                async for cue in paced(script, Pace.from_now(began_ms, 1.0), feed, stop):
                    if not self._live and cue.received_ms >= began_ms:
                        self._live = True
                        if seconds is not None:
                            asyncio.get_running_loop().call_later(seconds, stop.set)
                    await feed.put(cue.role, cue.key, cue.value, now_ms())
                    tally.count(cue)
        except KafkaError as error:
            raise Refusal(
                f"Kafka did not take events: {type(error).__name__}", "read .local/logs/kafka.log"
            ) from error
        assert feed.sent == tally.sent

    async def _watch(self, tally: Tally) -> None:
        """Look at the floor again and again; ends only by an error or when cancelled."""
        looking = asyncio.create_task(self._ask_lags())
        began_s = time.monotonic()
        try:
            if self.console.is_terminal:
                with Live(console=self.console, auto_refresh=False) as live:
                    while True:
                        await self._look(tally, began_s)
                        live.update(table(self._scene), refresh=True)
                        await asyncio.sleep(LOOK_EVERY_S)
            while True:
                await asyncio.sleep(PLAIN_EVERY_S)
                await self._look(tally, began_s)
                self.console.print(line(self._scene), soft_wrap=True, highlight=False)
        finally:
            looking.cancel()

    async def _look(self, tally: Tally, began_s: float) -> None:
        self.check()
        scene = self._scene
        try:
            found, trouble = await asyncio.to_thread(look, self.sink), ""
        except RedisError as error:
            found, trouble = scene.glance, f"Redis does not answer ({type(error).__name__})"
        elapsed_s = time.monotonic() - began_s
        self._scene = replace(
            self._scene,
            glance=found,
            trouble=trouble,
            age_s=found.age_s(now_ms()),
            elapsed_s=elapsed_s,
            sent_per_s=self._rate(elapsed_s, tally.sent),
            sent=tally.sent,
            live=self._live,
        )

    def _rate(self, elapsed_s: float, sent: int) -> float:
        """Events per second over the last looks: a single one jumps too much to be read."""
        self._looks.append((elapsed_s, sent))
        before_s, before = self._looks[0]
        return (sent - before) / max(0.001, elapsed_s - before_s)

    async def _ask_lags(self) -> None:
        while True:
            # Asked before the lags are: they may have been small before there was anything.
            live = self._live
            lags = await asyncio.to_thread(self._lags)
            self._scene = replace(self._scene, lags=lags)
            if live and not self._caught_up and (lags or {}).get("floor", LAG_MAX) < LAG_MAX:
                self._caught_up = True
                self.caught_up()
            await asyncio.sleep(LAG_EVERY_S)

    def _lags(self) -> dict[str, int] | None:
        """Records not read yet, by group; None when the broker does not tell."""
        names = Names(self.settings.space.space)
        stem = names.group("")
        try:
            return {
                group.name.removeprefix(stem): sum(
                    lag.records for lag in groups.lags(self.kafka, group)
                )
                for group in find(self.kafka, names.groups)
            }
        except AdminError:
            return None
