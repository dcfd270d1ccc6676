"""Sums of the rollups as SQL: every measure by subject and step, under its own name.

Parameters of the query: ``grouping``, ``from``, ``to`` and ``step_s``; 0 is one step for all. In a
``LOCAL`` frame times are those of a zone ``tz``, and a step of days is one of its calendar days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.groupings import DIMENSIONS
from schemas.measures import MEASURES, Kind, Measure
from schemas.metrics.declaration import SLA_ACTIVATE
from sinks import views_arguments, views_spans
from sinks.ddl import quoted
from sinks.views_spans import Range

#: The event types that leave a trace in the rollups, and the trace; of others nothing is said.
_TRACES: dict[str, str] = {
    "item.queued": "sum(arrived) + sum(requeued)",
    "item.submitted": "sum(submitted)",
    "item.completed": "sum(completed)",
    "item.skipped": "sum(skipped)",
    "review.decided": "sum(reviewed)",
    "presence.changed": "sum(productive_ms)",
    "item.claimed": "sum(claimed)",
    "assignment.expired": "sum(expired)",
    "golden.answered": "sum(golden_n)",
    SLA_ACTIVATE: "sum(sla_activated)",
}
_UNTRACED = ("item.created", "work.started")

_DIMENSIONS = ", ".join(DIMENSIONS)
_STEP_S, _TZ = "{step_s:UInt32}", "{tz:String}"
_IS_NOW = "{as_of:String} = ''"
_GROUPING = "{grouping:String}"
_DAY_S = 86_400
NO_CONDITIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Frame:
    """How arguments become UTC times: the range, and a step from a pane's start to its end."""

    start: str
    end: str
    step_start: str
    step_end: str


def _local(name: str) -> str:
    """A time as the clocks of ``tz`` show it; the argument's check refuses what can't be read."""
    read = f"parseDateTimeBestEffortOrZero({{{name}:String}}, {_TZ})"
    return f"toDateTime(toUnixTimestamp({read}), 'UTC')"


def _utc_frame() -> Frame:
    start, end = "{from:DateTime('UTC')}", "{to:DateTime('UTC')}"
    return Frame(start, end, _even(start), f"if({_STEP_S} = 0, {end}, step_start + {_STEP_S})")


def _even(start: str) -> str:
    """Steps of equal length, counted from the start of the range."""
    at = f"intDiv(toUnixTimestamp(pane_start) - toUnixTimestamp({start}), greatest({_STEP_S}, 1))"
    return f"if({_STEP_S} = 0, {start}, {start} + {at} * {_STEP_S})"


def local_frame(first: str = "from") -> Frame:
    """Steps of whole days begin at local midnight, so one may have 23 or 25 hours.

    ``first`` is the argument from which the steps are counted.
    """
    start, end = _local(first), _local("to")
    days = f"greatest(intDiv({_STEP_S}, {_DAY_S}), 1)"
    is_days = f"{_STEP_S} > 0 AND {_STEP_S} % {_DAY_S} = 0"
    first_day = f"toDate({start}, {_TZ})"
    past = f"intDiv(toDate(pane_start, {_TZ}) - {first_day}, {days}) * {days}"
    midnight = f"toUnixTimestamp(toDateTime({first_day} + {past}, {_TZ}))"
    day_start = f"greatest({start}, toDateTime({midnight}, 'UTC'))"
    after = f"intDiv(toDate(step_start, {_TZ}) - {first_day}, {days}) * {days} + {days}"
    day_end = f"toDateTime(toUnixTimestamp(toDateTime({first_day} + {after}, {_TZ})), 'UTC')"
    return Frame(
        start,
        end,
        f"if({is_days}, {day_start}, {_even(start)})",
        f"multiIf({_STEP_S} = 0, {end}, {is_days}, {day_end}, step_start + {_STEP_S})",
    )


UTC = _utc_frame()
LOCAL = local_frame()
#: The moment that a reader goes back to.
AS_OF = _local("as_of")
#: The moment that parts what was before from what came after.
AT = _local("at")


def told_at(stored_at: str) -> str:
    """When a row counts as told: at the end of the minute in which it was stored."""
    return f"toStartOfMinute({stored_at}) + INTERVAL 1 MINUTE"


def seen_events(database: str) -> str:
    """A view of the event types that this floor ever sent, as far as counts can tell."""
    comment = "A count of something that was never sent is unknown, not zero"
    about = "Event types that came at least once; those that leave no trace are always listed"
    traced = views_spans.named_in(" ".join(_TRACES.values()))
    ever = views_spans.rows(database, Range("'all'", traced))
    return (
        f"CREATE OR REPLACE VIEW {database}.seen_events "
        f"(types Array(String) COMMENT {quoted(about)}) AS {_seen(ever)} "
        f"COMMENT {quoted(comment)}"
    )


def seen_events_as_of(database: str) -> str:
    """The same, as far as it had been told at ``as_of``, a time of ``tz``."""
    comment = "What seen_events said at as_of"
    about = "Event types of which rows had been told"
    rows = f"{database}.rollups_history WHERE grouping = 'all' AND told_at <= {AS_OF}"
    return (
        f"CREATE OR REPLACE VIEW {database}.seen_events_as_of "
        f"(types Array(String) COMMENT {quoted(about)}) AS {_seen(rows)} "
        f"COMMENT {quoted(comment)}"
    )


def _seen(rows: str) -> str:
    traced = ", ".join(f"if({trace} > 0, '{name}', '')" for name, trace in _TRACES.items())
    untraced = ", ".join(f"'{name}'" for name in _UNTRACED)
    return f"SELECT arrayFilter(name -> name != '', [{untraced}, {traced}]) AS types FROM {rows}"


