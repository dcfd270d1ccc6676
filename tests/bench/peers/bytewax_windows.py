"""bytewax: a fold over tumbling windows, in memory, without recovery (its default).

``python -m tests.bench.peers.bytewax_windows KAFKA TOPIC TOTAL``
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main
from bytewax.testing import TestingSink

from tests.bench.rates import Stopwatch, count
from tests.bench.task import PANE_MS

Tally = tuple[int, int, int]


def flow(kafka: str, topic: str, total: int) -> Dataflow:
    """The data flow; it ends the process when it has seen so many events."""
    stopwatch = Stopwatch(total)

    def read(message: Any) -> tuple[str, dict[str, Any]]:
        event = orjson.loads(message.value)
        return event["actor_id"], event

    def fold(tally: Tally, event: dict[str, Any]) -> Tally:
        count(stopwatch, 1)
        n, handle_ms_sum, handle_ms_max = tally
        handle_ms = event["handle_ms"]
        return n + 1, handle_ms_sum + handle_ms, max(handle_ms_max, handle_ms)

    def merge(one: Tally, other: Tally) -> Tally:
        return one[0] + other[0], one[1] + other[1], max(one[2], other[2])

    clock = win.EventClock(
        ts_getter=lambda event: datetime.fromtimestamp(event["occurred_at"] / 1000, UTC),
        wait_for_system_duration=timedelta(seconds=0),
    )
    windower = win.TumblingWindower(
        length=timedelta(milliseconds=PANE_MS), align_to=datetime(2020, 1, 1, tzinfo=UTC)
    )
    made = Dataflow("bench")
    events = op.map("read", op.input("in", made, KafkaSource([kafka], [topic])), read)
    # A fold that does not mind the order need not sort: the faster of its two ways.
    folded = win.fold_window(
        "tally", events, clock, windower, lambda: (0, 0, 0), fold, merge, ordered=False
    )
    op.output("out", folded.down, TestingSink([]))
    return made


if __name__ == "__main__":
    cli_main(flow(sys.argv[1], sys.argv[2], int(sys.argv[3])))
