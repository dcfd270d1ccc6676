"""The SQL that answers for one metric, out of what was said on the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.groupings import Grouping
from schemas.metrics import Interval, Metric
from sinks import present
from sinks.ddl import quoted
from sinks.view_catalog import Column, ViewInfo
from sinks.views import VIEWS, looks_at_present, view_of_present
from streams.view_question import ArgumentRefused, Asked, question

_SPAN = {"from": "DateTime('UTC')", "to": "DateTime('UTC')"}
_NOW = {"grouping": "String", **_SPAN}
_OVER_TIME = {**_NOW, "step_s": "UInt32"}
_AT = dict.fromkeys(("metric", "grouping", "from", "to", "tz", "as_of"), "String")
_READING = ("value", "low", "high", "n")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said, as text; None where an option was left out."""

    grouping: str = "all"
    since: str | None = None
    until: str | None = None
    step: str | None = None
    zone: str | None = None
    as_of: str | None = None
    where: Sequence[str] = ()


def metric_sql(
    database: str, metric: Metric, wanted: Wanted, groupings: Sequence[Grouping], now: datetime
) -> str:
    """One query, ready to run; ArgumentRefused names what can't be asked.

    Without times it is about the 24 hours up to the latest full hour before ``now``.
    """
    grouping = _fitting(metric, wanted.grouping, groupings)
    # Of other dimensions the rows know nothing: a condition on one would find none.
    columns = tuple(Column(name, "String", "") for name in grouping.dimensions)
    if looks_at_present(metric):
        view = ViewInfo(view_of_present(metric), "", _NOW, columns)
        _refuse_past(metric, wanted)
    elif wanted.zone or wanted.as_of:
        arguments = {**_AT, "step_s": "UInt32", "filters": "Map(String, String)"}
        view = ViewInfo("metric_values_at", "", arguments, columns)
    else:
        name = next(each.name for each in VIEWS if metric in each.metrics)
        view = ViewInfo(name, "", _OVER_TIME, columns)
    asked = question(_asked(view, wanted, now), {view.name: view}, [g.name for g in groupings])
    given = asked.arguments
    if "metric" in given:
        given = {**given, "metric": quoted(metric.id)}
    return _query(f"{database}.{view.name}", metric, grouping, given, asked.conditions)


def _fitting(metric: Metric, name: str, groupings: Sequence[Grouping]) -> Grouping:
    possible = list(groupings)
    if looks_at_present(metric):
        backlog = view_of_present(metric) == "backlog_now"
        possible = present.placed(groupings) if backlog else present.clocked(groupings)
    fitting = {g.name: g for g in possible if metric.makes_sense_by(g.dimensions)}
    if name not in fitting:
        raise ArgumentRefused(
            f"--grouping {name!r}: there is no {metric.id} by that",
            f"accepted: {', '.join(fitting)}",
        )
    return fitting[name]


def _refuse_past(metric: Metric, wanted: Wanted) -> None:
    said = {"--step": wanted.step, "--tz": wanted.zone, "--as-of": wanted.as_of}
    for option, text in said.items():
        if text is not None:
            raise ArgumentRefused(
                f"{option}: {metric.id} looks at what stands now",
                "leave it out; what stood at the end of past steps is in the view `backlog`",
            )


def _asked(view: ViewInfo, wanted: Wanted, now: datetime) -> Asked:
    """The question with its times; a step of an hour where none was said."""
    until = wanted.until or f"{now.astimezone(UTC):%Y-%m-%dT%H:00}Z"
    since = wanted.since
    if since is None:
        end = datetime.fromisoformat(until) if wanted.until is None else None
        if end is None:
            raise ArgumentRefused("--to without --from", "give both, or neither for 24 hours")
        since = (end - timedelta(days=1)).isoformat()
    step = (wanted.step or "1h") if "step_s" in view.arguments else None
    return Asked(
        view.name,
        since,
        until,
        None if step == "0" else step,
        wanted.grouping,
        wanted.zone,
        wanted.as_of,
        where=wanted.where,
    )


def _query(
    source: str,
    metric: Metric,
    grouping: Grouping,
    given: Mapping[str, str],
    conditions: Sequence[str],
) -> str:
    """The reading of one metric by subject, and by step where there are steps."""
    times = ["step_start"] if "step_s" in given else []
    if "metric" in given:
        times += ["step_end", "local_start"]
        reading = [*_READING, "cause", "unit", "version"]
    else:
        has_interval = metric.interval is Interval.WILSON
        ends = [f"{metric.id}_{end} AS {end}" if has_interval else f"NULL AS {end}"
                for end in ("low", "high")]  # fmt: skip
        reading = [f"{metric.id} AS value", *ends, f"{metric.id}_n AS n"]
        reading += [f"{quoted(metric.unit)} AS unit", f"{metric.version} AS version"]
    order = [*times[:1], *grouping.dimensions]
    arguments = ", ".join(f"{name}={value}" for name, value in given.items())
    lines = [
        f"SELECT {', '.join([*times, *grouping.dimensions, *reading])}",
        f"FROM {source}({arguments})",
        *([f"WHERE {' AND '.join(conditions)}"] if conditions else []),
        *([f"ORDER BY {', '.join(order)}"] if order else []),
    ]
    return "\n".join(lines)
