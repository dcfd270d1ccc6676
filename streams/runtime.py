"""The Faust app every worker runs: its settings, its hooks, and how the process ends.

A process here either works or ends: whatever crashes, and whatever the watchdog finds, goes
to ``App.fatal``, which says why and exits with ``EXIT_FATAL`` at once. That is safe at any
moment, since what counts is in Kafka, and a supervisor starts the worker again.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from signal import Signals
from typing import NoReturn, cast

import faust
import faust.streams
from faust.transport.drivers import TRANSPORTS
from faust.types import TP
from mode import CrashingSupervisor
from mode.types import ServiceT

from streams.credentials import faust_credentials
from streams.recovery import Tables
from streams.transport import Consumer

EXIT_FATAL = 70
#: A graceful stop that takes longer is not one; above the longest ``settle_s_max``.
STOP_S_MAX = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """What an app needs to know of Kafka. Times in seconds, sizes in bytes."""

    #: Bootstrap servers, "host:port,host:port".
    kafka: str
    #: Consumer group, and the name of the app.
    group: str
    #: Identity of this process in the group, stable over restarts and unique in the group;
    #: with it a killed worker comes back without a rebalance. None: dynamic membership.
    instance_id: str | None = None
    #: Not shorter than the broker's group.min.session.timeout.ms (6 s by default).
    session_timeout_s: float = 10.0
    heartbeat_s: float = 3.0
    #: How long a member may take to flush and rejoin before a rebalance goes on without it.
    rebalance_timeout_s: float = 60.0
    commit_interval_s: float = 1.0
    #: Longest the flush and the commit at a revocation or stop may take together.
    settle_s_max: float = 10.0
    #: Long, since a request that times out during a rebalance ends the process (D2).
    request_timeout_s: float = 300.0
    #: Largest record batch; the topics' max.message.bytes must allow as much.
    batch_bytes_max: int = 16 * 1024 * 1024
    #: Most that one fetch brings of one partition, so the size of one ``Batch``.
    fetch_bytes_max: int = 1024 * 1024
    #: How many fetched batches may wait for an agent.
    buffered_batches_max: int = 8


async def _flush_nothing(_revoked: set[TP]) -> None:
    return


async def _start_anywhere(_sources: set[TP]) -> Mapping[TP, int]:
    return {}


def end_process(reason: str) -> NoReturn:
    """Say why and end the process at once, non-zero; nothing is flushed or committed."""
    log.critical("process_ended reason=%s", reason)
    print(f"watchfloor: ended: {reason}", file=sys.stderr, flush=True)
    logging.shutdown()
    os._exit(EXIT_FATAL)


@dataclass(slots=True)
class Hooks:
    """What the app asks of the code that keeps the state."""

    #: Flush what was applied and mark it durable; the partitions are about to go.
    before_revoke: Callable[[set[TP]], Awaitable[None]] = _flush_nothing
    #: Where to start reading, from the recovered state; what it leaves out starts at its
    #: committed offset, else at the earliest.
    start_offsets: Callable[[set[TP]], Awaitable[Mapping[TP, int]]] = _start_anywhere
    #: Gets the reason why the process can't go on; must not return to a running worker.
    on_fatal: Callable[[str], None] = end_process


class App(faust.App):
    """A Faust app over the batched transport that ends when it can't work."""

    hooks: Hooks
    settle_s_max: float = 10.0

    def fatal(self, reason: str) -> None:
        """End the process; one that is on its way out already only says so."""
        if self.should_stop:
            log.error("failed_while_stopping reason=%s", reason)
        else:
            self.hooks.on_fatal(reason)

    def _crash(self, reason: BaseException) -> None:
        # Every service that crashes marks its parents, so this sees all of them.
        log.error("service_crashed", exc_info=reason)
        self.fatal(f"a service crashed: {reason!r}")
        super()._crash(reason)

    def _create_directories(self) -> None:
        """Nothing of ours is kept on a worker's disk."""

    async def settle(self, tps: set[TP]) -> None:
        """Flush and commit before partitions are given up; late or failed, they are replayed."""
        consumer = cast(Consumer, self.consumer)
        try:
            async with asyncio.timeout(self.settle_s_max):
                await self.hooks.before_revoke(tps)
                await consumer.force_commit()
        except TimeoutError:
            log.warning("settle_timed_out partitions=%s", len(tps))
        except Exception as error:
            # Raised further it would end in a log line of aiokafka's.
            self.fatal(f"the flush before a revocation failed: {error!r}")

    async def _stop_consumer(self) -> None:
        consumer = cast(Consumer | None, self._consumer)
        if consumer is not None and consumer.connected:
            assigned = consumer.assignment()
            consumer.hold()
            if assigned:
                await self.settle(assigned)
            await consumer.leave()
        await super()._stop_consumer()


