"""The pieces of a dashboard as Grafana's JSON has them: panels, variables, their places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.metrics import Direction, Metric, Unit

Json = dict[str, Any]

CLICKHOUSE: Json = {"type": "grafana-clickhouse-datasource", "uid": "watchfloor-clickhouse"}
PROMETHEUS: Json = {"type": "prometheus", "uid": "watchfloor-prometheus"}
#: Grafana's grid is so wide.
GRID = 24

UNITS: Mapping[Unit, str] = {
    Unit.ITEMS: "short",
    Unit.PEOPLE: "short",
    Unit.PER_HOUR: "suffix: /h",
    Unit.HOURS: "h",
    Unit.MINUTES: "m",
    Unit.SECONDS: "s",
    Unit.FRACTION: "percentunit",
    Unit.PER_ITEM: "suffix: per item",
    Unit.TIMES: "suffix: x",
}
_WAY = {
    Direction.HIGHER_IS_BETTER: "Higher is better.",
    Direction.LOWER_IS_BETTER: "Lower is better.",
    Direction.NEITHER: "Neither way is good by itself.",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel but for its place: ``kind`` is Grafana's name of it, ``query`` SQL or PromQL."""

    kind: str
    title: str
    query: str
    unit: str = "short"
    about: str = ""
    width: int = 8
    height: int = 7
    source: str = "clickhouse"
    banded: bool = False
    legend: str = ""
    units_of: Mapping[str, str] = field(default_factory=dict)

    def json(self, number: int, x: int, y: int) -> Json:
        """It at a place of the grid."""
        is_sql = self.source == "clickhouse"
        defaults: Json = {"unit": self.unit, "custom": {"fillOpacity": 0}, "noValue": "unknown"}
        if self.kind != "timeseries":
            defaults.pop("custom")
        if self.unit == "percentunit" and self.kind == "timeseries":
            defaults |= {"min": 0, "max": 1}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": CLICKHOUSE if is_sql else PROMETHEUS,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "interval": "1m" if is_sql else "15s",
            "fieldConfig": {"defaults": defaults, "overrides": self._overrides()},
            "options": _options(self.kind),
            "targets": [self._target()],
        }

    def _target(self) -> Json:
        if self.source != "clickhouse":
            return {
                "refId": "A", "datasource": PROMETHEUS, "expr": self.query,
                "legendFormat": self.legend, "range": True,
            }  # fmt: skip
        is_series = self.kind == "timeseries"
        return {
            "refId": "A",
            "datasource": CLICKHOUSE,
            "editorType": "sql",
            "queryType": "timeseries" if is_series else "table",
            "format": 0 if is_series else 1,
            "rawSql": self.query,
        }

    def _overrides(self) -> list[Json]:
        found = [_override(name, {"unit": unit}) for name, unit in self.units_of.items()]
        if self.banded:
            unseen = {"legend": True, "tooltip": False, "viz": False}
            low: Json = {"custom.lineWidth": 0, "custom.hideFrom": unseen}
            high = low | {"custom.fillBelowTo": "low", "custom.fillOpacity": 15}
            found += [_override("low", low), _override("high", high)]
        return found


def _override(name: str, properties: Json) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _options(kind: str) -> Json:
    if kind == "stat":
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "graphMode": "none",
            "colorMode": "none",
        }
    if kind == "table":
        return {"showHeader": True, "cellHeight": "sm"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def described(metric: Metric) -> str:
    """What to know of a metric, from its declaration."""
    parts = (
        metric.caveat,
        _WAY[metric.direction],
        f"`{metric.id}`, version {metric.version}: `watchfloor metrics show {metric.id}`.",
    )
    return " ".join(part for part in parts if part)


def placed(rows: Sequence[tuple[str, Sequence[Panel]]]) -> Iterator[Json]:
    """Titled rows of panels, one below the other, from left to right."""
    y, number = 0, 1
    for title, panels in rows:
        yield {
            "id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
            "gridPos": {"h": 1, "w": GRID, "x": 0, "y": y},
        }  # fmt: skip
        number, y, x, tallest = number + 1, y + 1, 0, 0
        for panel in panels:
            if x + panel.width > GRID:
                x, y, tallest = 0, y + tallest, 0
            yield panel.json(number, x, y)
            number, x, tallest = number + 1, x + panel.width, max(tallest, panel.height)
        y += tallest
