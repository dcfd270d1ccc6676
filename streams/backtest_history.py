"""The past as ClickHouse has it, for rules: panes as they ended up, minute after minute.

Late events stand where they happened, so this says what rules would have done had everything
come in time. What stands now (backlogs) and the floor's own signals are not in the panes.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.alerts import AlertTransition
from schemas.groupings import SEPARATOR, Grouping, subject_key
from schemas.measures import MEASURES, Kind, Tally
from schemas.metrics import METRICS
from schemas.rules_signals import Signal
from sinks.ddl import quoted
from streams.core import publish, wire
from streams.core.alerting import Alerting, Calendar, RuleCalendar
from streams.core.plan import HOUR_MS, MINUTE_MS, Plan
from streams.core.rollups import Rollups
from streams.core.rules import ReadyRule, RuleBook, needs_gauges
from streams.core.windows import COARSE_KEPT_MS

#: Rules are evaluated for so long before the time that is asked about.
_BEFORE_MS = HOUR_MS


def is_in_history(ready: ReadyRule) -> bool:
    """Whether panes alone say what a rule watches."""
    return not isinstance(ready.watched, Signal) and not needs_gauges(ready.watched)


@dataclass(frozen=True, slots=True)
class History:
    """The panes of a time, in the order of their ends, and when each source said anything.

    ``heard_ms`` maps "org US source" to the ends of the minutes in which something was counted.
    """

    panes: list[wire.PaneState]
    heard_ms: dict[str, list[int]]


def read_history(
    client: Client, database: str, groupings: Sequence[Grouping], from_ms: int, to_ms: int
) -> History:
    """Everything that rules by these groupings can ask about ``[from_ms, to_ms)``."""
    panes = [
        pane
        for grouping in groupings
        for pane in _panes(client, database, grouping, (from_ms - COARSE_KEPT_MS, to_ms))
    ]
    panes.sort(key=lambda pane: (pane.start_ms + pane.size_ms, pane.subject))
    return History(panes, _heard(client, database, (from_ms - COARSE_KEPT_MS, to_ms)))


def _panes(
    client: Client, database: str, grouping: Grouping, span_ms: tuple[int, int]
) -> Iterator[wire.PaneState]:
    columns = [*grouping.dimensions, "toUnixTimestamp(pane_start)", "pane_s"]
    query = (
        f"SELECT {', '.join([*columns, *(measure.name for measure in MEASURES)])} "
        f"FROM {database}.rollups FINAL "
        f"WHERE grouping = {quoted(grouping.name)} AND {_within(span_ms)}"
    )
    many = len(grouping.dimensions)
    with client.query_rows_stream(query) as rows:
        for row in rows:
            subject = subject_key(grouping.name, tuple(row[:many]))
            tally = _tally(row[many + 2 :])
            yield wire.PaneState(subject, row[many] * 1000, row[many + 1] * 1000, tally)


def _tally(values: Sequence[Any]) -> Tally:
    tally: Tally = {}
    for measure, value in zip(MEASURES, values, strict=True):
        if measure.kind is Kind.COUNTER:
            if value:
                tally[measure.key] = value
        else:
            tally.update({measure.key | index: n for index, n in value.items() if n})
    return tally


def _heard(client: Client, database: str, span_ms: tuple[int, int]) -> dict[str, list[int]]:
    query = (
        "SELECT org, source, arraySort(groupUniqArray(toUnixTimestamp(pane_start))) "
        f"FROM {database}.rollups WHERE org != '' AND source != '' AND {_within(span_ms)} "
        "GROUP BY org, source"
    )
    return {
        SEPARATOR.join((org, source)): [start_s * 1000 + MINUTE_MS for start_s in starts]
        for org, source, starts in client.query(query).result_rows
    }


def _within(span_ms: tuple[int, int]) -> str:
    from_ms, to_ms = span_ms
    return f"pane_start >= {max(0, from_ms) // 1000} AND pane_start < {to_ms // 1000}"


def play_history(
    history: History, book: RuleBook, plan: Plan, calendar: Calendar, span_ms: tuple[int, int]
) -> list[AlertTransition]:
    """What the rules say in a time that is begun an hour earlier, looked at every minute."""
    known = RuleBook(tuple(filter(is_in_history, book.rules)), book.targets)
    alerting = Alerting(known)
    said: list[AlertTransition] = []
    for minute in minutes(history, plan, RuleCalendar(calendar, alerting), span_ms):
        said += alerting.evaluate(minute.rollups, minute.now_ms, changed=minute.changed)
        alerting.state.records()
    return said


@dataclass(frozen=True, slots=True)
class Minute:
    """The floor as it stood at the end of a minute, and the subjects that changed in it."""

    rollups: Rollups
    now_ms: int
    changed: set[str]


def minutes(
    history: History, plan: Plan, calendar: Calendar, span_ms: tuple[int, int]
) -> Iterator[Minute]:
    """A time minute by minute, begun an hour earlier; what is yielded goes on changing."""
    from_ms, to_ms = span_ms
    rollups = Rollups(plan, 1)
    kinds = {need for metric in METRICS for each in metric.needs for need in each.split("|")}
    first_ms = {
        name: dict.fromkeys(kinds, ends_ms[0] - MINUTE_MS)
        for name, ends_ms in history.heard_ms.items()
    }
    done = 0
    begin_ms = from_ms - _BEFORE_MS - from_ms % MINUTE_MS
    for seq, now_ms in enumerate(range(begin_ms, to_ms + 1, MINUTE_MS)):
        upto = bisect_right(
            history.panes, now_ms, lo=done, key=lambda pane: pane.start_ms + pane.size_ms
        )
        last_ms = {
            name: ends_ms[max(0, bisect_right(ends_ms, now_ms) - 1)]
            for name, ends_ms in history.heard_ms.items()
        }
        panes, done = history.panes[done:upto], upto
        rollups.apply(wire.Chunk(0, 0, seq, now_ms, 0, first_ms, last_ms, panes, {}))
        published = publish.flush(rollups, calendar)
        changed = {subject for subject, _ in published.snapshots} if published else set()
        yield Minute(rollups, now_ms, changed)
