"""Events a second through one worker on a real broker: textbook Faust, stock Faust, ours, empty.

Each app runs in a process of its own over the same topic, one after the other in one run; an app
ends itself when it has seen the events it was asked for. Per CPU second of the worker as well,
because the machine is shared.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import faust
import orjson
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.stack import Stack
from schemas.topics import Role, Topics
from streams.batches import batch_topic, batches
from streams.feed import Feed
from streams.runtime import AppSettings, make_app
from streams.runtime import run as run_app

PARTITIONS = 4
#: Of the events asked for, the part that the slow ones get.
SHARE = {"textbook": 0.05, "stock": 0.1, "batched": 1.0}
WAIT_S_MAX = 300


class Count:
    """Ends the process when enough events were seen, and says how long they took."""

    def __init__(self, kind: str, total: int) -> None:
        self.kind, self.total, self.seen = kind, total, 0
        self.began = (0.0, 0.0)

    def add(self, n: int) -> None:
        """So many more were processed."""
        if not self.seen:
            self.began = (time.perf_counter(), time.process_time())
        self.seen += n
        if self.seen >= self.total:
            wall_s = time.perf_counter() - self.began[0]
            cpu_s = time.process_time() - self.began[1]
            rates = f"{self.seen / wall_s:10,.0f} events/s {self.seen / cpu_s:10,.0f} a CPU s"
            print(f"{self.kind:9} {rates}", flush=True)
            os._exit(0)


def work(kind: str, kafka: str, topic: str, total: int) -> None:
    """One app; never returns."""
    count = Count(kind, total)
    if kind == "batched":
        ours = make_app(AppSettings(kafka=kafka, group=f"bench-{uuid.uuid4().hex}"))

        async def take(stream: faust.StreamT[Any]) -> None:
            async for batch in batches(stream):
                count.add(len(batch.records))

        ours.agent(batch_topic(ours, topic), name="bench")(take)
        run_app(ours)
    app = faust.App(
        f"bench-{uuid.uuid4().hex}",
        broker=f"kafka://{kafka}",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=PARTITIONS,
        consumer_auto_offset_reset="earliest",
    )
    table = app.Table("counts", default=int).tumbling(timedelta(minutes=1))

    async def stock(stream: faust.StreamT[Any]) -> None:
        async for _ in stream:
            count.add(1)

    async def textbook(stream: faust.StreamT[Any]) -> None:
        async for event in stream:
            table[event["queue_id"]] += 1
            count.add(1)

    if kind == "stock":
        app.agent(app.topic(topic, key_type=bytes, value_type=bytes), name="bench")(stock)
    else:
        app.agent(app.topic(topic, value_serializer="json"), name="bench")(textbook)
    worker = faust.Worker(
        app, override_logging=False, redirect_stdouts=False, quiet=True,
        loop=asyncio.new_event_loop(),
    )  # fmt: skip
    worker.execute_from_commandline()


async def fill(kafka: str, topics: Topics, events: int) -> None:
    """Put equal small events into the annotations topic, spread over its partitions."""
    value = orjson.dumps({"queue_id": "images", "item_id": "i" * 20, "pad": "x" * 120})
    async with Feed(kafka, topics, PARTITIONS) as feed:
        for number in range(events):
            now_ms = int(time.time() * 1000)
            await feed.put(Role.ANNOTATIONS, b"item-%d" % number, value, now_ms)


def run(events: int) -> None:
    """Start a stack of its own, fill a topic, and let one app after the other read it."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        try:
            kafka = stack.up(parts=("kafka",)).kafka
            assert kafka is not None
            topics = Topics(f"bench-{uuid.uuid4().hex[:6]}")
            admin = KafkaAdminClient(bootstrap_servers=kafka)
            admin.create_topics([NewTopic(topics.annotations, PARTITIONS, 1)])
            asyncio.run(fill(kafka, topics, events))
            for kind, share in SHARE.items():
                _measure(kind, kafka, topics.annotations, max(500, int(events * share)))
        finally:
            stack.reset()


def _measure(kind: str, kafka: str, topic: str, total: int) -> None:
    program = (
        f"from tests.bench.faust_rates import work; work({kind!r}, {kafka!r}, {topic!r}, {total})"
    )
    with tempfile.TemporaryDirectory() as folder:
        # Stock Faust makes a folder for its data where it runs.
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder, env=environment, timeout=WAIT_S_MAX, check=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
    print(done.stdout.splitlines()[-1], flush=True)
