"""The guards of the shell, each with the switch that leaves it out of a process; for tests only."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faust.types import TP

from schemas.dead_letters import DeadLetter
from streams.delivery import Delivery
from streams.producer import Outgoing, Producer, _Unanswered
from streams.recovery import LogRecovery
from streams.stage1 import Stage1
from streams.tables import LogTable
from streams.transport import Consumer
from streams.watchdog import Watchdog

LEFT_OUT: dict[str, Callable[[], None]] = {}


def leave_out(name: str) -> None:
    """Replace one guard of this process by nothing."""
    LEFT_OUT[name]()


def guard(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a switch under the name of its guard."""

    def register(switch: Callable[[], None]) -> Callable[[], None]:
        LEFT_OUT[name] = switch
        return switch

    return register


def _put(owner: type[Any], name: str, replacement: Any) -> None:
    setattr(owner, name, replacement)


@guard("a failed write ends the process")
def _ignore_failed_writes() -> None:
    def answered(self: _Unanswered, _topic: str, write: asyncio.Future[Any]) -> None:
        self._writes.discard(write)
        if not write.cancelled():
            write.exception()

    async def append(self: LogTable, partition: int, records: Sequence[Outgoing]) -> int:
        try:
            return await original(self, partition, records)
        except Exception as error:
            if "TooLarge" in type(error).__name__:
                return 0
            raise

    original = LogTable.append
    _put(_Unanswered, "_answered", answered)
    _put(LogTable, "append", append)


@guard("flush until nothing is unanswered")
def _flush_at_once() -> None:
    async def settle(_: _Unanswered) -> None:
        await asyncio.sleep(0.1)

    async def flush(self: Producer) -> None:
        await self._unanswered.settle()

    _put(_Unanswered, "settle", settle)
    _put(Producer, "flush", flush)


@guard("only what is durable is committed")
def _commit_what_was_read() -> None:
    original = Consumer._to_message

    def to_message(self: Consumer, tp: TP, record: Any) -> Any:
        self._durable[tp] = record[-1].offset + 1
        return original(self, tp, record)

    _put(Consumer, "_to_message", to_message)


@guard("foreign writes are noticed")
def _notice_nothing() -> None:
    async def append(self: LogTable, partition: int, records: Sequence[Outgoing]) -> int:
        return await self._producer.send_atomic(self.topic, partition, records)

    _put(LogTable, "append", append)


@guard("every rebalance claims every partition")
def _claim_only_new_ones() -> None:
    original = LogTable.recover

    async def recover(self: LogTable, partitions: set[int]) -> None:
        if partitions - self._begun:
            await original(self, partitions)

    _put(LogTable, "release", lambda _: None)
    _put(LogTable, "recover", recover)


@guard("what is revoked is dropped")
def _keep_the_revoked() -> None:
    def release(self: LogTable) -> None:
        self._begun = set()
        self._ends.clear()

    _put(LogTable, "release", release)


@guard("reading starts where the state ends")
def _start_at_the_commit() -> None:
    original = Consumer._seek_sources

    async def seek_sources(self: Consumer, sources: set[TP], _: Mapping[TP, int]) -> Any:
        return await original(self, sources, {})

    _put(Consumer, "_seek_sources", seek_sources)


@guard("a topic shorter than what was processed is refused")
def _believe_short_topics() -> None:
    original = Consumer._seek_sources

    async def seek_sources(self: Consumer, sources: set[TP], wanted: Mapping[TP, int]) -> Any:
        ends = await self._thread._ensure_consumer().end_offsets(list(sources))
        within = {tp: min(start, ends[tp]) for tp, start in wanted.items()}
        return await original(self, sources, within)

    _put(Consumer, "_seek_sources", seek_sources)


@guard("an agent that ended ends the process")
def _overlook_agents() -> None:
    _put(Watchdog, "_ended_agent", lambda _: None)


@guard("commits that stop end the process")
def _overlook_commits() -> None:
    _put(Watchdog, "_stuck_commit", lambda *_: None)


@guard("a recovery that times out ends the process")
def _wait_for_ever() -> None:
    _put(LogRecovery, "_wait", super(LogRecovery, LogRecovery)._wait)


@guard("a sink loop gives up what it lost")
def _hold_on() -> None:
    _put(Consumer, "holds", lambda *_: True)


@guard("a graceful stop leaves the group")
def _stay() -> None:
    async def leave(_: Consumer) -> None:
        return

    _put(Consumer, "leave", leave)


@guard("dead letters leave before the offsets that pass them")
def _dead_letters_later() -> None:
    original = Stage1._send_dead
    tasks: set[asyncio.Task[None]] = set()

    async def send_dead(self: Stage1, partition: int, dead: list[DeadLetter]) -> None:
        async def later() -> None:
            await asyncio.sleep(2.0)
            await original(self, partition, dead)

        tasks.add(asyncio.create_task(later()))

    _put(Stage1, "_send_dead", send_dead)


@guard("rows are stored before they count as delivered")
def _delivered_at_once() -> None:
    original = Delivery._deliver

    async def deliver(self: Delivery) -> None:
        consumer: Any = self._app.consumer
        consumer.mark_durable(self._ends)
        await consumer.force_commit()
        await original(self)

    _put(Delivery, "_deliver", deliver)
