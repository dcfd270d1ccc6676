"""What Grafana and its ClickHouse plugin make of a query before the server sees it.

Grafana puts variables in (``${name:singlequote}``, ``$name``), then the plugin its macros, as
``pkg/macros`` of grafana/clickhouse-datasource does: times become ``toDateTime(<unix seconds>)``,
``$__interval_s`` the panel's interval in seconds, at least 1. A macro that is not known here is an
error, so that no panel can use one that is not checked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LIST = re.compile(r"\$\{(\w+):singlequote\}")
_PLAIN = re.compile(r"\$(?!__)(\w+)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A dashboard's range, UTC seconds, its interval, and what is chosen."""

    from_s: int
    to_s: int
    interval_s: int
    chosen: Mapping[str, Sequence[str]]


def expanded(sql: str, asked: Asked) -> str:
    """The query as the server gets it. Raises KeyError for a variable that there is not."""
    quoted = {
        name: ",".join("'" + value.replace("'", "\\'") + "'" for value in values)
        for name, values in asked.chosen.items()
    }
    sql = _LIST.sub(lambda found: quoted[found[1]], sql)
    sql = _PLAIN.sub(lambda found: asked.chosen[found[1]][0], sql)
    for macro, text in (
        ("$__fromTime", f"toDateTime({asked.from_s})"),
        ("$__toTime", f"toDateTime({asked.to_s})"),
        ("$__interval_s", str(max(asked.interval_s, 1))),
    ):
        sql = re.sub(re.escape(macro) + r"\b", text, sql)
    assert "$" not in sql, f"not known here: {sql[sql.index('$') :][:40]}"
    return sql
