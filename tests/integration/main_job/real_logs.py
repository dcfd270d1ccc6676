"""Logs of judgments, all ways: ``python -m tests.integration.main_job.real_logs DIR``.

Each file goes through the core alone and through Kafka, two workers and ClickHouse; then panes,
items and labels are compared, and sums in SQL with the oracle's and with those of the file's own
rows: the whole log, and every window length in every grouping at several moments. Last, every
metric of every window and grouping: generated SQL, the stream's windows and brute force; with
``--metrics`` that alone, by the core and a ClickHouse without Kafka.
"""

import secrets
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import orjson
import pandas as pd

from sinks.clickhouse import ClickHouseSink, connect
from sinks.migrations import migrate
from streams import settings, setup
from streams.replay import CLOCK_START_MS, Log, open_log
from streams.settings import Settings
from streams.sources.clock import parse_clock
from streams.sources.mapping_files import load_mapping
from streams.sources.reading import ReadOptions
from streams.spaces import Names
from tests.integration.main_job import arrivals, csv_counts, row_sets, same_metrics, sums
from tests.integration.main_job.arrivals import Arrival
from tests.integration.main_job.floor_processes import FloorSpace, floor_space
from tests.oracle.minutes import minute_rows

MINUTE_MS = 60_000
ROWS_AT_ONCE = 5_000


@dataclass(slots=True)
class Report:
    """What was compared, how many, whether all were equal; and how long each step took."""

    file: str
    events: int = 0
    checks: dict[str, tuple[int, bool]] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)
    metrics: list[str] = field(default_factory=list)

    @property
    def unequal(self) -> list[str]:
        """The comparisons that failed."""
        return [name for name, (_, equal) in self.checks.items() if not equal]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        began_s = time.perf_counter()
        yield
        self.took_s[name] = time.perf_counter() - began_s

    def check(self, name: str, one: object, other: object) -> None:
        """Compare two things that have a size."""
        self.checks[name] = (len(one), one == other)  # type: ignore[arg-type]  # Sized, both.

    def lines(self) -> Iterator[str]:
        """For the terminal."""
        yield f"{self.file}: {self.events} events"
        for name, (n, equal) in self.checks.items():
            yield f"  {'equal  ' if equal else 'UNEQUAL'} {n:>9} {name}"
        yield from self.metrics
        yield "  " + ", ".join(f"{name} {took_s:.1f} s" for name, took_s in self.took_s.items())


def open_judgments(path: Path) -> Log:
    """A log by the ``judgments`` mapping; one without times gets a fixed rate."""
    timeless = csv_counts.needs_clock(path)
    clock = parse_clock(csv_counts.CLOCK, CLOCK_START_MS) if timeless else None
    return open_log([path], load_mapping("judgments"), ReadOptions(clock, None), lambda _: None)


def compare(path: Path, log: Log, space: FloorSpace, *, moments: int = 0) -> Report:
    """All ways of one log, in a space that was set up for its times.

    Metrics are compared at so many ``moments``, each of which takes a minute.
    """
    report = Report(path.name, log.count)
    with report.step("read"):
        log_arrivals = [Arrival(s.role, s.key, s.value, s.record_ms) for s in log.sends()]
        steps = list(arrivals.with_ticks(log_arrivals, (log.to_ms or 0) + 1))
    with report.step("core"):
        plan = arrivals.plan_of(space.settings).holding(log.from_ms or 0, log.to_ms or 0)
        core = arrivals.engine(space.settings, plan, log.accepted())
        arrivals.through_core(core, steps)
    with report.step("kafka"):
        for number in range(2):
            space.worker(number)
        space.deliver("clickhouse")
        space.deliver("redis")
        arrivals.into_kafka(space.settings, steps)
        space.settle()
        space.stop()
    with report.step("rows"):
        panes = row_sets.panes_in_clickhouse(space.client)
        report.check("panes", panes, row_sets.panes_offline(core.found.rollups.values()))
        for kind in ("items", "labels"):
            rows = row_sets.rows_in_clickhouse(space.client, kind)
            report.check(kind, rows, row_sets.rows_offline(core.found, kind))
    with report.step("oracle"):
        oracle = minute_rows(orjson.loads(each.value) for each in log_arrivals)
        quarters = sums.quarters_of_panes(panes)
        report.check("quarters = oracle", quarters, sums.quarters_counted(oracle))
    with report.step("windows"):
        judgments = csv_counts.read(path)
        _compare_sums(report, space, panes, oracle, judgments, log)
    if moments:
        with report.step("metrics"):
            streamed = row_sets.panes_offline(core.found.rollups.values())
            database = Names(space.settings.space.space).database
            floor = same_metrics.Floor(space.client, database, streamed, oracle)
            _compare_metrics(report, floor, _ends_ms(judgments)[-moments:])
    return report


