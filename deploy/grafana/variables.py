"""What can be chosen at the top of a dashboard."""

from deploy.grafana.panels import CLICKHOUSE, Json
from deploy.grafana.queries import values_of

#: Read again when the range changes.
_ON_RANGE = 2


def listed(name: str, label: str, *, within: str = "", many: bool = True) -> Json:
    """A dimension's values; ``within`` another variable, ``many`` at once or all."""
    sql = values_of(name, within=within)
    everything: Json = {"text": ["All"], "value": ["$__all"]}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": CLICKHOUSE,
        "query": sql,
        "refresh": _ON_RANGE,
        "sort": 1,
        "multi": many,
        "includeAll": many,
        "hide": 0,
        "options": [],
        "current": everything if many else {},
    }


def grouping(names: list[str], first: str) -> Json:
    """By what lines and rows are told apart."""
    options = [{"text": name, "value": name, "selected": name == first} for name in names]
    return {
        "type": "custom",
        "name": "grouping",
        "label": "By",
        "query": ",".join(names),
        "options": options,
        "current": {"text": first, "value": first},
        "multi": False,
        "includeAll": False,
        "hide": 0,
    }
