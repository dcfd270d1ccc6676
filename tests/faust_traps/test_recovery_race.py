"""A rebalance that comes in the one moment in which a recovery no longer looks: its reader stops.

The real ``LogTable`` with the real producer and reader on the real broker. Only the reader's
``stop`` is stretched, so that the revocation falls into it every time and not once in a day.
"""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer
from faust.tables.recovery import RebalanceAgain

from streams import runtime, tables
from streams.tables import LogTable, PartitionLost
from tests.faust_traps.broker import Broker

PARTITION = 0


class Owner:
    """A state that remembers in which order it was begun, fed, handed over and dropped."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def begin(self, partition: int) -> None:
        self.heard.append("begin")

    def apply(self, partition: int, batch: tables.Replayed) -> None:
        self.heard.append("apply")

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
    broker: Broker, log: str, patch: pytest.MonkeyPatch, meanwhile: Callable[[LogTable], None]
) -> tuple[Owner, bool]:
    """One recovery; what its owner heard, and whether it gave up for a rebalance.

    Afterwards the table refuses to append, or takes an append, as its recovery said.
    """
    app = runtime.make_app(runtime.AppSettings(kafka=broker.address, group=uuid.uuid4().hex))
    owner = Owner()
    table = LogTable(app, name="state", topic=log, listener=cast(tables.PartitionLog, owner))
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
    owner, gave_up = asyncio.run(recover(broker, log, monkeypatch, lambda _: None))
    assert not gave_up
    assert owner.heard == ["begin", "apply", "ready"]
    assert broker.end(log) == 2