def _compare_metrics(report: Report, floor: same_metrics.Floor, ends_ms: Iterable[int]) -> None:
    every = same_metrics.Compared()
    for end_ms in ends_ms:
        found = same_metrics.compare(floor, end_ms)
        every.n += found.n
        every.metrics |= found.metrics
        every.differ += found.differ
    report.checks["readings of metrics"] = (every.n[same_metrics.READINGS], not every.differ)
    report.metrics = [*every.lines(), *every.differ[:20]]


def _compare_sums(  # noqa: PLR0913 - the parties of one comparison.
    report: Report,
    space: FloorSpace,
    panes: row_sets.Panes,
    oracle: pd.DataFrame,
    judgments: pd.DataFrame,
    log: Log,
) -> None:
    first_ms, after_ms = _quarter(log.from_ms or 0), _quarter(log.to_ms or 0) + sums.QUARTER_MS
    found = sums.in_sql(space.client, first_ms, after_ms)
    report.check("SQL totals = core", found, sums.in_panes(panes, first_ms, after_ms))
    report.check("SQL totals = oracle", found, sums.counted(oracle, first_ms, after_ms))
    counted = csv_counts.counted(judgments, first_ms, after_ms)
    report.check("SQL totals = CSV rows", csv_counts.comparable(found), counted)
    for name, start_ms, end_ms, fine in sums.spans(_ends_ms(judgments)):
        late = sums.told_late(panes, start_ms, end_ms) if fine else set()
        found = sums.without(sums.in_sql(space.client, start_ms, end_ms, fine=fine), late)
        expected = sums.without(sums.counted(oracle, start_ms, end_ms), late)
        report.check(f"{name} to {end_ms} = oracle", found, expected)
        counted = sums.without(csv_counts.counted(judgments, start_ms, end_ms), late)
        report.check(f"{name} to {end_ms} = CSV rows", csv_counts.comparable(found), counted)


def _quarter(t_ms: int) -> int:
    return t_ms - t_ms % sums.QUARTER_MS


def _ends_ms(judgments: pd.DataFrame) -> list[int]:
    """Moments after a third, two thirds and all of the rows, at whole minutes."""
    times = judgments["t_ms"].sort_values().tolist()
    rows = (len(times) // 3, 2 * len(times) // 3, len(times) - 1)
    return sorted({times[row] - times[row] % MINUTE_MS + MINUTE_MS for row in rows})


def compare_metrics(path: Path, log: Log, found: Settings, moments: int) -> Report:
    """One log through the core alone and into a database of its own: metrics three ways."""
    report = Report(path.name, log.count)
    arrived = [Arrival(s.role, s.key, s.value, s.record_ms) for s in log.sends()]
    client = connect(found.connections.clickhouse)
    database = f"equality_{secrets.token_hex(4)}"
    migrate(client, database)
    with report.step("core"):
        plan = arrivals.plan_of(found).holding(log.from_ms or 0, log.to_ms or 0)
        core = arrivals.engine(found, plan, log.accepted())
        arrivals.through_core(core, arrivals.with_ticks(arrived, (log.to_ms or 0) + 1))
    with report.step("rows"):
        sink = ClickHouseSink(found.connections.clickhouse, database)
        rows = list(core.found.rollups.values())
        for first in range(0, len(rows), ROWS_AT_ONCE):
            assert sink.write("rollups", rows[first : first + ROWS_AT_ONCE]) == []
    with report.step("oracle"):
        oracle = minute_rows(orjson.loads(each.value) for each in arrived)
    with report.step("metrics"):
        floor = same_metrics.Floor(client, database, row_sets.panes_offline(rows), oracle)
        _compare_metrics(report, floor, _ends_ms(csv_counts.read(path))[-moments:])
    client.command(f"DROP DATABASE {database}")
    return report


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--metrics", is_flag=True, help="Only the metrics; needs ClickHouse, no Kafka.")
@click.option("--moments", default=3, show_default=True, help="Ends of the windows of metrics.")
def main(folder: Path, *, metrics: bool, moments: int) -> None:
    """Compare every file of a folder; exit code 1 when anything was unequal."""
    unequal = 0
    for path in sorted(folder.glob("*.csv*")):
        log = open_judgments(path)
        found = settings.read(f"t{secrets.token_hex(5)}")
        if metrics:
            report = compare_metrics(path, log, found, moments)
        else:
            accept = setup.Accept(log.from_ms, log.to_ms)
            with (
                tempfile.TemporaryDirectory() as place,
                floor_space(found, Path(place), accept) as space,
            ):
                report = compare(path, log, space, moments=moments)
        click.echo("\n".join(report.lines()))
        unequal += len(report.unequal)
    sys.exit(int(unequal > 0))


if __name__ == "__main__":
    main()
