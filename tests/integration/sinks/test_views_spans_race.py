"""Rows are stored, spans are summed up and questions are asked, all at the same time."""

import threading

from clickhouse_connect.driver.client import Client

from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks import spans
from sinks.clickhouse import ClickHouseSink, connect
from tests.integration.sinks.floors import START_MS
from tests.integration.sinks.questions import Asked

MINUTE_MS, PANES, QUESTIONS = 60_000, 4, 25
#: What a whole hour says is a multiple of this, or somebody has read a torn one.
ASKED = Asked("throughput", {"step_s": 3600, "to": "2026-01-01 03:00:00"})


class Writer:
    """Tells all panes of one hour after the other anew, each time one more in every pane."""

    def __init__(self, url: str, database: str) -> None:
        self._sink = ClickHouseSink(url, database)
        self.begun, self.stored = [0, 0, 0], [0, 0, 0]

    def tell(self, hour: int) -> None:
        """One insert: what it says was ``begun`` before and is ``stored`` after."""
        count = self.begun[hour] = self.begun[hour] + 1
        rows = [
            RollupRow(grouping, {}, START_MS + (hour * 60 + minute * 7) * MINUTE_MS, 60, count,
                      {key_of("submitted"): count})
            for minute in range(PANES) for grouping in ("queue", "all")
        ]  # fmt: skip
        assert self._sink.write("rollups", rows) == []
        self.stored[hour] = count


def test_no_answer_is_older_than_what_was_stored_before_it(
    client: Client, clickhouse_url: str, database: str
) -> None:
    writer, ended = Writer(clickhouse_url, database), threading.Event()
    for hour in range(3):
        writer.tell(hour)
    summed: list[int] = []

    def write() -> None:
        while not ended.is_set():
            # The first hour moves seldom, so that it is summed up in between.
            for hour in (1, 2, 1, 2, 0, 2, 2):
                writer.tell(hour)
                ended.wait(0.02 * hour)

    def sum_up() -> None:
        own = connect(clickhouse_url)
        while not ended.is_set():
            summed.extend(spans.refresh(own, database, settled_s=0))
        own.close()

    threads = [threading.Thread(target=it) for it in (write, sum_up, sum_up)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(QUESTIONS):
            _ask(client, database, writer)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    list(spans.refresh(client, database, settled_s=0))
    _ask(client, database, writer)
    assert len(summed) > 10


def _ask(client: Client, database: str, writer: Writer) -> None:
    least = list(writer.stored)
    rows = client.query(f"SELECT throughput_n FROM ({ASKED.sql(database)}) ORDER BY step_start")
    most = list(writer.begun)
    for (found,), stored, begun in zip(rows.result_rows, least, most, strict=True):
        assert found % PANES == 0 and stored <= found // PANES <= begun
