"""The dashboard of Watchfloor itself: its own metrics from Prometheus, what it stored from SQL."""

from deploy.grafana import queries
from deploy.grafana.boards import Board
from deploy.grafana.panels import Panel
from streams.telemetry import DECLARATIONS, Declaration

_AREAS = {
    "floor": "Workers",
    "deliver": "Delivery",
    "notify": "Notices",
    "board": "Board",
    "gateway": "Gateway",
    "map": "Mappings of live topics",
    "process": "Processes",
}
#: Of a gauge the worst is told, but these are spread over partitions.
_ADDED_UP = ("floor_lag_records", "floor_held_items", "floor_held_panes", "floor_subjects")
_FINE = ("partition",)


def pipeline() -> Board:
    """Every declared metric of ours, area by area, below what arrived in the tables."""
    stored = [
        Panel("stat", "Data age", queries.DATA_AGE, "s", "How long ago the newest pane ended.", 4),
        Panel("stat", "Last row stored", queries.LAST_STORED, "dateTimeAsIso",
              "When a row of the range was last stored.", 4),
        Panel("timeseries", "Dead letters", queries.DEAD_LETTERS, "short",
              DECLARATIONS["floor_dead_events_total"].when_high),
        Panel("timeseries", "Panes told anew, and very late ones", queries.LATE_ROWS, "short",
              "Rows by queue that were stored more than once, or that came after the fine limit."),
    ]  # fmt: skip
    rows = [("What was stored", stored)]
    for area, title in _AREAS.items():
        own = [it for it in DECLARATIONS.values() if it.name.startswith(f"{area}_")]
        rows.append((title, [_panel(it) for it in own]))
    about = "Is Watchfloor itself well? Prometheus' alerts are in deploy/prometheus"
    return Board("pipeline", "pipeline health", about, [], rows, "now-6h")


def _panel(it: Declaration) -> Panel:
    about = f"{it.meaning} When high: {it.when_high}"
    legend = " ".join(f"{{{{{tag}}}}}" for tag in _tags(it))
    title = it.name if it.kind != "histogram" else f"{it.name}, p95"
    return Panel("timeseries", title, _query(it), _unit(it), about, source="prometheus",
                 legend=legend, width=6)  # fmt: skip


def _tags(it: Declaration) -> tuple[str, ...]:
    own = tuple(tag for tag in it.tags if tag not in _FINE)
    return own if it.kind != "gauge" or it.name in _ADDED_UP else (*own, "instance")


def _query(it: Declaration) -> str:
    by = ", ".join(_tags(it))
    if it.kind == "counter":
        return f"sum by ({by}) (rate({it.name}[$__rate_interval]))"
    if it.kind == "histogram":
        edges = ", ".join(("le", *_tags(it)))
        return (
            f"histogram_quantile(0.95, sum by ({edges}) (rate({it.name}_bucket[$__rate_interval])))"
        )
    return f"{'sum' if it.name in _ADDED_UP else 'max'} by ({by}) ({it.name})"


def _unit(it: Declaration) -> str:
    measured = it.name.removesuffix("_total")
    if measured.endswith("_bytes"):
        return "bytes" if it.kind != "counter" else "Bps"
    if it.kind == "counter":
        return "ops"
    return "s" if measured.endswith("_s") else "short"
