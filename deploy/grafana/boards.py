"""The dashboards of the floor: which panels there are, from the views and their metrics."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploy.grafana import queries, variables
from deploy.grafana.panels import UNITS, Json, Panel, described, placed
from schemas.groupings import DEFAULT_GROUPINGS
from schemas.metrics import Interval, Metric
from sinks.views import BACKLOG_NOW, PROMISES_NOW, VIEWS

_METRICS = {view.name: view.metrics for view in VIEWS}
#: Groupings without persons: what a dashboard shows to everybody.
SHARED = [
    each.name
    for each in DEFAULT_GROUPINGS
    if not {"annotator", "reviewer", "label"} & set(each.dimensions)
]
_PLACE = queries.chosen("org", "project", "queue")
#: A grouping whose subjects are one when one organisation is chosen.
_ONE_ORG = ("org", queries.chosen("org"))
_AGE = Panel(
    "stat", "Data age", queries.DATA_AGE, "s",
    "How long ago the newest pane ended; what is younger is not in the numbers.", 4, 4,
)  # fmt: skip
_ORG, _PROJECT = (
    variables.listed("org", "Organisation"),
    variables.listed("project", "Project", within="org"),
)


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: its name in addresses and files, title, variables, rows of panels."""

    name: str
    title: str
    about: str
    variables: Sequence[Json]
    rows: Sequence[tuple[str, Sequence[Panel]]]
    since: str = "now-24h"

    def json(self) -> Json:
        """The dashboard as Grafana reads it."""
        return {
            "uid": f"watchfloor-{self.name}",
            "title": f"Watchfloor: {self.title}",
            "description": self.about,
            "tags": ["watchfloor"],
            "timezone": "browser",
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "1m",
            "time": {"from": self.since, "to": "now"},
            "templating": {"list": list(self.variables)},
            "annotations": {"list": []},
            "links": [
                {
                    "type": "dashboards", "title": "Watchfloor", "tags": ["watchfloor"],
                    "asDropdown": True, "includeVars": True, "keepTime": True, "icon": "",
                    "targetBlank": False, "tooltip": "", "url": "",
                }
            ],
            "panels": list(placed(self.rows)),
        }  # fmt: skip


def _lines(view: str, metrics: Iterable[Metric], grouping: str = "$grouping") -> list[Panel]:
    """A panel of each metric with a line for each subject."""
    source = queries.asked(view, grouping)
    return [
        Panel("timeseries", metric.title, queries.by_subject(source, metric.id, _PLACE),
              UNITS[metric.unit], described(metric))
        for metric in metrics if "label" not in metric.always_by
    ]  # fmt: skip


def _fits(metric: Metric, grouping: str) -> bool:
    """Whether a metric can be told by a grouping of the floor."""
    dimensions = next(it.dimensions for it in DEFAULT_GROUPINGS if it.name == grouping)
    return metric.makes_sense_by(dimensions)


def _single(view: str, metrics: Iterable[Metric], of: tuple[str, str]) -> list[Panel]:
    """A panel of each metric for one subject, with its interval as a band."""
    source = queries.asked(view, of[0])
    return [
        Panel("timeseries", metric.title, queries.over_time(source, queries.band(metric), of[1]),
              UNITS[metric.unit], described(metric),
              banded=metric.interval is Interval.WILSON)
        for metric in metrics if _fits(metric, of[0])
    ]  # fmt: skip


def _table(title: str, source: str, metrics: Sequence[Metric], order: str) -> Panel:
    columns = ", ".join(metric.id for metric in metrics)
    units = {metric.id: UNITS[metric.unit] for metric in metrics}
    query = queries.ranking(source, columns, _PLACE, order)
    about = "; ".join(f"{metric.id}: {metric.title}" for metric in metrics)
    return Panel("table", title, query, about=about, width=24, height=9, units_of=units)


def _wilson(metrics: Iterable[Metric]) -> list[Metric]:
    return [metric for metric in metrics if metric.interval is Interval.WILSON]


def _stat(view: str, metric: Metric, *, now: bool = False) -> Panel:
    """Sums over queues: only of what may be added up."""
    ask = queries.asked_now(view, "queue") if now else queries.asked(view, "queue", whole=True)
    sql = f"SELECT sum({metric.id}) AS {metric.id} FROM {ask} WHERE {_PLACE}"
    return Panel("stat", metric.title, sql, UNITS[metric.unit], described(metric), 4, 4)


def _by_id(metrics: Iterable[Metric], *ids: str) -> list[Metric]:
    return [metric for metric in metrics if metric.id in ids]


