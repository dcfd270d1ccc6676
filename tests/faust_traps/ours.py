"""The same workers over the batched transport, one function per trap."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import ConsumerRecord
from faust.types import TP

from streams import runtime, watchdog
from streams.tables import LogTable, PartitionLost, is_claim
from streams.transport import Batch, batch_topic, batches

Args = dict[str, Any]


def say(**seen: Any) -> None:
    print(json.dumps(seen), flush=True)


def app_for(args: Args, **settings: Any) -> runtime.App:
    return runtime.make_app(
        runtime.AppSettings(
            kafka=args["kafka"], group=args["group"], commit_interval_s=0.2, **settings
        )
    )


class Seen:
    """A state that is only what the log told; prints what happens to it."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []
        self.epochs: dict[int, int] = {}

    def begin(self, partition: int) -> None:
        self.values.clear()

    def apply(
        self, partition: int, batch: Sequence[ConsumerRecord[bytes | None, bytes | None]]
    ) -> None:
        self.values += [record.value for record in batch if not is_claim(record.key)]

    def settle(self, partition: int) -> Iterable[None]:
        return ()

    def ready(self, partition: int, epoch: int, end_offset: int) -> None:
        self.epochs[partition] = epoch
        say(ready=partition, epoch=epoch, end=end_offset, values=len(self.values))

    def drop(self, partition: int) -> None:
        self.epochs.pop(partition, None)
        say(dropped=partition)


def log_table(app: runtime.App, args: Args) -> tuple[LogTable, Seen]:
    seen = Seen()
    return LogTable(app, name="state", topic=args["log"], listener=seen), seen


def mark(app: runtime.App, batch: Batch, offset: int | None = None) -> None:
    consumer: Any = app.consumer
    consumer.mark_durable({batch.tp: offset or batch.next_offset})


def failed_changelog_write(args: Args) -> None:
    """L1."""
    app = app_for(args)
    table, _ = log_table(app, args)

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for batch in batches(stream):
            say(saw=batch.records[0].value.decode())
            await table.append(0, [(b"k", os.urandom(1000), [])])
            mark(app, batch)

    runtime.run(app)


def early_flush(args: Args) -> None:
    """L2."""

    async def main() -> None:
        app = app_for(args)
        app.finalize()
        await app.producer.start()
        topic = app.topic(args["topic"], value_type=bytes)
        sent = [topic.send_soon(value=b"x", key=None) for _ in range(args["messages"])]
        say(flushing=True)
        await app.producer.flush()
        say(unsent=sum(not one.done() for one in sent))
        await app.producer.stop()

    asyncio.run(main())


def held_message(args: Args) -> None:
    """L3, L4, D7: nothing from the held message on becomes durable."""
    app = app_for(args)
    limits = watchdog.Limits(commit_age_s_max=args.get("commit_age_s_max", 60.0), check_s=0.2)

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for batch in batches(stream):
            for record in batch.records:
                say(saw=record.offset)
            mark(app, batch, min(batch.next_offset, args["hold"]))

    runtime.run(app, watchdog.Watchdog(app, limits))


def raising_agent(args: Args) -> None:
    """L5, L6."""
    app = app_for(args)

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for _batch in batches(stream):
            say(raised=True)
            raise RuntimeError("the body failed")

    runtime.run(app)


def reading_agent(args: Args) -> None:
    """L7, L8, D1, L11 and D2 (with a log): prints every value it gets."""
    app = app_for(args)
    if "log" in args:
        log_table(app, args)
    if args.get("slow"):

        @app.on_partitions_assigned.connect
        async def shorten(*_: Any, **_more: Any) -> None:
            say(shortened=True)
            app.conf.broker_request_timeout = 1e-6

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for batch in batches(stream):
            for record in batch.records:
                say(saw=record.value.decode())
            mark(app, batch)
            if args.get("returns"):
                return

    runtime.run(app, watchdog.Watchdog(app, watchdog.Limits(check_s=0.1)))


def threaded_producer(args: Args) -> None:
    """L9: refused."""
    app = app_for(args)
    app.conf.producer_threaded = True
    assert app.producer


def blocked_sink(args: Args) -> None:
    """D3: retries for ever, but only what is still its own."""
    app = app_for(args, settle_s_max=1.0)

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        consumer: Any = app.consumer
        async for batch in batches(stream):
            say(saw=batch.tp.partition)
            while args["blocked"] and consumer.holds(batch):
                await asyncio.sleep(0.1)
            say(left=batch.tp.partition)

    runtime.run(app)


def raising_timer(args: Args) -> None:
    """D10: fails every time, or now and then."""
    app = app_for(args)

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for batch in batches(stream):
            for record in batch.records:
                say(saw=record.value.decode())

    fired = 0

    async def timer() -> None:
        nonlocal fired
        fired += 1
        if args["always"] or fired % 2:
            say(failed=fired)
            raise RuntimeError("the timer failed")

    watchdog.every(app, 0.1, timer, failures_max=3)
    runtime.run(app)


def counting_worker(args: Args) -> None:
    """Counts every message into the log, one flush a batch, and starts where the log ends."""
    app = app_for(args, instance_id=args.get("instance"), session_timeout_s=6.0, heartbeat_s=1.0)
    table, seen = log_table(app, args)

    async def start_offsets(sources: set[TP]) -> Mapping[TP, int]:
        last = seen.values[-1] if seen.values else None
        return {tp: int(last) for tp in sources} if last else {}

    app.hooks.start_offsets = start_offsets

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for batch in batches(stream):
            say(first=batch.records[0].offset, next=batch.next_offset)
            try:
                base = await table.append(0, [(b"next", b"%d" % batch.next_offset, [])])
            except PartitionLost as lost:
                say(lost=type(lost).__name__)
                consumer: Any = app.consumer
                await consumer.rejoin()
                continue
            say(base=base)
            mark(app, batch)

    runtime.run(app, watchdog.Watchdog(app, watchdog.Limits(check_s=0.2)))


def lazy_worker(args: Args) -> None:
    """Flushes only when it must: before its partitions are taken away."""
    app = app_for(args)
    read: dict[TP, int] = {}

    async def before_revoke(_revoked: set[TP]) -> None:
        consumer: Any = app.consumer
        consumer.mark_durable(read)

    app.hooks.before_revoke = before_revoke

    @app.agent(batch_topic(app, args["topic"]))
    async def agent(stream: Any) -> None:
        async for batch in batches(stream):
            read[batch.tp] = batch.next_offset
            say(saw=batch.next_offset)

    runtime.run(app)


if __name__ == "__main__":
    logging.basicConfig(level=os.environ.get("LOGLEVEL", "WARNING"))
    globals()[sys.argv[1]](json.loads(sys.argv[2]))
