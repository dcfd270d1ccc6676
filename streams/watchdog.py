"""Ends a worker that no longer works, with a reason; nothing else here may die quietly.

Faust's workers can stop working while their process runs on: an agent's task ends (D1), a
recovery waits for ever (D2), commits stop (D7), aiokafka gives up on the group, the event loop
hangs while another thread sends the heartbeats. A supervisor can't see any of that; it can see
an exit.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast

from faust.types import TP
from mode import Service

from streams.runtime import App
from streams.tables import LogTable
from streams.transport import Consumer

log = logging.getLogger(__name__)


#: So many times longer may one partition stand still while others get on.
PATIENCE_TIMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a worker may go without a sign of work, in seconds of the wall clock."""

    #: While partitions do not flow: without any progress of a recovery, which may take long.
    unready_s_max: float = 180.0
    #: With lag and without a commit that moves; above the longest batch and flush.
    commit_age_s_max: float = 300.0
    #: Without a turn of the event loop.
    stall_s_max: float = 60.0
    check_s: float = 1.0


class Watchdog(Service):
    """Looks at the app every ``check_s`` and calls ``reason`` with what it finds.

    ``excused`` says that commits stand still on purpose: a sink is out of reach.
    """

    def __init__(
        self,
        app: App,
        limits: Limits | None = None,
        *,
        excused: Callable[[], bool] = lambda: False,
        reason: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self.app = app
        self._limits = limits or Limits()
        self._excused = excused
        self._reason = reason or app.fatal
        self._unready_since: float | None = monotonic()
        self._recovered = 0
        self._progress: dict[TP, tuple[int, float]] = {}
        self._turned_at = monotonic()
        self._stopping = threading.Event()

    async def on_start(self) -> None:
        threading.Thread(target=self._watch_loop, name="watchdog", daemon=True).start()

    async def on_stop(self) -> None:
        self._stopping.set()

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            self._turned_at = monotonic()
            if not self.app.should_stop:
                found = self.find(self._turned_at)
                if found is not None:
                    self._reason(found)
            await asyncio.sleep(self._limits.check_s)

    def find(self, now_s: float) -> str | None:
        """The first thing wrong, or None; ``now_s`` is of the monotonic clock."""
        return self._ended_agent() or self._unready(now_s) or self._stuck_commit(now_s)

    def _ended_agent(self) -> str | None:
        for name, agent in self.app.agents.items():
            for actor in cast(Any, agent)._actors:
                if actor.actor_task is not None and actor.actor_task.done():
                    return f"the task of agent {name} has ended"
        return None

    def _unready(self, now_s: float) -> str | None:
        if self._consumer is not None and self._consumer.reading:
            self._unready_since = None
            return None
        tables = cast("dict[str, LogTable]", self.app.tables)
        recovered = sum(table.progress for table in tables.values())
        if self._unready_since is None or recovered != self._recovered:
            self._unready_since, self._recovered = now_s, recovered
        still_s = now_s - self._unready_since
        if still_s < self._limits.unready_s_max:
            return None
        return f"not ready, and nothing recovered for {still_s:.0f} s"

    def _stuck_commit(self, now_s: float) -> str | None:
        if self._unready_since is not None or self._consumer is None or self._excused():
            self._progress.clear()
            return None
        lags = {tp: lag for tp, lag in self._consumer.lags().items() if lag}
        self._progress = {tp: seen for tp, seen in self._progress.items() if tp in lags}
        for tp in lags:
            committed = self._consumer.committed(tp) or 0
            before, since = self._progress.get(tp, (committed, now_s))
            self._progress[tp] = (committed, since if before == committed else now_s)
        limit_s = self._limits.commit_age_s_max
        if any(now_s - since <= limit_s for _, since in self._progress.values()):
            # Work goes on, if slowly: a backlog is read one partition after the other.
            limit_s *= PATIENCE_TIMES
        for tp, (_, since) in self._progress.items():
            if now_s - since > limit_s:
                return f"no commit of {tp} for {now_s - since:.0f} s with a lag of {lags[tp]}"
        return None

    @property
    def _consumer(self) -> Consumer | None:
        consumer = cast(Consumer | None, self.app._consumer)
        return consumer if consumer is not None and consumer.connected else None

    def _watch_loop(self) -> None:
        """In a thread of its own: notice that the event loop does not turn."""
        limit = self._limits.stall_s_max
        while not self._stopping.wait(self._limits.check_s):
            still_s = monotonic() - self._turned_at
            if still_s > limit and not self.app.should_stop:
                self._reason(f"the event loop has not turned for {still_s:.0f} s")


def every(
    app: App, seconds: float, body: Callable[[], Awaitable[None]], *, failures_max: int = 10
) -> None:
    """Run ``body`` at an interval; a failure is logged, and only a row of them ends the process.

    In a plain Faust timer the first exception takes the worker down (D10).
    """
    failures = 0

    async def guarded() -> None:
        nonlocal failures
        try:
            await body()
            failures = 0
        except Exception as error:
            failures += 1
            log.exception("timer_failed name=%s failures=%s", body.__qualname__, failures)
            if failures >= failures_max:
                app.fatal(f"timer {body.__qualname__} failed {failures} times in a row: {error!r}")

    guarded.__qualname__ = guarded.__name__ = body.__name__
    app.timer(seconds)(guarded)
