"""``python -m tests.bench.views --rows 100000000``: how fast the views answer, over a large floor.

It starts an engine of its own, makes pane rows in it, and prints as a table: p50 and p95 of each
view over 24 h, 28 d and 400 d (or all there is), before and after hours and days are summed up,
insert speed, and what restated rows cost. The data directory is deleted at the end.
"""

import argparse
import os
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

from sinks import spans, views
from sinks.migrations import migrate
from tests.bench.views_floor import END, Span, fill, restate
from tests.integration.sinks.engines import Engine

DATABASE = "ops_bench"
RANGES = {"24 h": timedelta(days=1), "28 d": timedelta(days=28), "400 d": timedelta(days=400)}
#: Views, and of each one column that is asked for alone.
VIEWS = {view.name: view.metrics[0].id for view in views.VIEWS} | {"metric_values": "value"}
#: A machine that others use may take its time.
ANSWER_S = 900
RESTATED_DAYS = 4
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
    """Times of one question in ms; ``cpu_ms`` is the engine's, and holds on a busy machine too."""

    p50_ms: float
    p95_ms: float
    cpu_ms: float

    def __str__(self) -> str:
        return f"{self.p50_ms:.0f} / {self.p95_ms:.0f} ({self.cpu_ms:.0f})"


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks an engine, ``pid``, each question ``runs`` times."""

    client: Client
    pid: int
    runs: int

    def timed(self, question: Question) -> Timing:
        """Ask ``runs`` times after a first time that does not count."""
        self.client.command(question.sql)
        before = cpu_ms(self.pid)
        found = sorted(
            seconds(lambda: self.client.command(question.sql)) * 1000 for _ in range(self.runs)
        )
        spent = (cpu_ms(self.pid) - before) / self.runs
        return Timing(statistics.median(found), found[int(0.95 * len(found))], spent)


def cpu_ms(pid: int) -> float:
    """CPU time that a process has used, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def say(text: str) -> None:
    """Progress, to standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def tell_views(asker: Asker, span: Span) -> None:
    """Print the table of all views over all ranges: p50 / p95 (CPU) in ms."""
    print(
        "\n| view, by queue | one row | by hour, day from 28 d on | one metric |\n|---|---|---|---|"
    )
    for name, length in RANGES.items():
        step_s = 3600 if length.days < 2 else 86_400
        whole = min(length, timedelta(days=span.days))
        for view, metric in VIEWS.items():
            asked = (
                Question(view, whole),
                Question(view, whole, step_s),
                Question(view, whole, columns=metric),
            )
            told = " | ".join(str(asker.timed(each)) for each in asked)
            print(f"| {view}, {name} | {told} |", flush=True)


def tell_size(client: Client, when: str) -> None:
    """Print rows, parts and bytes of the rollups."""
    rows, parts, size = client.query(
        "SELECT sum(rows), count(), sum(bytes_on_disk) FROM system.parts "
        f"WHERE database = '{DATABASE}' AND table = 'rollups' AND active"
    ).result_rows[0]
    print(f"{when}: {rows:,} rows in {parts} parts, {size / 1e9:.2f} GB", flush=True)


def tell_restated(asker: Asker, percent: int) -> None:
    """Restate a share of some days; print what it and the merge cost, and a question meanwhile."""
    client, question = asker.client, Question("throughput", RANGES["28 d"])
    took = seconds(lambda: restate(client, DATABASE, RESTATED_DAYS, percent))
    tell_size(client, f"{percent} % of {RESTATED_DAYS} days told anew in {took:.1f} s")
    unmerged = asker.timed(question)
    before = cpu_ms(asker.pid)
    merge = f"OPTIMIZE TABLE {DATABASE}.rollups PARTITION {END - timedelta(days=1):%Y%m} FINAL"
    merging = seconds(lambda: client.command(merge))
    spent_s = (cpu_ms(asker.pid) - before) / 1000
    merged = asker.timed(question)
    print(f"throughput over 28 d: {unmerged} before, {merged} after", flush=True)
    sum_up(asker)
    print(f"throughput over 28 d, summed up again: {asker.timed(question)}", flush=True)
    print(f"merging the month: {merging:.1f} s, {spent_s:.1f} s of CPU", flush=True)


def sum_up(asker: Asker) -> None:
    """Sum up all hours and days that need it; print what that cost."""
    began, before, done = time.perf_counter(), cpu_ms(asker.pid), 0
    for done in spans.refresh(asker.client, DATABASE, settled_s=0):
        say(f"{done} spans summed up")
    took, spent_s = time.perf_counter() - began, (cpu_ms(asker.pid) - before) / 1000
    print(f"{done:,} spans summed up in {took:.1f} s, {spent_s:.1f} s of CPU", flush=True)


def measure(asker: Asker, span: Span, *, history: bool, sums_only: bool) -> None:
    """Fill, ask, restate, ask."""
    client = asker.client
    migrate(client, DATABASE)
    if not history:
        client.command(f"DROP TABLE IF EXISTS {DATABASE}.rollups_history_feed")
    if not client.command(f"SELECT count() FROM {DATABASE}.rollups"):
        began, before = time.perf_counter(), cpu_ms(asker.pid)
        for until in fill(client, DATABASE, span):
            say(f"rows until {until:%Y-%m-%d}")
        took, spent_s = time.perf_counter() - began, (cpu_ms(asker.pid) - before) / 1000
        print(f"stored in {took:.0f} s, {spent_s:.0f} s of CPU")
    tell_size(client, f"{span.days} days")
    if not sums_only:
        print("\nAs panes, before anything is summed up:", flush=True)
        tell_views(asker, span)
    sum_up(asker)
    print("\nWith hours and days summed up:", flush=True)
    tell_views(asker, span)
    for percent in (1, 10):
        tell_restated(asker, percent)


def main() -> None:
    """Measure in a directory that is deleted at the end, but for ``--data``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--history", action="store_true", help="store rollups_history as well")
    parser.add_argument("--sums-only", action="store_true", help="ask nothing before the sums")
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
        measure(
            Asker(client, engine.pid, options.runs),
            Span(options.rows),
            history=options.history,
            sums_only=options.sums_only,
        )
    finally:
        client.close()
        engine.kill()
        if options.data is None:
            shutil.rmtree(where)


if __name__ == "__main__":
    main()