def make_app(settings: AppSettings, hooks: Hooks | None = None) -> App:
    """An app with the settings that were tried (design: faust), and no web server.

    Topics are never created by it, and no store is kept beside the ``LogTable``s.
    """
    # An installed package registers itself; a checkout that is not installed works too.
    TRANSPORTS.aliases.setdefault("batched", "streams.transport:Transport")
    app = App(
        settings.group,
        broker=";".join(f"batched://{server}" for server in settings.kafka.split(",")),
        broker_credentials=faust_credentials(settings.kafka),
        broker_commit_interval=settings.commit_interval_s,
        broker_request_timeout=settings.request_timeout_s,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        # An agent that waits for a sink fetches nothing; the watchdog judges that, not a clock.
        broker_max_poll_interval=7 * 86_400.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id,
        consumer_max_fetch_size=settings.fetch_bytes_max,
        stream_buffer_maxsize=settings.buffered_batches_max,
        stream_wait_empty=False,
        stream_publish_on_commit=False,
        stream_recovery_delay=0.0,
        producer_threaded=False,
        producer_acks=-1,
        # aiokafka packs lz4 at the level for archives: ten times slower, and larger.
        producer_compression_type="zstd",
        producer_max_batch_size=settings.batch_bytes_max,
        producer_max_request_size=settings.batch_bytes_max,
        producer_request_timeout=settings.request_timeout_s,
        table_standby_replicas=0,
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
        agent_supervisor=CrashingSupervisor,
        TableManager=Tables,
        processing_guarantee="at_least_once",
    )
    app.hooks = hooks or Hooks()
    app.settle_s_max = settings.settle_s_max
    return app


def check_installation() -> None:
    """Refuse to run on a Faust that would lose messages without saying so (L7)."""
    if getattr(faust.streams, "_CStreamIterator", None) is None:
        raise RuntimeError("Faust's compiled stream iterator is missing (is NO_CYTHON set?)")


def run(app: App, *services: ServiceT) -> NoReturn:
    """Run the app until it is told to stop (SIGTERM, SIGINT: exit 0) or ends by itself (70).

    Not Faust's ``worker`` command: that starts a web server on every interface.
    """
    check_installation()
    if app._consumer is not None or app._producer is not None:
        raise RuntimeError("app.consumer and app.producer belong to the loop: use them in it only")
    with asyncio.Runner() as runner:
        runner.run(_serve(app, services))
    raise SystemExit(0)


async def _serve(app: App, services: tuple[ServiceT, ...]) -> None:
    app.finalize()
    worker = Worker(app, *services, override_logging=False, redirect_stdouts=False)
    worker.spinner = None
    try:
        await worker.start()
    except Exception as error:
        app.hooks.on_fatal(f"the worker did not start: {error!r}")
    if worker._signal_stop_future is None:
        app.hooks.on_fatal(f"the worker ended by itself: {worker.crash_reason!r}")
    else:
        await worker._signal_stop_future


class Worker(faust.Worker):
    """Faust's worker, whose graceful stop takes ``STOP_S_MAX`` at most."""

    def _schedule_shutdown(self, signal: Signals) -> None:
        # A thread, because a loop that hangs would not notice.
        late = f"the worker did not stop in {STOP_S_MAX:.0f} s"
        timer = threading.Timer(STOP_S_MAX, cast(App, self.app).hooks.on_fatal, [late])
        timer.daemon = True
        timer.start()
        super()._schedule_shutdown(signal)
