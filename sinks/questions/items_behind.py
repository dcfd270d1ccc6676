"""The items behind a number: each with what it brings, so that together they are the number.

Every item's row holds what it counted for (``ItemPart``), worked out by the floor with the panes
themselves; what its SLA clocks counted for is in the ledger. Metrics that people's presence is part
of, or that look at the present, have no parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.groupings import PERSONS, Grouping
from schemas.measures import BIN_BITS, BIN_MASK, BY_NAME
from schemas.metrics.formulas import Amount, Formula, PerHour, Quantile, Ratio, Share, Sum
from sinks import views_arguments
from sinks.ddl import quoted
from sinks.formulas import strings
from sinks.present import CLOCK_PLACE
from sinks.questions import clock_parts
from sinks.questions.clock_parts import counts_clocks, may_be_by
from sinks.questions.item_parts import (
    FROM,
    IDENTITY,
    MAY_APPLY,
    PART,
    TO,
    WHERE,
    is_by,
    place,
    unknown,
    within,
)
from sinks.questions.shape import PLACE, Told, declared
from sinks.views_shape import VALUE, WINDOW_METRICS, Shape, create
from sinks.views_spans import named_in

_NAMES = ", ".join((*IDENTITY, "item_id", *WHERE))
_GROUPING, _METRIC = "{grouping:String}", "{metric:String}"
_SHARE = f"Tuple(String, Nullable(Int64), Nullable(Int64), Nullable(Int64), {VALUE})"

_COUNTS: list[Told] = [
    ("numerator", "Nullable(Int64)", "What it adds to what is divided, or counted, in whole units",
     "s.2"),
    ("denominator", "Nullable(Int64)", "What it adds to what that is divided by; NULL: hours, or 1",
     "s.3"),
    ("n", "Nullable(Int64)", "What it adds to the observations behind the number", "s.4"),
    ("longest_s", VALUE, "Of a quantile: its longest duration in seconds, within 1 %", "s.5"),
    ("first_pane", "DateTime('UTC')", "First pane of the range that it is in", "first_pane"),
    ("last_pane", "DateTime('UTC')", "Last pane of the range that it is in", "last_pane"),
    ("is_known", "UInt8", "0: what it brings is not known, and it may be part of the number",
     "is_known"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parts:
    """What an item adds to a metric, as SQL over its sums ``m``."""

    top: str = "NULL"
    bottom: str = "NULL"
    n: str = "0"
    longest_s: str = "NULL"


def parts_of(formula: Formula) -> Parts:
    """What an item adds; its sums of it over all items are those of the formula."""
    match formula:
        case Amount():
            return Parts(_sum(formula.what), n=_sum(formula.n))
        case PerHour():
            # Signed: who came and left again is no observation of what stays.
            counted = (*formula.what.plus, *formula.what.minus)
            return Parts(_sum(formula.what), n=" + ".join(map(_of, counted)))
        case Share():
            return Parts(_sum(formula.part), _sum(formula.whole), _sum(formula.whole))
        case Ratio():
            return Parts(_sum(formula.top), _sum(formula.bottom), _sum(formula.n))
        case Quantile():
            bins = f"bitShiftRight(k, {BIN_BITS}) = {BY_NAME[formula.histogram].id}"
            n = f"arraySum(mapValues(mapFilter((k, v) -> {bins}, m)))"
            longest = f"arrayMax(mapKeys(mapFilter((k, v) -> v > 0 AND {bins}, m)))"
            value = f"dd_value(bitAnd({longest}, {BIN_MASK})) / 1000"
            return Parts(n=n, longest_s=f"if({longest} = 0, NULL, {value})")
    raise AssertionError(f"{formula} looks at the present")


def _of(name: str) -> str:
    return f"m[{BY_NAME[name].key}]"


def _sum(what: Sum) -> str:
    plus = " + ".join(map(_of, what.plus)) or "toInt64(0)"
    return " - ".join((plus, *map(_of, what.minus)))


_ACCEPTED = "those of SLA clocks by organisation, project, queue and team, others by what is theirs"
#: Metrics whose numbers can be opened: presence is of people, not of items.
METRICS = tuple(metric for metric in WINDOW_METRICS if "presence.changed" not in metric.needs)


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """The view ``items_behind``, by every grouping that names no person."""
    known = [each for each in groupings if not {*PERSONS} & {*each.dimensions}]
    unfit = f"{_METRIC} != '' AND NOT has({_fitting(known)}[{_METRIC}], {_GROUPING})"
    checks = (
        views_arguments.metric(METRICS), views_arguments.grouping(known), views_arguments.span(),
        views_arguments.filters(known),
        (unfit, f"grouping: the metric can not be told by it; {_ACCEPTED}"),
    )  # fmt: skip
    where: list[Told] = [
        (name, "String", f"{name.capitalize()} where it counts; empty where not grouped by", name)
        for name in WHERE
    ]
    columns: list[Told] = [
        ("metric", "String", "Which metric; see metric_definitions", "s.1"),
        *PLACE,
        ("item_id", "String", "Item; watchfloor explain tells its whole story", "item_id"),
        *where,
        *_COUNTS,
    ]
    about = "The items behind a number; together they are its numerator, denominator and n"
    source = f"{_shares(database, known)} UNION ALL {_unknown(database, known)}"
    return [create(database, Shape("items_behind", declared(columns), about, checks), source)]


def _fitting(groupings: Sequence[Grouping]) -> str:
    """By metric, the groupings that it can be told by."""
    pairs = (
        f"{quoted(it.id)}, {strings([g.name for g in groupings if may_be_by(it, g)])}"
        for it in METRICS
    )
    return f"map({', '.join(pairs)})"


def _shares(database: str, groupings: Sequence[Grouping]) -> str:
    """A row for each metric, item and place in which it counts: ``s``."""
    where = ", ".join(place(name, groupings) for name in WHERE)
    applies = " AND ".join(
        f"({is_by('label', groupings)} = isNotNull(p.{at}))"
        if name == "label"
        else f"(NOT {is_by(name, groupings)} OR isNotNull(p.{at}))"
        for name, at in MAY_APPLY.items()
    )
    # Filtered before they are unfolded: most parts are of other metrics.
    wanted = f"p.1 >= {FROM} AND p.1 < {TO} AND {applies} AND arrayExists({_of_metric()}, p.8)"
    parts = (
        f"SELECT org, source, project, item_id, {where}, p.1 AS start_s, "
        f"arrayFilter({_of_metric()}, p.8) AS counts FROM (SELECT org, source, project, item_id, "
        f"arrayJoin(arrayFilter(p -> {wanted}, JSONExtract(parts, '{PART}'))) AS p "
        f"FROM {database}.items FINAL WHERE {within()} AND NOT {_is_of_clocks()})"
    )
    sums = (
        f"SELECT {_NAMES}, sumMap(CAST(counts, 'Map(UInt32, Int64)')) AS m, "
        "toDateTime(min(start_s), 'UTC') AS first_pane, "
        "toDateTime(max(start_s), 'UTC') AS last_pane "
        f"FROM ({parts} UNION ALL {_of_clocks(database, groupings)}) "
        f"WHERE {views_arguments.let_through((*IDENTITY, *WHERE))} GROUP BY {_NAMES}"
    )
    return (
        f"SELECT {_NAMES}, first_pane, last_pane, toUInt8(1) AS is_known, "
        f"arrayJoin(arrayConcat({_all_metrics(groupings)})) AS s FROM ({sums}) "
        "WHERE s.2 != 0 OR s.3 != 0 OR s.4 != 0"
    )


def _is_of_clocks() -> str:
    return f"has({strings([it.id for it in METRICS if counts_clocks(it)])}, {_METRIC})"


def _of_clocks(database: str, groupings: Sequence[Grouping]) -> str:
    """What SLA clocks counted for, in the same columns."""
    where = ", ".join(
        f"if({is_by(name, groupings)}, toString({name}), '') AS {name}"
        if name in CLOCK_PLACE
        else f"'' AS {name}"
        for name in WHERE
    )
    asked = f"({_METRIC} = '' OR {_is_of_clocks()})"
    return (
        f"SELECT org, source, project, item_id, {where}, start_s, counts "
        f"FROM ({clock_parts.parts(database, FROM, TO)}) WHERE {asked}"
    )


def _of_metric() -> str:
    """Whether a count is of a measure that the metric asked for is made of."""
    needed = ", ".join(
        f"{quoted(it.id)}, {[each.id for each in named_in(str(it.formula))]}" for it in METRICS
    )
    return f"c -> {_METRIC} = '' OR has(map({needed})[{_METRIC}], bitShiftRight(c.1, {BIN_BITS}))"


def _all_metrics(groupings: Sequence[Grouping]) -> str:
    """What each metric that is asked for gets, as an array of none or one."""
    found = []
    for metric in METRICS:
        it = parts_of(metric.formula)
        fitting = strings([g.name for g in groupings if may_be_by(metric, g)])
        share = f"({quoted(metric.id)}, {it.top}, {it.bottom}, {it.n}, {it.longest_s})"
        asked = f"{_METRIC} IN ('', {quoted(metric.id)}) AND has({fitting}, {_GROUPING})"
        found.append(f"if({asked}, [CAST({share}, '{_SHARE}')], CAST([], 'Array({_SHARE})'))")
    return ", ".join(found)


def _unknown(database: str, groupings: Sequence[Grouping]) -> str:
    """Of items whose parts are not known, a row without counts for each metric."""
    ids = strings([it.id for it in METRICS if not counts_clocks(it)])
    fits = f"has({_fitting(groupings)}[id], {_GROUPING})"
    asked = f"arrayFilter(id -> {_METRIC} IN ('', id) AND {fits}, {ids})"
    return unknown(database, f"CAST((arrayJoin({asked}), NULL, NULL, NULL, NULL), '{_SHARE}') AS s")
