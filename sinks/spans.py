"""Hours and days of the rollups summed up, so that a long question reads few rows.

A span is summed up once it has been left alone for a while, and again after it was told anew.
What it was touched by is read before its rows and noted as done after its sums are in. Whatever
is stored meanwhile, by whomever, or where this ends, leaves the span untrue, and readers take the
panes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from clickhouse_connect.driver.client import Client

from schemas.measures import MEASURES, Kind
from sinks.ddl import quoted
from sinks.ddl_spans import SPAN_DIMENSIONS, span_columns

#: A span that was touched a moment ago is going to be again, and is cheap to read as panes.
SETTLED_S = 300
#: What one statement sums up at most: so long a time, and so many spans. A client gives up on a
#: statement after a minute, also on a slow server and for a large floor.
_TOGETHER_S, _TOGETHER = 31 * 86_400, 150
_ROUND = 20_000


class UnknownMeasures(Exception):
    """The sums have measures that this version does not know: a newer one has to make them."""


@dataclass(frozen=True, slots=True)
class Span:
    """An hour or a day of a grouping that is not summed up, and what it was touched by."""

    span_s: int
    grouping: str
    start: datetime
    touched: int

    @property
    def start_s(self) -> int:
        """UTC seconds."""
        return int(self.start.timestamp())


def refresh(client: Client, database: str, settled_s: int = SETTLED_S) -> Iterator[int]:
    """Sum up every span that needs it; yields how many are done, piece by piece.

    Any number of these may run at the same time. Raises UnknownMeasures.
    """
    done = 0
    while due := _due(client, database, settled_s):
        for piece in _pieces(due):
            _sum_up(client, database, piece)
            done += len(piece)
            yield done
        if len(due) < _ROUND:
            return


def _due(client: Client, database: str, settled_s: int) -> list[Span]:
    """The latest spans that have rows, name nobody, are not true and have been left alone."""
    known = ", ".join(quoted(name) for name in span_columns())
    rows = client.query(
        "SELECT span_s, grouping, span_start, sum(t.touched) AS touches, "
        f"(SELECT count() FROM system.columns WHERE database = {quoted(database)} "
        f"AND table = 'rollups_spans' AND name NOT IN ({known})) "
        f"FROM {database}.rollups_touched AS t GROUP BY grouping, span_s, span_start "
        "HAVING touches != max(done) AND max(people) = 0 "
        f"AND max(touched_at) <= now('UTC') - {settled_s} "
        f"ORDER BY span_start DESC, span_s, grouping LIMIT {_ROUND}"
    ).result_rows
    if rows and rows[0][4]:
        raise UnknownMeasures(database)
    return [Span(*row[:4]) for row in rows]


def _pieces(due: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """Spans of one length that lie close together."""
    ordered = sorted(due, key=lambda span: (span.span_s, -span.start_s))
    for _, same in groupby(ordered, key=lambda span: (span.span_s, span.start_s // _TOGETHER_S)):
        spans = list(same)
        for at in range(0, len(spans), _TOGETHER):
            yield spans[at : at + _TOGETHER]


def _sum_up(client: Client, database: str, spans: Sequence[Span]) -> None:
    """The sums first and then that they are done: in this order, or a span would be believed."""
    span_s = spans[0].span_s
    known = ", ".join(f"({quoted(it.grouping)}, {it.start_s}, {it.touched})" for it in spans)
    due = f"values('grouping String, start_s UInt32, touches UInt64', {known})"
    start_s = f"intDiv(toUnixTimestamp(pane_start), {span_s}) * {span_s}"
    groupings = ", ".join(quoted(name) for name in sorted({it.grouping for it in spans}))
    first, last = min(it.start_s for it in spans), max(it.start_s for it in spans)
    dimensions = ", ".join(SPAN_DIMENSIONS)
    sums = ", ".join(
        f"{'sumMap' if it.kind is Kind.HISTOGRAM else 'sum'}(r.{it.name}) AS {it.name}"
        for it in MEASURES
    )
    client.command(
        f"INSERT INTO {database}.rollups_spans ({', '.join(span_columns())}) "
        f"SELECT r.grouping, {span_s}, toDateTime(due.start_s, 'UTC'), {dimensions}, "
        f"max(touches), {sums} FROM {database}.rollups AS r FINAL "
        f"INNER JOIN {due} AS due ON r.grouping = due.grouping AND {start_s} = due.start_s "
        f"WHERE r.grouping IN ({groupings}) AND pane_start >= {first} "
        f"AND pane_start < {last + span_s} GROUP BY r.grouping, due.start_s, {dimensions}"
    )
    client.command(
        f"INSERT INTO {database}.rollups_touched (grouping, span_s, span_start, done) "
        f"SELECT grouping, {span_s}, toDateTime(start_s, 'UTC'), touches FROM {due}"
    )
