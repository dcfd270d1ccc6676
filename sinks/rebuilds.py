"""New rows beside the old ones, what differs, and the switch that puts them in their place.

New rows get one revision that is above all old ones of the range, and is kept with the rebuild: a
switch that was cut off goes on with the same one, so doing it again changes nothing. A key that
the new rows do not have is restated as nothing counted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.measures import MEASURES, Kind
from sinks.rows import ROLLUP_COLUMNS, ROLLUP_KEY

_KEY = ", ".join(name for name, _ in ROLLUP_KEY)
_MEASURES = ", ".join(measure.name for measure in MEASURES)
_SUBJECT = ", ".join(name for name, _ in ROLLUP_KEY if not name.startswith("pane_"))
_COLUMNS = ", ".join(name for name, _ in ROLLUP_COLUMNS)
_STATES = ("from_at", "to_at", "changed_at", "state", "side", "revision", "events", "detail")


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A range of a database's rollups, and the side database that has it anew; UTC seconds."""

    database: str
    from_s: int
    to_s: int

    @property
    def side(self) -> str:
        """Named after the range, so that the same question finds it again."""
        ends = (datetime.fromtimestamp(s, UTC) for s in (self.from_s, self.to_s))
        return f"rebuild_{'_'.join(f'{end:%Y%m%d%H%M}' for end in ends)}_of_{self.database}"

    @property
    def within(self) -> str:
        """The condition that a row lies in the range."""
        return f"pane_start >= {self.from_s} AND pane_start < {self.to_s}"


@dataclass(frozen=True, slots=True)
class State:
    """How far a rebuild is."""

    state: str
    revision: int = 0
    events: int = 0
    detail: str = ""


def sides(client: Client, database: str) -> list[str]:
    """The side databases of a database that are there, of rebuilds that were given up as well."""
    rows = client.query(
        "SELECT name FROM system.databases WHERE match(name, {pattern:String}) ORDER BY name",
        parameters={"pattern": rf"^rebuild_\d+_\d+_of_{re.escape(database)}$"},
    ).result_rows
    return [name for (name,) in rows]


def read(client: Client, rebuild: Rebuild) -> State | None:
    """How far it is; None when it was never begun."""
    rows = client.query(
        f"SELECT state, revision, events, detail FROM {rebuild.database}.rebuilds FINAL "
        f"WHERE from_at = {rebuild.from_s} AND to_at = {rebuild.to_s}"
    ).result_rows
    return State(*rows[0]) if rows else None


def write(client: Client, rebuild: Rebuild, state: State) -> None:
    """Keep how far it is."""
    now = datetime.now(UTC)
    row = [
        rebuild.from_s,
        rebuild.to_s,
        now,
        state.state,
        rebuild.side,
        state.revision,
        state.events,
        state.detail,
    ]
    client.insert("rebuilds", [row], column_names=_STATES, database=rebuild.database)


@dataclass(frozen=True, slots=True)
class Difference:
    """How old and new differ: quarters of an hour of subjects, and measures of the whole floor."""

    quarters: int
    differing: int
    #: (measure, old sum, new sum) of those of grouping ``all`` that differ.
    sums: list[tuple[str, int, int]]


def difference(client: Client, rebuild: Rebuild) -> Difference:
    """Compare by the quarter: within it the minute depends on what was late when it came."""
    names = [measure.name for measure in MEASURES]
    signed = ", ".join(
        f"mapApply((k, v) -> (k, v * sign), {measure.name}) AS {measure.name}"
        if measure.kind is Kind.HISTOGRAM
        else f"{measure.name} * sign AS {measure.name}"
        for measure in MEASURES
    )
    summed = ", ".join(
        f"arrayExists(v -> v != 0, mapValues(sumMap(r.{measure.name}))) AS {measure.name}"
        if measure.kind is Kind.HISTOGRAM
        else f"sum(r.{measure.name}) != 0 AS {measure.name}"
        for measure in MEASURES
    )
    both = " UNION ALL ".join(
        f"SELECT {_SUBJECT}, toStartOfFifteenMinutes(pane_start) AS quarter, "
        f"toInt64({sign}) AS sign, {signed} FROM {database}.rollups FINAL WHERE {rebuild.within}"
        for sign, database in ((-1, rebuild.database), (1, rebuild.side))
    )
    counted = client.query(
        f"SELECT count(), countIf({' OR '.join(names)}) FROM "
        f"(SELECT {summed} FROM ({both}) AS r GROUP BY {_SUBJECT}, quarter)"
    ).result_rows[0]
    return Difference(int(counted[0]), int(counted[1]), list(_sums(client, rebuild)))


