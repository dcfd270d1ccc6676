"""Every number of every subject in every minute, counted from the raw events."""

from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

from tests.oracle.lives import Event, item_lives, presence_lives
from tests.oracle.presence import productive_facts
from tests.oracle.scene import Dims, Fact
from tests.oracle.walk import walk

GROUPINGS: dict[str, tuple[str, ...]] = {
    "all": (),
    "org": ("org",),
    "project": ("org", "source", "project"),
    "queue": ("org", "source", "project", "queue"),
    "team": ("org", "team"),
    "site": ("org", "site"),
    "annotator": ("org", "annotator"),
    "reviewer": ("org", "reviewer"),
    "label": ("org", "source", "project", "label"),
}


def facts(events: Iterable[Event]) -> Iterator[Fact]:
    """All that the events count for, items first, then presence."""
    listed = list(events)
    for identity, life in item_lives(listed).items():
        yield from walk(identity, life).scene.facts
    for presence in presence_lives(listed):
        yield from productive_facts(presence)


def minute_rows(
    events: Iterable[Event], groupings: dict[str, tuple[str, ...]] = GROUPINGS
) -> pd.DataFrame:
    """One row per (grouping, dims, pane_ms, key) with its exact n; sums of zero make no row.

    ``dims`` is a tuple in the grouping's order; ``pane_ms`` the start of the minute in UTC ms.
    """
    finest: Counter[tuple[int, int, Dims]] = Counter()
    for fact in facts(events):
        finest[fact.pane_ms, fact.key, fact.dims] += fact.n
    table = pd.DataFrame([(pane, key, n) for (pane, key, _), n in finest.items()])
    if table.empty:
        return pd.DataFrame(columns=["grouping", "dims", "pane_ms", "key", "n"])
    table.columns = pd.Index(["pane_ms", "key", "n"])
    for position, name in enumerate(Dims._fields):
        table[name] = pd.Categorical([dims[position] for _, _, dims in finest])
    return pd.concat([_grouped(table, *each) for each in groupings.items()], ignore_index=True)


def _grouped(table: pd.DataFrame, grouping: str, dims: tuple[str, ...]) -> pd.DataFrame:
    # What is told label by label counts nowhere else, and the other way round.
    table = table[table["label"].notna() == ("label" in dims)].dropna(subset=list(dims))
    keys = [*dims, "pane_ms", "key"]
    sums = table.groupby(keys, observed=True, sort=True)["n"].sum()
    rows = sums[sums != 0].reset_index()
    values = [rows[name].astype(object) for name in dims]
    rows["dims"] = list(zip(*values, strict=True)) if dims else [()] * len(rows)
    rows["grouping"] = grouping
    return rows[["grouping", "dims", "pane_ms", "key", "n"]]


def as_tallies(rows: pd.DataFrame) -> dict[tuple[str, tuple[str, ...], int], dict[int, int]]:
    """The same rows as one flat tally per (grouping, dims, pane_ms): the shape of a pane."""
    panes: dict[tuple[str, tuple[str, ...], int], dict[int, int]] = {}
    columns = (rows[name].tolist() for name in ("grouping", "dims", "pane_ms", "key", "n"))
    for grouping, dims, pane_ms, key, n in zip(*columns, strict=True):
        panes.setdefault((grouping, dims, pane_ms), {})[key] = n
    return panes
