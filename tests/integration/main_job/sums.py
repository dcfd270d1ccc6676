"""Sums over spans of time: what SQL says of rollups, and what the oracle counted."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

import pandas as pd
from clickhouse_connect.driver.client import Client

from schemas.groupings import DIMENSIONS
from schemas.measures import MEASURES, Kind, Tally
from streams.core.windows import FINE_MS, ROLLING_MS, Windows, rolling_start_ms
from tests.integration.main_job.row_sets import DIMENSIONS_OF, Panes, tally_of
from tests.oracle import windows as oracle_windows

QUARTER_MS = 900_000
MINUTE_S = 60
Subject = tuple[str, tuple[str, ...]]
Sums = dict[Subject, Tally]
#: (grouping, values of its dimensions, quarter of an hour in UTC ms)
QuarterAt = tuple[str, tuple[str, ...], int]
At = TypeVar("At", bound=Hashable)


def in_sql(client: Client, start_ms: int, end_ms: int, *, fine: bool = False) -> Sums:
    """Every measure of every subject in [start, end); ``fine``: minutes only."""
    sums = ", ".join(
        f"{'sum' if m.kind is Kind.COUNTER else 'sumMap'}({m.name}) AS {m.name}" for m in MEASURES
    )
    subject = ", ".join(("grouping", *DIMENSIONS))
    only = f"AND pane_s = {MINUTE_S}" if fine else ""
    found = client.query(
        f"SELECT {subject}, {sums} FROM rollups FINAL WHERE pane_start >= {start_ms // 1000} "
        f"AND pane_start < {end_ms // 1000} {only} GROUP BY {subject}"
    )
    rows = (dict(zip(found.column_names, row, strict=True)) for row in found.result_rows)
    tallies = {
        (row["grouping"], tuple(row[d] for d in DIMENSIONS_OF[row["grouping"]])): tally_of(row)
        for row in rows
    }
    return {subject: tally for subject, tally in tallies.items() if tally}


def in_panes(panes: Panes, start_ms: int, end_ms: int) -> Sums:
    """The same by adding panes up here."""
    sums: Sums = {}
    for (grouping, dims, pane_ms, _), tally in panes.items():
        if start_ms <= pane_ms < end_ms:
            _add(sums.setdefault((grouping, dims), {}), tally)
    return _without_zeros(sums)


def in_core_windows(panes: Panes, end_ms: int) -> dict[str, Sums]:
    """What the core's own rolling windows hold at a moment, by their names."""
    held: dict[Subject, Windows] = {}
    for (grouping, dims, pane_ms, pane_s), tally in panes.items():
        if pane_ms < end_ms:
            subject = held.setdefault((grouping, dims), Windows())
            subject.change(pane_ms, pane_s * 1000, dict(tally))
    for each in held.values():
        each.advance(end_ms, {})
    return {
        name: _without_zeros(
            {subject: dict(each.read(name, end_ms).tally) for subject, each in held.items()}
        )
        for name in ROLLING_MS
    }


def counted(rows: pd.DataFrame, start_ms: int, end_ms: int) -> Sums:
    """The oracle's sums of its minutes in [start, end)."""
    return oracle_windows.windows(rows, end_ms, end_ms - start_ms)


def quarters_of_panes(panes: Panes) -> dict[QuarterAt, Tally]:
    """Panes of both lengths added up by quarter of an hour: there late events meet the others."""
    found: dict[QuarterAt, Tally] = {}
    for (grouping, dims, pane_ms, _), tally in panes.items():
        _add(found.setdefault((grouping, dims, pane_ms - pane_ms % QUARTER_MS), {}), tally)
    return _without_zeros(found)


def quarters_counted(rows: pd.DataFrame) -> dict[QuarterAt, Tally]:
    """The same of what the oracle counted."""
    columns = (rows[name].tolist() for name in ("grouping", "dims", "pane_ms", "key", "n"))
    found: dict[QuarterAt, Tally] = {}
    for grouping, dims, pane_ms, key, n in zip(*columns, strict=True):
        at = (grouping, dims, pane_ms - pane_ms % QUARTER_MS)
        _add(found.setdefault(at, {}), {key: n})
    return _without_zeros(found)


def told_late(panes: Panes, start_ms: int, end_ms: int) -> set[tuple[Subject, int]]:
    """What has a late row in the quarters of [start, end): minutes alone don't hold it all."""
    first_ms = start_ms - start_ms % QUARTER_MS
    return {
        ((grouping, dims), key)
        for (grouping, dims, pane_ms, pane_s), tally in panes.items()
        if pane_s != MINUTE_S and first_ms <= pane_ms < end_ms
        for key in tally
    }


def without(sums: Sums, left_out: set[tuple[Subject, int]]) -> Sums:
    """The sums but for what is left out."""
    return _without_zeros(
        {
            subject: {key: n for key, n in tally.items() if (subject, key) not in left_out}
            for subject, tally in sums.items()
        }
    )


def spans(ends_ms: Iterable[int]) -> list[tuple[str, int, int, bool]]:
    """(window, start, end, whether it is of minutes alone) of every rolling window."""
    return [
        (name, rolling_start_ms(length_ms, end_ms), end_ms, length_ms <= FINE_MS)
        for end_ms in ends_ms
        for name, length_ms in ROLLING_MS.items()
    ]


def _add(into: Tally, tally: Tally) -> None:
    for key, n in tally.items():
        into[key] = into.get(key, 0) + n


def _without_zeros(sums: dict[At, Tally]) -> dict[At, Tally]:
    plain = {at: {key: n for key, n in tally.items() if n} for at, tally in sums.items()}
    return {at: tally for at, tally in plain.items() if tally}
