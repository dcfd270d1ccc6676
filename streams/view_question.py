"""A question to a view, out of what was said on the command line; refused where it can't be asked.

Nothing that was typed reaches ClickHouse as SQL: names are those of the catalogue, values become
literals of the argument's or column's type.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.groupings import DIMENSIONS
from sinks.ddl import quoted
from sinks.view_catalog import Column, ViewInfo
from streams.refusals import Refusal

_CONDITION = re.compile(r"([A-Za-z_]\w*)\s*(!=|<=|>=|=|<|>)\s*(.+)")
_UNFIT = frozenset("'\"`;\\")
_STEP = re.compile(r"(\d{1,6})(s|m|h|d)?")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, None: 1}
_STEP_S_MAX = 400 * 86_400
#: What views take that has no option of its own, unless it is set.
_DEFAULTS = {"metric": "", "filters": "", "as_of": "", "tz": "UTC"}


class ArgumentRefused(Refusal):
    """An argument that can't be used; nothing was asked and nothing written."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said, as text; None where an option was left out."""

    view: str
    since: str | None = None
    until: str | None = None
    step: str | None = None
    grouping: str | None = None
    zone: str | None = None
    as_of: str | None = None
    at: str | None = None
    where: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question that can be asked: the view, its arguments and conditions, as SQL literals."""

    view: ViewInfo
    arguments: Mapping[str, str]
    conditions: tuple[str, ...]
    zone: tzinfo
    since: datetime | None = None
    until: datetime | None = None
    step_s: int = 0
    said: Mapping[str, str] = field(default_factory=dict)

    def sql(self, database: str) -> str:
        """The query, in the order of time and subject."""
        names = [column.name for column in self.view.columns]
        order = [name for name in ("step_start", "at", "metric", *DIMENSIONS) if name in names]
        given = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        text = f"SELECT * FROM {database}.{self.view.name}" + (f"({given})" if given else "")
        if self.conditions:
            text += f" WHERE {' AND '.join(self.conditions)}"
        return text + (f" ORDER BY {', '.join(order)}" if order else "")


def question(asked: Asked, views: Mapping[str, ViewInfo], groupings: Sequence[str]) -> Question:
    """What was asked, checked against what there is; raises ArgumentRefused."""
    view = views.get(asked.view)
    if view is None:
        _refuse(f"there is no view {asked.view!r}", f"views: {', '.join(views) or 'none yet'}")
    zone = _zone(asked.zone)
    since, until = _moment("--from", asked.since, zone), _moment("--to", asked.until, zone)
    if since and until and since >= until:
        _refuse(f"--from {asked.since} is not before --to {asked.until}", "turn them round")
    if asked.grouping is not None and asked.grouping not in groupings:
        _refuse(f"--grouping {asked.grouping!r} is unknown", f"groupings: {', '.join(groupings)}")
    step_s = _step_s(asked.step)
    said = {
        "from": asked.since,
        "to": asked.until,
        "step_s": asked.step,
        "grouping": asked.grouping,
        "as_of": asked.as_of,
        "at": asked.at,
    }
    for name, text in said.items():
        if text is not None and name not in view.arguments:
            _refuse(
                f"{view.name} takes no --{name.removesuffix('_s').replace('_', '-')}",
                f"it takes: {', '.join(view.arguments) or 'no arguments'}",
            )
    values: dict[str, object] = {
        "from": since,
        "to": until,
        "step_s": step_s,
        "grouping": asked.grouping or "all",
        "as_of": _moment("--as-of", asked.as_of, zone) or "",
        "at": _moment("--at", asked.at, zone),
        "tz": asked.zone or "UTC",
    }
    arguments = {name: _argument(view, name, values) for name in view.arguments}
    conditions = tuple(_condition(view, text, zone) for text in asked.where)
    known = {name: text for name, text in said.items() if text is not None}
    return Question(view, arguments, conditions, zone, since, until, step_s, known)


def _refuse(problem: str, accepted: str) -> NoReturn:
    raise ArgumentRefused(problem, accepted)


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        _refuse(f"--tz {name!r} is no time zone", "accepted: names as Europe/Berlin, or UTC")


def _moment(argument: str, text: str | None, zone: tzinfo) -> datetime | None:
    """A time in UTC; one without a zone of its own is read in ``zone``."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = datetime.min.replace(tzinfo=UTC)
    if not 1970 <= found.year <= 2105:
        _refuse(
            f"{argument} {text!r} is no time",
            "accepted: 2026-03-02, 2026-03-02T09:00, with Z or +02:00, or as --tz shows it",
        )
    return found


def moment_utc(argument: str, text: str) -> datetime:
    """A time in UTC; one without a zone of its own is UTC. Raises ArgumentRefused."""
    found = _moment(argument, text, UTC)
    assert found is not None
    return found


def _step_s(text: str | None) -> int:
    """Seconds of a step; 0, one step for the whole range, when none was given."""
    if text is None:
        return 0
    match = _STEP.fullmatch(text)
    seconds = int(match[1]) * _UNIT_S[match[2]] if match else 0
    if not 0 < seconds <= _STEP_S_MAX or seconds % 60:
        _refuse(
            f"--step {text!r} can't be used",
            "accepted: whole minutes, as 15m, 1h, 1d; leave it out for one row over the range",
        )
    return seconds


def _argument(view: ViewInfo, name: str, values: Mapping[str, object]) -> str:
    """The literal of one of the view's arguments."""
    kind, value = view.arguments[name], values.get(name, _DEFAULTS.get(name))
    if value is None:
        option = f"--{name}"
        _refuse(f"{view.name} needs {option}", f"it takes: {', '.join(view.arguments)}")
    if kind.startswith("Map("):
        return "map()"
    if isinstance(value, datetime):
        text = f"{value:%Y-%m-%d %H:%M:%S}"
        return quoted(text if kind.startswith("DateTime") else f"{text}Z")
    return str(value) if isinstance(value, int) else quoted(str(value))


def _condition(view: ViewInfo, text: str, zone: tzinfo) -> str:
    """One condition on a column; raises ArgumentRefused for anything that is not one."""
    match = _CONDITION.fullmatch(text.strip())
    if match is None or _UNFIT & set(text) or not text.isprintable():
        _refuse(
            f"--where {text!r} can't be used",
            "accepted: COLUMN=VALUE, also != < <= > >=, without quotes and semicolons; for more, "
            "ask in SQL: watchfloor sql",
        )
    name, operator, value = match[1], match[2], match[3].strip()
    column = view.column(name)
    if column is None:
        names = ", ".join(each.name for each in view.columns)
        _refuse(f"--where {text!r}: {view.name} has no column {name!r}", f"columns: {names}")
    return f"{name} {operator} {_literal(column, value, text, zone)}"


def _literal(column: Column, value: str, text: str, zone: tzinfo) -> str:
    if column.is_number:
        try:
            return repr(int(value)) if value.lstrip("-").isdigit() else repr(float(value))
        except ValueError:
            _refuse(f"--where {text!r}: {column.name} is a number", "accepted: numbers, as 0.9")
    if "DateTime" in column.kind:
        moment = _moment(f"--where {column.name}", value, zone)
        return f"toDateTime64({quoted(f'{moment:%Y-%m-%d %H:%M:%S}')}, 3, 'UTC')"
    if column.kind.startswith(("Array", "Map")):
        _refuse(f"--where {text!r}: {column.name} is a list", "ask in SQL: watchfloor sql")
    return quoted(value)
