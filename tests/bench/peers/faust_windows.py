"""Textbook Faust: an agent and a windowed table, as its documentation shows.

``python -m tests.bench.peers.faust_windows KAFKA TOPIC TOTAL``
"""

import asyncio
import sys
import uuid
from datetime import timedelta
from typing import Any

import faust

from tests.bench.rates import Stopwatch, count
from tests.bench.task import PARTITIONS


def main(kafka: str, topic: str, total: int) -> None:
    """Read so many events; never returns."""
    stopwatch = Stopwatch(total)
    app = faust.App(
        f"bench-{uuid.uuid4().hex}",
        broker=f"kafka://{kafka}",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=PARTITIONS,
        consumer_auto_offset_reset="earliest",
    )
    table = app.Table("tallies", default=lambda: [0, 0, 0]).tumbling(timedelta(minutes=1))

    async def tally(stream: faust.StreamT[Any]) -> None:
        async for event in stream:
            person, handle_ms = event["actor_id"], event["handle_ms"]
            n, handle_ms_sum, handle_ms_max = table[person].current()
            table[person] = [n + 1, handle_ms_sum + handle_ms, max(handle_ms_max, handle_ms)]
            count(stopwatch, 1)

    app.agent(app.topic(topic, key_type=bytes, value_serializer="json"), name="tally")(tally)
    worker = faust.Worker(
        app, override_logging=False, redirect_stdouts=False, quiet=True,
        loop=asyncio.new_event_loop(),
    )  # fmt: skip
    worker.execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
