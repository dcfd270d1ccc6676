"""``python -m tests.bench.views --rows 100000000``: how fast the views answer, over a large floor.

It starts an engine of its own, makes pane rows in it, and prints as a table: p50 and p95 of each
view over 24 h, 28 d and 400 d (or all there is), insert speed, and what restated rows cost. The
data directory is deleted at the end.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from sinks.migrations import migrate
from tests.bench.views_floor import END, Span, fill, restate
from tests.integration.sinks.engines import Engine

DATABASE = "ops_bench"
RANGES = {"24 h": timedelta(days=1), "28 d": timedelta(days=28), "400 d": timedelta(days=400)}
VIEWS = ("throughput", "aht", "backlog", "sla", "review_yield", "quality", "metric_values")
#: A machine that others use may take its time.
ANSWER_S = 900
_STAMP = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Question:
    """A view by a grouping over a range in steps; ``columns`` of it, ``*`` is all."""

    view: str
    length: timedelta
    step_s: int = 0
    grouping: str = "queue"
    columns: str = "*"

    @property
    def sql(self) -> str:
        """It as a client asks it; the answer is not sent, only worked out."""
        start = (END - self.length).strftime(_STAMP)
        return (
            f"SELECT {self.columns} FROM {DATABASE}.{self.view}(grouping='{self.grouping}', "
            f"from='{start}', to='{END.strftime(_STAMP)}', step_s={self.step_s}) FORMAT Null"
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one question in ms."""

    p50_ms: float
    p95_ms: float


def say(text: str) -> None:
    """Progress, to standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def timed(client: Client, question: Question, runs: int) -> Timing:
    """Ask ``runs`` times after a first time that does not count."""
    client.command(question.sql)
    found = sorted(seconds(lambda: client.command(question.sql)) * 1000 for _ in range(runs))
    late = found[min(len(found) - 1, int(0.95 * len(found)))]
    return Timing(statistics.median(found), late)


def tell_views(client: Client, span: Span, runs: int) -> None:
    """Print the table of all views over all ranges."""
    print(
        "\n| view, by queue | one row | by hour, day from 28 d on | one metric |\n|---|---|---|---|"
    )
    for name, length in RANGES.items():
        step_s = 3600 if length.days < 2 else 86_400
        whole = min(length, timedelta(days=span.days))
        for view in VIEWS:
            first = "throughput" if view == "throughput" else "1"
            asked = [Question(view, whole), Question(view, whole, step_s)]
            asked.append(Question(view, whole, columns=first))
            cells = [timed(client, each, runs) for each in asked]
            told = " | ".join(f"{cell.p50_ms:.0f} / {cell.p95_ms:.0f}" for cell in cells)
            print(f"| {view}, {name} | {told} |", flush=True)


def tell_size(client: Client, when: str) -> None:
    """Print rows, parts and bytes of the rollups."""
    rows, parts, size = client.query(
        "SELECT sum(rows), count(), sum(bytes_on_disk) FROM system.parts "
        f"WHERE database = '{DATABASE}' AND table = 'rollups' AND active"
    ).result_rows[0]
    print(f"{when}: {rows:,} rows in {parts} parts, {size / 1e9:.2f} GB", flush=True)


def tell_restated(client: Client, percent: int, runs: int) -> None:
    """Restate a share of 28 days; print what it and the merge cost, and the question meanwhile."""
    days = RANGES["28 d"].days
    took = seconds(lambda: restate(client, DATABASE, days, percent))
    tell_size(client, f"{percent} % of 28 days told anew in {took:.1f} s")
    question = Question("throughput", RANGES["28 d"])
    unmerged = timed(client, question, runs)
    merge = f"OPTIMIZE TABLE {DATABASE}.rollups PARTITION 202609"
    merging = seconds(lambda: client.command(merge))
    merged = timed(client, question, runs)
    print(
        f"throughput over 28 d: {unmerged.p50_ms:.0f} ms before, {merged.p50_ms:.0f} ms after "
        f"a merge of {merging:.1f} s",
        flush=True,
    )


def measure(client: Client, span: Span, runs: int, *, history: bool) -> None:
    """Fill, ask, restate, ask."""
    migrate(client, DATABASE)
    if not history:
        client.command(f"DROP TABLE IF EXISTS {DATABASE}.rollups_history_feed")
    began = time.perf_counter()
    if not client.command(f"SELECT count() FROM {DATABASE}.rollups"):
        for until in fill(client, DATABASE, span):
            say(f"rows until {until:%Y-%m-%d}")
    took = time.perf_counter() - began
    tell_size(client, f"{span.days} days stored in {took:.0f} s")
    tell_views(client, span, runs)
    for percent in (1, 10):
        tell_restated(client, percent, runs)


def main() -> None:
    """Measure in a directory that is deleted at the end, but for ``--data``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--history", action="store_true", help="store rollups_history as well")
    parser.add_argument("--data", type=Path, help="keep the rows here, and use them again")
    options = parser.parse_args()
    where = options.data or Path(tempfile.mkdtemp(prefix="views-"))
    where.mkdir(parents=True, exist_ok=True)
    engine = Engine(where)
    engine.start()
    address = urlsplit(engine.url)
    client = clickhouse_connect.get_client(
        host=str(address.hostname),
        port=address.port or 0,
        autogenerate_session_id=False,
        send_receive_timeout=ANSWER_S,
    )
    try:
        measure(client, Span(options.rows), options.runs, history=options.history)
    finally:
        client.close()
        engine.kill()
        if options.data is None:
            shutil.rmtree(where)


if __name__ == "__main__":
    main()
