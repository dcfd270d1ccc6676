"""A view with its arguments, as a client writes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from sinks.ddl import quoted

_DEFAULTS: dict[str, object] = {
    "grouping": "queue",
    "from": "2026-01-01 00:00:00",
    "to": "2026-01-01 03:00:00",
    "step_s": 0,
    "metric": "",
    "tz": "UTC",
    "as_of": "",
    "filters": {},
    "at": "2026-01-01 01:00:00",
}
_COMMON = ("grouping", "from", "to")
_NAMES: dict[str, tuple[str, ...]] = {
    "backlog_now": _COMMON,
    "promises_now": _COMMON,
    "metric_values_now": _COMMON,
    "restatements": _COMMON,
    "metric_values_at": tuple(name for name in _DEFAULTS if name != "at"),
    "metric_restatements": tuple(name for name in _DEFAULTS if name != "at"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A view and some of its arguments; the others are harmless."""

    view: str
    given: Mapping[str, object]

    def sql(self, database: str) -> str:
        """All its rows."""
        return f"SELECT * FROM {database}.{self.view}({self._arguments(self._names())})"

    def source(self, client: Client, database: str) -> str:
        """It and what it takes, as the database has it; a view without arguments by its name."""
        query = client.query(
            "SELECT as_select FROM system.tables "
            "WHERE database = {db:String} AND name = {it:String}",
            parameters={"db": database, "it": self.view},
        ).result_rows[0][0]
        taken = dict.fromkeys(re.findall(r"\{`?(\w+)`?:", str(query)))
        arguments = f"({self._arguments(tuple(taken))})" if taken else ""
        return f"{database}.{self.view}{arguments}"

    def _names(self) -> tuple[str, ...]:
        return _NAMES.get(self.view, (*_COMMON, "step_s"))

    def _arguments(self, names: tuple[str, ...]) -> str:
        values = _DEFAULTS | dict(self.given)
        return ", ".join(f"`{name}`={_literal(values[name])}" for name in names)


def _literal(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{quoted(key)}, {quoted(text)}" for key, text in value.items())
        return f"map({pairs})"
    return str(value) if isinstance(value, int) else quoted(str(value))