def _sums(client: Client, rebuild: Rebuild) -> Iterator[tuple[str, int, int]]:
    summed = ", ".join(
        f"sum(arraySum(mapValues({measure.name})))"
        if measure.kind is Kind.HISTOGRAM
        else f"sum({measure.name})"
        for measure in MEASURES
    )
    old, new = (
        client.query(
            f"SELECT {summed} FROM {database}.rollups FINAL "
            f"WHERE grouping = 'all' AND {rebuild.within}"
        ).result_rows[0]
        for database in (rebuild.database, rebuild.side)
    )
    for measure, before, after in zip(MEASURES, old, new, strict=True):
        if before != after:
            yield measure.name, int(before), int(after)


def metrics(client: Client, rebuild: Rebuild) -> list[tuple[str, Any, Any]]:
    """(metric, old value, new value) of the whole floor over the range, where they differ."""
    asked = f"grouping='all', from={rebuild.from_s}, to={rebuild.to_s}, step_s=0"
    read: list[dict[str, Any]] = []
    for database in (rebuild.database, rebuild.side):
        rows = client.query(f"SELECT metric, value FROM {database}.metric_values({asked})")
        read.append({str(name): value for name, value in rows.result_rows})
    old, new = read
    both = [(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
    return [each for each in both if each[1] != each[2]]


def uncovered(client: Client, rebuild: Rebuild) -> tuple[int, str]:
    """How many items that lived in the range have events that did not go in; one of them."""
    times = ("created", "queued", "first_claimed", "last_claimed", "started", "submitted")
    lived = " OR ".join(
        f"({name}_at >= {rebuild.from_s} AND {name}_at < {rebuild.to_s})"
        for name in (*times, "reviewed", "completed")
    )
    identity = "org, source, project, item_id"
    rows = client.query(
        f"SELECT count(), any(item_id) FROM (SELECT {identity}, events FROM "
        f"{rebuild.database}.items FINAL WHERE {lived}) AS old LEFT JOIN "
        f"(SELECT {identity}, events AS known FROM {rebuild.side}.items FINAL) AS new "
        f"USING ({identity}) WHERE ifNull(known, 0) < events"
    ).result_rows
    return int(rows[0][0]), str(rows[0][1])


def people(client: Client, rebuild: Rebuild) -> set[str]:
    """Everybody whom the new rows name."""
    rows = client.query(
        "SELECT arrayJoin([annotator, reviewer]) AS person "
        f"FROM {rebuild.side}.rollups GROUP BY person HAVING person != ''"
    ).result_rows
    return {str(row[0]) for row in rows}


def next_revision(client: Client, rebuild: Rebuild) -> int:
    """One above every revision in the range."""
    rows = client.query(
        f"SELECT max(revision) FROM {rebuild.database}.rollups WHERE {rebuild.within}"
    ).result_rows
    return int(rows[0][0]) + 1


def switch(client: Client, rebuild: Rebuild, revision: int) -> Iterator[int]:
    """Put the new rows in the old ones' place, day by day; yields the end of each (UTC s).

    Doing it again, from the start or after it was cut off, changes nothing.
    """
    for day_s in range(rebuild.from_s, rebuild.to_s, 86_400):
        end_s = min(day_s + 86_400, rebuild.to_s)
        day = Rebuild(rebuild.database, day_s, end_s).within
        new = f"SELECT {_KEY} FROM {rebuild.side}.rollups WHERE {day}"
        client.command(
            f"INSERT INTO {rebuild.database}.rollups ({_COLUMNS}) SELECT {_KEY}, {revision}, "
            f"{_MEASURES} FROM {rebuild.side}.rollups FINAL WHERE {day}"
        )
        client.command(
            f"INSERT INTO {rebuild.database}.rollups ({_KEY}, revision) SELECT DISTINCT {_KEY}, "
            f"{revision} FROM {rebuild.database}.rollups WHERE {day} AND ({_KEY}) NOT IN ({new})"
        )
        yield end_s


def restated_since(client: Client, rebuild: Rebuild, revision: int) -> int:
    """Rows of the range that somebody told with a revision above the switch's."""
    rows = client.query(
        f"SELECT count() FROM {rebuild.database}.rollups "
        f"WHERE {rebuild.within} AND revision > {revision}"
    ).result_rows
    return int(rows[0][0])
