"""Every metric in one shape: a row for each metric, step and subject, with unit and version."""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.metrics import Metric
from schemas.readings import NEVER_SENT, TOO_FEW, WARMING_UP
from sinks import flows, present, views_arguments
from sinks.ddl import quoted
from sinks.formulas import plain, strings
from sinks.views_shape import (
    BACKLOG_NOW,
    PROMISES_NOW,
    STEP,
    VALUE,
    WINDOW_METRICS,
    Column,
    Shape,
    create,
    subject_columns,
)
from sinks.views_spans import named_in

_DIMENSIONS = ", ".join(DIMENSIONS)
#: A metric before anything is withheld, and what decides whether it is.
_READING = (
    f"Tuple(id String, unit String, version UInt16, value {VALUE}, low {VALUE}, high {VALUE}, "
    "n Int64, empty String, min_n Int64, fitting Array(String), needs Array(String))"
)
_METRIC: list[Column] = [
    ("metric String COMMENT 'Which metric; see metric_definitions'", "r.id"),
    ("unit String COMMENT 'What the value is counted in'", "r.unit"),
    ("version UInt16 COMMENT 'Version of the definition; counts up when it changes'", "r.version"),
]
_KNOWN = "isNull(why)"
VALUES: list[Column] = [
    (
        f"value {VALUE} COMMENT 'Its value; NULL is unknown, never zero'",
        f"if({_KNOWN}, r.value, NULL)",
    ),
    (f"low {VALUE} COMMENT 'Lower end of the 95 % interval'", f"if({_KNOWN}, r.low, NULL)"),
    (f"high {VALUE} COMMENT 'Upper end of the 95 % interval'", f"if({_KNOWN}, r.high, NULL)"),
    ("n Int64 COMMENT 'Observations behind it'", "if(unknowable = '', r.n, 0)"),
    ("cause Nullable(String) COMMENT 'Why there is no value'", "why"),
]
_STEP_END: Column = (
    "step_end DateTime('UTC') COMMENT 'End of the step, not part of it'",
    "step_end",
)
_LOCAL_START: Column = (
    "local_start String COMMENT 'Start of the step as the clocks of tz show it, with offset'",
    "formatDateTime(step_start, '%Y-%m-%dT%H:%i:%S%z', {tz:String})",
)


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """What puts these views in place; each statement can be run again."""
    return [
        _values(database, groupings),
        _values_now(database, groupings),
        flows.seen_events_as_of(database),
        _values_at(database, groupings),
    ]


def reading(metric: Metric, groupings: Sequence[Grouping], when: str = "") -> str:
    """One metric as a tuple; ``when`` it is not asked for, nothing of it is read.

    What may withhold it goes along, so that this is written once and not once for each metric:
    an engine takes longer to understand a long query than to answer it.
    """
    raw = plain(metric)
    fitting = [g.name for g in groupings if metric.makes_sense_by(g.dimensions)]
    fields = (
        quoted(metric.id), quoted(metric.unit), str(metric.version),
        raw.value, raw.low, raw.high, raw.n, raw.empty, str(metric.min_n),
        strings(fitting), strings(metric.needs),
    )  # fmt: skip
    cast = f"CAST(({', '.join(fields)}), '{_READING}')"
    if not when:
        return cast
    nothing = f"CAST(('', '', 0, NULL, NULL, NULL, 0, '', 0, [], []), '{_READING}')"
    return f"if({when} IN ('', '{metric.id}'), {cast}, {nothing})"


def unfolded(readings: Sequence[str], beside: str, source: str) -> str:
    """A row for each metric that makes sense in the grouping: ``r``, and ``why`` it is withheld.

    The causes and their order are those of ``formulas.expression``.
    """
    unsent = "arrayFirst(need -> NOT hasAny(seen, splitByChar('|', need)), r.needs)"
    unknowable = (
        f"multiIf({unsent} != '', concat('{NEVER_SENT}', {unsent}), "
        f"span_ms <= 0, '{WARMING_UP}', '')"
    )
    why = (
        f"multiIf(unknowable != '', unknowable, r.n < r.min_n, '{TOO_FEW}', "
        "isNull(r.value), r.empty, NULL)"
    )
    return (
        f"SELECT *, {unknowable} AS unknowable, {why} AS why FROM "
        f"(SELECT {beside}, grouping, seen, span_ms, arrayJoin([{', '.join(readings)}]) AS r "
        f"FROM ({source})) WHERE has(r.fitting, grouping)"
    )


def _values(database: str, groupings: Sequence[Grouping]) -> str:
    checks = (
        views_arguments.grouping(groupings), views_arguments.span(), views_arguments.step()
    )  # fmt: skip
    columns = [_METRIC[0], STEP, *subject_columns(), *VALUES, *_METRIC[1:]]
    shape = Shape("metric_values", columns, "Any metric by any grouping", checks)
    readings = [reading(metric, groupings) for metric in WINDOW_METRICS]
    source = flows.window(database, named_in(" ".join(readings)))
    return create(database, shape, unfolded(readings, f"step_start, {_DIMENSIONS}", source))


def _values_now(database: str, groupings: Sequence[Grouping]) -> str:
    """The metrics that look at the present, each where items or clocks can be counted by."""
    clocked = present.clocked(groupings)
    checks = (views_arguments.grouping(clocked), views_arguments.span())
    step = (STEP[0].replace("Start of the step", "Start of the range"), "{from:DateTime('UTC')}")
    columns = [_METRIC[0], step, *subject_columns(), *VALUES, *_METRIC[1:]]
    comment = "Metrics that look at the present, as seen from the end of the range"
    shape = Shape("metric_values_now", columns, comment, checks)
    placed = present.placed(groupings)
    readings = [reading(metric, placed) for metric in BACKLOG_NOW]
    readings += [reading(metric, clocked) for metric in PROMISES_NOW]
    now = (
        f"SELECT * FROM ({present.gauges(database, groupings)}) AS standing "
        f"FULL JOIN ({present.clocks(database, groupings)}) AS promised USING ({_DIMENSIONS})"
    )
    source = present.beside_flows(database, now, named_in(" ".join(readings)))
    return create(database, shape, unfolded(readings, _DIMENSIONS, source))


def _values_at(database: str, groupings: Sequence[Grouping]) -> str:
    """With everything that can be asked: a zone, a moment to go back to, filters."""
    checks = (
        views_arguments.metric(WINDOW_METRICS),
        views_arguments.grouping(groupings),
        views_arguments.moment("from"),
        views_arguments.moment("to"),
        views_arguments.local_span(flows.LOCAL.start, flows.LOCAL.end),
        views_arguments.step(),
        views_arguments.moment("as_of", optional=True),
        views_arguments.kept(flows.AS_OF),
        views_arguments.filters(groupings),
    )
    columns = [_METRIC[0], STEP, _STEP_END, _LOCAL_START, *subject_columns(), *VALUES]
    comment = "Any metric by any grouping in a time zone, also as it had been told at as_of"
    shape = Shape("metric_values_at", [*columns, *_METRIC[1:]], comment, checks)
    readings = [reading(metric, groupings, "{metric:String}") for metric in WINDOW_METRICS]
    beside = f"step_start, step_end, {_DIMENSIONS}"
    source = flows.window_at(database, named_in(" ".join(readings)))
    return create(database, shape, unfolded(readings, beside, source))