def floor() -> Board:
    """How much is done everywhere."""
    now = _by_id(BACKLOG_NOW, "backlog_waiting", "backlog_in_work", "backlog_in_review")
    done = _by_id(_METRICS["throughput"], "throughput", "completion_rate_unique")
    shown = [*_by_id(_METRICS["throughput"], "arrival_rate"), *done, *_METRICS["throughput"][-2:]]
    ranked = _table("Over the range", queries.asked("throughput", "$grouping", whole=True), shown,
                    "throughput DESC NULLS LAST")  # fmt: skip
    rows = [
        ("At a glance", [_AGE, *(_stat("backlog_now", each, now=True) for each in now),
                         *(_stat("throughput", each) for each in done)]),
        ("What is done", _lines("throughput", _METRICS["throughput"])),
        ("Compared", [ranked]),
    ]  # fmt: skip
    chosen = [_ORG, _PROJECT, variables.listed("queue", "Queue", within="project"),
              variables.grouping(SHARED, "queue")]  # fmt: skip
    return Board("floor", "floor", "How much is done, by what you choose", chosen, rows)


def queue() -> Board:
    """One queue in depth."""
    one = ("queue", _PLACE)
    now = queries.asked_now("backlog_now", "queue")
    levels = ", ".join(f"{name}_at_end" for name in ("waiting", "in_work", "in_review", "open"))
    stood = Panel("timeseries", "What stood at the end of each step",
                  queries.over_time(queries.asked("backlog", "queue"), levels, _PLACE),
                  about="Sums of all changes since the queue began.", width=16)  # fmt: skip
    rows = [
        (
            "Now",
            [_AGE, _table("At the end of the range", now, BACKLOG_NOW, "subject")],
        ),
        ("Backlog", [stood, *_single("backlog", _METRICS["backlog"], one)]),
        ("Work", _single("throughput", _METRICS["throughput"], one)),
        ("Time", _single("aht", _METRICS["aht"], one)),
    ]
    chosen = [
        variables.listed("org", "Organisation", many=False),
        variables.listed("project", "Project", within="org", many=False),
        variables.listed("queue", "Queue", within="project", many=False),
    ]
    return Board("queue", "queue", "One queue: backlog, waits, work and time", chosen, rows)


def sla() -> Board:
    """Promises, kept and broken."""
    clocks = queries.asked_now("promises_now", "$clocks")
    rows = [
        ("Now", [_AGE, _table("Running clocks", clocks, PROMISES_NOW,
                              "time_to_breach NULLS LAST")]),
        ("All of it, with its 95 % interval", _single("sla", _wilson(_METRICS["sla"]), _ONE_ORG)),
        ("Compared", _lines("sla", _METRICS["sla"])),
        ("Behind it", [Panel("table", "Latest breaches and clocks at risk", queries.BREACHES,
                             about="From the ledger of every clock; elapsed without pauses.",
                             width=24, height=9)]),
    ]  # fmt: skip
    by_clocks = variables.grouping(["queue", "project", "org", "team"], "queue")
    by_clocks |= {"name": "clocks", "label": "Clocks by"}
    chosen = [variables.listed("org", "Organisation", many=False), _PROJECT,
              variables.listed("queue", "Queue", within="project"),
              variables.grouping(SHARED, "queue"), by_clocks]  # fmt: skip
    return Board("sla", "SLA", "Promises kept and broken, and what breaks next", chosen, rows)


def quality() -> Board:
    """How right the work is."""
    both = [*_METRICS["review_yield"], *_METRICS["quality"]]
    labels = [each for each in both if "label" in each.always_by]
    by_label = _table("Labels", queries.asked("quality", "label", whole=True), labels,
                      "f1 NULLS LAST")  # fmt: skip
    of_review = _wilson(_METRICS["review_yield"])
    bands = [*_single("review_yield", of_review, _ONE_ORG),
             *_single("quality", _wilson(_METRICS["quality"]), _ONE_ORG)]  # fmt: skip
    rows = [
        ("All of it, with its 95 % interval", [*bands, _AGE]),
        ("Compared", [*_lines("review_yield", _METRICS["review_yield"]),
                      *_lines("quality", _METRICS["quality"])]),
        ("By label, over the range", [by_label]),
    ]  # fmt: skip
    chosen = [variables.listed("org", "Organisation", many=False), _PROJECT,
              variables.listed("queue", "Queue", within="project"),
              variables.grouping(SHARED, "queue")]  # fmt: skip
    return Board("quality", "quality", "Reviews and golden items", chosen, rows, "now-7d")
