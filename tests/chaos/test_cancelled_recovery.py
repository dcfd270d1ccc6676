"""A broker that went away during a recovery once left a worker unready until its watchdog."""

import asyncio
from typing import Any, cast

import pytest

from streams.recovery import LogRecovery, RecoveryCancelled
from streams.runtime import AppSettings, make_app


async def step() -> None:
    """A write whose connection broke: its future is cancelled, and nobody asked for that."""
    write: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    write.cancel()
    await write


async def recover(recovering: Any) -> None:
    app = make_app(AppSettings(kafka="127.0.0.1:9", group="g"))
    app.finalize()
    recovery = cast(Any, app.tables).recovery
    assert isinstance(recovery, LogRecovery)
    await recovering(recovery)


def test_a_step_that_is_cancelled_from_below_ends_the_process_instead_of_the_recovery() -> None:
    async def run(recovery: LogRecovery) -> None:
        with pytest.raises(RecoveryCancelled):
            await recovery._wait(step())

    asyncio.run(recover(run))


def test_a_recovery_that_is_told_to_stop_stops() -> None:
    async def run(recovery: LogRecovery) -> None:
        waiting = asyncio.create_task(recovery._wait(asyncio.sleep(60)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(recover(run))
