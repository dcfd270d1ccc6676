"""A rebalance that comes in the one moment in which a recovery no longer looks: its reader stops.

The real ``LogTable`` with the real producer and reader on the real broker. Only the reader's
``stop`` is stretched, so that the revocation falls into it every time and not once in a day.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer
from faust.tables.recovery import RebalanceAgain

from streams import runtime, tables
from streams.tables import LogTable, PartitionLost
from streams.watchdog import Limits, Watchdog
from tests.faust_traps.broker import Broker

PARTITION = 0


class Owner:
    """A state that remembers in which order it was begun, fed, handed over and dropped."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        #: Done after each of two slices of what it takes long for.
        self.after_slice: Callable[[], None] = lambda: None

    def begin(self, partition: int) -> None:
        self.heard.append("begin")

    def apply(self, partition: int, batch: tables.Replayed) -> None:
        self.heard.append("apply")

    def settle(self, partition: int) -> Iterable[None]:
        for _ in range(2):
            self.heard.append("settle")
            yield
            self.after_slice()

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        self.heard.append("ready")

    def drop(self, partition: int) -> None:
        self.heard.append("drop")


class Stopping:
    """A reader during whose stop something else happens."""

    def __init__(self, reader: AIOKafkaConsumer, meanwhile: Callable[[], None]) -> None:
        self._reader = reader
        self._meanwhile = meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def stop(self) -> None:
        await self._reader.stop()
        self._meanwhile()


async def recover(
    broker: Broker,
    log: str,
    patch: pytest.MonkeyPatch,
    meanwhile: Callable[[LogTable], None] = lambda _: None,
    after_slice: Callable[[LogTable], None] = lambda _: None,
) -> tuple[Owner, bool]:
    """One recovery; what its owner heard, and whether it gave up for a rebalance.

    Afterwards the table refuses to append, or takes an append, as its recovery said.
    """
    app = runtime.make_app(runtime.AppSettings(kafka=broker.address, group=uuid.uuid4().hex))
    owner = Owner()
    table = LogTable(app, name="state", topic=log, listener=cast(tables.PartitionLog, owner))
    owner.after_slice = lambda: after_slice(table)
    app.finalize()
    real = tables._reader
    patch.setattr(tables, "_reader", lambda app: Stopping(real(app), lambda: meanwhile(table)))
    await app.producer.start()
    try:
        gave_up = False
        try:
            await table.recover({PARTITION})
        except RebalanceAgain:
            gave_up = True
            with pytest.raises(PartitionLost, match="is not ours"):
                await table.append(PARTITION, [(b"k", b"v", [])])
        else:
            await table.append(PARTITION, [(b"k", b"v", [])])
    finally:
        await app.producer.stop()
    return owner, gave_up


def test_a_revocation_while_the_reader_stops_hands_nothing_over(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = broker.topic(cleanup_policy="compact")
    owner, gave_up = asyncio.run(recover(broker, log, monkeypatch, LogTable.release))
    assert gave_up
    assert owner.heard == ["begin", "apply", "drop"]
    assert broker.end(log) == 1, "only the claim may have been written"


def test_without_one_the_same_recovery_hands_over(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = broker.topic(cleanup_policy="compact")
    owner, gave_up = asyncio.run(recover(broker, log, monkeypatch))
    assert not gave_up
    assert owner.heard == ["begin", "apply", "settle", "settle", "ready"]
    assert broker.end(log) == 2


def test_a_recovery_lets_others_run_between_slices_and_gives_up_what_is_revoked_then(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = broker.topic(cleanup_policy="compact")
    recovering = recover(broker, log, monkeypatch, after_slice=LogTable.release)
    owner, gave_up = asyncio.run(recovering)
    assert gave_up
    assert owner.heard == ["begin", "apply", "settle", "drop", "settle"]
    assert broker.end(log) == 1, "only the claim may have been written"


def test_a_recovery_may_take_long_as_long_as_it_gets_on() -> None:
    async def watch() -> None:
        app = runtime.make_app(runtime.AppSettings(kafka="127.0.0.1:9", group="g"))
        table = LogTable(app, name="s", topic="t", listener=cast(tables.PartitionLog, Owner()))
        app.finalize()
        dog = Watchdog(app, Limits(unready_s_max=10.0))
        now_s = monotonic()
        for _ in range(5):
            now_s += 9.0
            table.progress += 1
            assert dog.find(now_s) is None
        assert "nothing recovered" in str(dog.find(now_s + 11.0))

    asyncio.run(watch())
