"""quixstreams: a tumbling window with its state in RocksDB and a changelog topic.

``python -m tests.bench.peers.quix_windows KAFKA TOPIC TOTAL``
"""

import sys
import uuid
from typing import Any

from quixstreams import Application

from tests.bench.rates import Stopwatch, count
from tests.bench.task import PANE_MS


def begin(event: dict[str, Any]) -> list[int]:
    """The tally of one event."""
    return [1, event["handle_ms"], event["handle_ms"]]


def fold(tally: list[int], event: dict[str, Any]) -> list[int]:
    """The tally with one more event."""
    handle_ms = event["handle_ms"]
    return [tally[0] + 1, tally[1] + handle_ms, max(tally[2], handle_ms)]


def main(kafka: str, topic: str, total: int) -> None:
    """Read so many events; never returns."""
    stopwatch = Stopwatch(total)

    def processed(_topic: str, _partition: int, _offset: int) -> None:
        count(stopwatch, 1)

    app = Application(
        broker_address=kafka,
        consumer_group=f"bench-{uuid.uuid4().hex}",
        auto_offset_reset="earliest",
        on_message_processed=processed,
        loglevel="WARNING",
    )
    frame = app.dataframe(app.topic(topic, key_deserializer="bytes", value_deserializer="json"))
    # One reduction, as its documentation advises for several aggregates: `agg` is slower.
    frame.tumbling_window(PANE_MS).reduce(fold, begin).final()
    app.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
