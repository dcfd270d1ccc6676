"""What happens between a rebalance and the next batch: claim, replay, seek, flow.

Faust runs it as part of its recovery service, which is left with nothing of its own to recover,
and with nothing to wait for (D2, L11).
"""

import asyncio
from typing import Any, cast

from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode.utils.times import Seconds

from streams.tables import LogTable


class RecoveryTimedOut(RuntimeError):
    """A step of the recovery took longer than the broker request time-out (D2)."""


class RecoveryCancelled(RuntimeError):
    """Something under a step of the recovery was cancelled, as a write is by a lost connection."""


class LogRecovery(Recovery):
    """Faust's recovery service, left with nothing to recover but the order of the steps."""

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        # No changelog becomes an "active" of Faust's, so it finds nothing to read or wait for.
        if generation_id == self.app.consumer_generation_id:
            self._generation_id = generation_id
            self.signal_recovery_start.set()

    async def _wait(self, coro: Any, timeout: Seconds | None = None) -> None:
        # Stock takes a time-out for the end of the service and waits for ever (D2).
        signal = cast(Any, self.signal_recovery_start)
        try:
            result = await self.wait_first(coro, signal, timeout=cast(Any, timeout))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if self.should_stop or (task is not None and task.cancelling()):
                raise
            # mode would end this service without a word, and the worker would never be ready.
            raise RecoveryCancelled from error
        if signal in result.done:
            raise RebalanceAgain
        if result.stopped:
            raise ServiceStopped if self.should_stop else RecoveryTimedOut

    async def _resume_streams(self, generation_id: int = 0) -> None:
        await self._wait(self.on_recovery_completed(generation_id))

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Claim, replay, seek, and only then let the sources flow."""
        app, consumer = cast(Any, self.app), cast(Any, self.app.consumer)
        revocations, assignment = consumer.revocations, consumer.assignment()
        for table in cast("dict[str, LogTable]", self.tables).values():
            await table.recover({tp.partition for tp in assignment if tp.topic == table.topic})
        await consumer.perform_seek()
        await app._fetcher.maybe_start()
        if consumer.revocations != revocations or app.consumer_generation_id != generation_id:
            return  # The rebalance that is under way starts all this again.
        self._set_recovery_ended()
        self.completed.set()
        # Clears the streams' queues, so nothing may flow before it.
        app.flow_control.resume()
        consumer.resume_partitions(consumer.sources())
        consumer.resume_flow()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        consumer.let_go()
        self.log.info("worker_ready partitions=%s", len(assignment))
        await app.on_rebalance_complete.send()


class Tables(TableManager):
    """The tables of an app whose tables are all ``LogTable``s."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = LogRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        # Stock sleeps for a second first; the agents have started by now.
        await self._update_channels()
        await self.recovery.start()

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        for table in cast("dict[str, LogTable]", self).values():
            table.release()
        super().on_partitions_revoked(revoked)
