"""Rolling windows over minute rows: the sum of the minutes in them, nothing more."""

import pandas as pd

from tests.oracle.measures import M
from tests.oracle.scene import MINUTE_MS

HOUR_MS = 60 * MINUTE_MS
#: Every rolling window that the product keeps, by its name.
LENGTHS_MS = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "1h": HOUR_MS,
    "8h": 8 * HOUR_MS,
    "24h": 24 * HOUR_MS,
    "7d": 7 * 24 * HOUR_MS,
    "28d": 28 * 24 * HOUR_MS,
}
Subject = tuple[str, tuple[str, ...]]
Tally = dict[int, int]


def of_subject(rows: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """The rows of one (grouping, dims)."""
    grouping, dims = subject
    mine = rows[rows["grouping"] == grouping]
    return mine[mine["dims"].map(lambda each: each == dims).astype(bool)]


def window(rows: pd.DataFrame, subject: Subject, end_ms: int, length_ms: int) -> Tally:
    """The tally of one subject in the minutes that start in [end - length, end)."""
    inside = rows[(rows["pane_ms"] >= end_ms - length_ms) & (rows["pane_ms"] < end_ms)]
    sums = of_subject(inside, subject).groupby("key")["n"].sum()
    return {int(key): int(n) for key, n in sums.items() if n}


def windows(rows: pd.DataFrame, end_ms: int, length_ms: int) -> dict[Subject, Tally]:
    """The same for every subject that has anything in the window."""
    inside = rows[(rows["pane_ms"] >= end_ms - length_ms) & (rows["pane_ms"] < end_ms)]
    tallies: dict[Subject, Tally] = {}
    for (grouping, dims, key), n in inside.groupby(["grouping", "dims", "key"])["n"].sum().items():
        if n:
            tallies.setdefault((grouping, dims), {})[key] = int(n)
    return tallies


def levels(rows: pd.DataFrame, end_ms: int) -> dict[Subject, Tally]:
    """The gauges of every subject at a moment: all their flows before it, added up."""
    gauges = [measure << 12 for measure in M if measure.name.endswith("_DELTA")]
    past = rows[rows["key"].isin(gauges)]
    return windows(past, end_ms, end_ms)
