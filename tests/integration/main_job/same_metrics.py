"""Every metric of every window in every grouping, three ways: generated SQL, stream, brute force.

SQL is what the views answer; the stream's are the core's own rolling windows, read by the code that
fills the board; the oracle counts the raw events and divides by formulas of its own. SQL and stream
are equal to the last digit, cause and interval included. The oracle is, too, but where it divides
by hours and the product by ms: there the last of 15 digits may differ.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isclose

import pandas as pd
from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import Tally
from schemas.metrics import METRIC_BY_ID
from schemas.metrics.formulas import Quantile, Share
from schemas.readings import TOO_FEW, Reading
from sinks.views import WINDOW_METRICS
from streams.core.readings import Context, read_all
from tests.integration.main_job import sums
from tests.integration.main_job.row_sets import Panes
from tests.oracle import windows as oracle_windows
from tests.oracle.metrics import values

#: What brute force and the product work out in another order of operations.
_CLOSE = 1e-14
READINGS = "readings: SQL = stream"
#: (metric, subject)
_At = tuple[str, sums.Subject]


@dataclass(slots=True)
class Compared:
    """How many numbers were held against each other, and those that differ."""

    n: Counter[str] = field(default_factory=Counter)
    metrics: set[str] = field(default_factory=set)
    differ: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """For the terminal."""
        for what, n in sorted(self.n.items()):
            yield f"  {n:>9} {what}"
        yield f"  {len(self.metrics):>9} metrics with a value; {len(self.differ)} numbers differ"


@dataclass(frozen=True, slots=True)
class Floor:
    """One log, as it was counted: in a database, as panes of the core, by the oracle."""

    client: Client
    database: str
    panes: Panes
    oracle: pd.DataFrame


def compare(floor: Floor, end_ms: int) -> Compared:
    """All rolling windows that end at a moment, a whole minute in UTC ms."""
    seen = frozenset(
        floor.client.query(f"SELECT types FROM {floor.database}.seen_events").result_rows[0][0]
    )
    held = sums.in_core_windows(floor.panes, end_ms)
    compared = Compared()
    for name, start_ms, _, fine in sums.spans([end_ms]):
        span = (start_ms, end_ms)
        # A window of minutes does not hold what was told late, by the quarter of an hour.
        late = sums.told_late(floor.panes, *span) if fine else set()
        left_out = {subject for subject, _ in late}
        counted = oracle_windows.windows(floor.oracle, end_ms, end_ms - start_ms)
        for grouping in DEFAULT_GROUPINGS:
            context = Context(seen, grouping.dimensions)
            in_sql = _without(_in_sql(floor, grouping, span), left_out)
            streamed = _without(_streamed(held[name], grouping, span, context), left_out)
            where = f"{name} to {end_ms}"
            _hold_against_stream(compared, in_sql, streamed, where)
            _hold_against_oracle(compared, in_sql, counted, where, end_ms - start_ms)
    return compared


def _in_sql(floor: Floor, grouping: Grouping, span: tuple[int, int]) -> dict[_At, Reading]:
    since, until = (f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S}" for ms in span)
    dims = "".join(f", {name}" for name in grouping.dimensions)
    rows = floor.client.query(
        f"SELECT metric, value, low, high, n, cause{dims} FROM {floor.database}.metric_values("
        f"grouping='{grouping.name}', from='{since}', to='{until}', step_s=0)"
    ).result_rows
    return {(row[0], (grouping.name, tuple(row[6:]))): Reading(*row[1:6]) for row in rows}


def _streamed(
    held: Mapping[sums.Subject, Tally], grouping: Grouping, span: tuple[int, int], context: Context
) -> dict[_At, Reading]:
    return {
        (metric, subject): reading
        for subject, tally in held.items()
        if subject[0] == grouping.name
        for metric, reading in read_all(
            tally, span[1] - span[0], None, context, WINDOW_METRICS
        ).items()
    }


def _without(found: dict[_At, Reading], left_out: set[sums.Subject]) -> dict[_At, Reading]:
    return {at: reading for at, reading in found.items() if at[1] not in left_out}


def _hold_against_stream(
    compared: Compared,
    in_sql: Mapping[_At, Reading],
    streamed: Mapping[_At, Reading],
    where: str,
) -> None:
    """Value, interval, n and cause of each; SQL may have subjects that came to nothing."""
    for at, reading in streamed.items():
        compared.n[READINGS] += 1
        if in_sql.get(at) != reading:
            compared.differ.append(f"{where} {at}: {in_sql.get(at)} in SQL, {reading} streamed")
    known = {subject for _, subject in streamed}
    for (metric, subject), reading in in_sql.items():
        if subject not in known:
            compared.n["readings of subjects that came to nothing"] += 1
            if reading.n or reading.value:
                compared.differ.append(f"{where} {metric} {subject}: {reading} in SQL alone")


def _hold_against_oracle(
    compared: Compared,
    in_sql: Mapping[_At, Reading],
    counted: Mapping[sums.Subject, Tally],
    where: str,
    length_ms: int,
) -> None:
    """Every value that the oracle has a formula for and that is not withheld."""
    expected = {
        subject: values(dict(counted.get(subject, {})), length_ms, {})
        for subject in {subject for _, subject in in_sql}
    }
    for (metric, subject), reading in in_sql.items():
        if metric not in expected[subject]:
            compared.n["values without a brute-force formula (SLA)"] += 1
            continue
        brute = _in_whole_us(metric, expected[subject][metric])
        if reading.value is None and not _is_empty(metric, reading):
            compared.n["values withheld: type never sent, or too few"] += 1
            continue
        compared.n["values: SQL = brute force"] += 1
        if reading.value is not None:
            compared.metrics.add(metric)
        if not _same(compared, metric, reading.value, brute):
            compared.differ.append(f"{where} {metric} {subject}: {reading.value}, counted {brute}")


def _is_empty(metric: str, reading: Reading) -> bool:
    """Whether there was nothing to divide by, which brute force has to say as well."""
    return reading.cause == TOO_FEW and reading.n >= METRIC_BY_ID[metric].min_n


def _in_whole_us(metric: str, value_s: float | None) -> float | None:
    """A bin of a histogram stands for a whole number of us; brute force does not round it."""
    if value_s is None or not isinstance(METRIC_BY_ID[metric].formula, Quantile):
        return value_s
    return round(value_s * 1000, 3) / 1000


def _same(compared: Compared, metric: str, one: float | None, other: float | None) -> bool:
    if one == other:
        compared.n["of these to the last digit"] += 1
        if isinstance(METRIC_BY_ID[metric].formula, Quantile) and one is not None:
            compared.n["of these quantiles of histograms"] += 1
        return True
    if one is None or other is None or isinstance(METRIC_BY_ID[metric].formula, Quantile | Share):
        return False
    return isclose(one, other, rel_tol=_CLOSE)