def _sums(measures: Sequence[Measure]) -> str:
    """Measures merged; the table's alias keeps the sums from meaning themselves."""
    return ", ".join(
        f"{'sumMap' if measure.kind is Kind.HISTOGRAM else 'sum'}(r.{measure.name}) "
        f"AS {measure.name}"
        for measure in measures
    )


def within(frame: Frame) -> str:
    """Which panes are of the grouping and the range that are asked for."""
    return Range(_GROUPING, start=frame.start, end=frame.end).panes


def rows_now(
    database: str, measures: Sequence[Measure], frame: Frame = UTC, condition: str = "1"
) -> str:
    """The range as it is now, behind FROM, as ``r``: panes, hours or days, whatever is true."""
    chosen = Range(_GROUPING, measures, frame.start, frame.end, frame.step_start)
    return views_spans.rows(database, chosen, condition)


def rows_as_of(
    database: str, measures: Sequence[Measure], frame: Frame, condition: str = "1"
) -> str:
    """The panes of the range as they had been told at ``as_of``.

    What is told by rollups still, and was then, is read there: the history ends after some time.
    """
    key = f"{_DIMENSIONS}, pane_start, pane_s"
    names = ", ".join(each.name for each in measures)
    latest = ", ".join(f"argMax(h.{each.name}, h.revision) AS {each.name}" for each in measures)
    within_it = f"{within(frame)} AND {condition}"
    return (
        f"(SELECT {key}, {latest} FROM (SELECT {key}, revision, {names} "
        f"FROM {database}.rollups_history WHERE {within_it} AND told_at <= {AS_OF} UNION ALL "
        f"SELECT {key}, revision, {names} FROM {database}.rollups FINAL "
        f"WHERE {within_it} AND {told_at('emitted_at')} <= {AS_OF}) AS h GROUP BY {key}) AS r"
    )


def whole(database: str, measures: Sequence[Measure]) -> str:
    """The sums of the whole range, by subject."""
    rows = views_spans.rows(database, Range(_GROUPING, measures, UTC.start, UTC.end))
    return f"SELECT {_DIMENSIONS}, {_sums(measures)} FROM {rows} GROUP BY {_DIMENSIONS}"


def steps(rows: str, frame: Frame, measures: Sequence[Measure], more: str = "") -> str:
    """The sums of each step that has any row, and ``more`` columns."""
    return (
        f"SELECT {frame.step_start} AS step_start, {_DIMENSIONS}, {_sums(measures)}{more} "
        f"FROM {rows} GROUP BY step_start, {_DIMENSIONS}"
    )


def beside(conditions: Mapping[str, str]) -> str:
    """Conditions as columns behind others, by their name."""
    return "".join(f", {sql} AS {name}" for name, sql in conditions.items())


def _framed(frame: Frame, seen: str) -> str:
    """Each step's end and length, the grouping, and what was ever seen, behind other columns."""
    return (
        f", least({frame.end}, {frame.step_end}) AS step_end, "
        "toInt64(dateDiff('second', step_start, step_end)) * 1000 AS span_ms, "
        f"{{grouping:String}} AS grouping, ({seen}) AS seen"
    )


def window(
    database: str, measures: Sequence[Measure], conditions: Mapping[str, str] = NO_CONDITIONS
) -> str:
    """The sums of each step with its length, the grouping, what was ever seen, and conditions."""
    more = _framed(UTC, f"SELECT types FROM {database}.seen_events") + beside(conditions)
    return steps(rows_now(database, measures), UTC, measures, more)


def window_at(database: str, measures: Sequence[Measure], frame: Frame = LOCAL) -> str:
    """``window`` in a zone, now or as of a moment, of the subjects that ``filters`` let through."""
    chosen = views_arguments.let_through(DIMENSIONS)
    now = rows_now(database, measures, frame, f"{_IS_NOW} AND {chosen}")
    then = rows_as_of(database, measures, frame, f"NOT ({_IS_NOW}) AND {chosen}")
    seen_then = f"{database}.seen_events_as_of(as_of={{as_of:String}}, tz={_TZ})"
    seen = (
        f"SELECT if({_IS_NOW}, (SELECT types FROM {database}.seen_events), "
        f"(SELECT types FROM {seen_then}))"
    )
    sums = f"{steps(now, frame, measures)} UNION ALL {steps(then, frame, measures)}"
    return f"SELECT *{_framed(frame, seen)} FROM ({sums})"


def window_with_levels(
    database: str,
    measures: Sequence[Measure],
    states: Sequence[str],
    conditions: Mapping[str, str],
) -> str:
    """The same, and how many items were in each state at the end of each step.

    A level is the sum of all changes up to then, so it needs the whole history of the subject.
    """
    before = ", ".join(f"sum(r.{state}_delta) AS {state}_before" for state in states)
    deltas = views_spans.named_in(" ".join(f"{state}_delta" for state in states))
    earlier = views_spans.rows(database, Range(_GROUPING, deltas, end=UTC.start))
    measures = [each for each in MEASURES if each in measures or each in deltas]
    levels = ", ".join(
        f"{state}_before + sum({state}_delta) OVER (PARTITION BY {_DIMENSIONS} "
        f"ORDER BY step_start) AS {state}_at_end"
        for state in states
    )
    return (
        f"SELECT *, {levels} FROM ({window(database, measures, conditions)}) AS steps LEFT JOIN "
        f"(SELECT {_DIMENSIONS}, {before} FROM {earlier} GROUP BY {_DIMENSIONS}) AS history "
        f"USING ({_DIMENSIONS})"
    )
