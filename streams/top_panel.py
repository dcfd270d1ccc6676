"""Draws a snapshot of the board for a terminal. Unknown is said, never drawn as zero."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sinks.board.words import span_text

_STYLES = {"met": "green", "unsure": "yellow", "missed": "red", "far": "bold red"}
_MARKS = {"met": "+", "unsure": "~", "missed": "!", "far": "!!"}
_STATES = {"ok": "green", "behind": "yellow", "stopped": "bold red", "unknown": "grey50"}
_ALERTS_SHOWN = 8
#: Metrics that have room in a terminal, with a short name.
_COLUMNS = {
    "throughput": "done/h", "arrival_rate": "in/h", "backlog_waiting": "waiting",
    "oldest_waiting_age": "oldest", "at_risk": "at risk", "time_to_breach": "breach in",
    "handle_time_p50": "p50", "golden_accuracy": "golden", "first_pass_yield": "first pass",
    "service_level": "in time",
}  # fmt: skip
#: Causes in short; the board says them in full.
_SHORT = {"never": "never", "no_breach": "none", "not_applicable": "", "warming_up": "warming"}


def panel(body: dict[str, Any]) -> RenderableType:
    """The whole picture; grey when the numbers stand still."""
    if body["empty"] is not None:
        steps = "\n".join(f"  {each}" for each in body["empty"]["steps"])
        return Text(f"{body['empty']['says']} Try:\n{steps}\n")
    parts: list[RenderableType] = [_headline(body), _strip(body), Text(""), _rows(body)]
    if body["alerts"]:
        parts += [Text(""), _alerts(body)]
    return Group(*parts, _health(body))


def number(reading: dict[str, Any], unit: str) -> str:
    """A reading in its unit, or why it is not known."""
    value = reading["value"]
    if value is None:
        return str(reading["says"])
    if unit == "fraction":
        between = ""
        if "low" in reading:
            between = f" [{100 * reading['low']:.0f}-{100 * reading['high']:.0f}]"
        return f"{100 * value:.1f} %{between} n={reading['n']:,}"
    if unit in ("s", "min", "h"):
        return span_text(int(value * {"s": 1, "min": 60, "h": 3600}[unit] * 1000))
    return f"{value:,.0f}" if unit in ("items", "per hour", "people") else f"{value:,.1f}"


def cell(reading: dict[str, Any], unit: str) -> str:
    """The same with as little room as it takes."""
    if reading["value"] is None:
        return _SHORT.get(reading["cause"], f"n={reading['n']}" if reading["n"] else "-")
    return f"{100 * reading['value']:.0f} %" if unit == "fraction" else number(reading, unit)


def _headline(body: dict[str, Any]) -> Text:
    place = body["place"]
    name = "nothing" if place is None else place["name"]
    text = Text(f"{name}  ", style="bold")
    if body["as_of_ms"] is None:
        return text.append("no numbers yet", style="red")
    at = datetime.fromtimestamp(body["as_of_ms"] / 1000, UTC)
    style = "green" if body["live"] else "bold red"
    age = f"as of {at:%H:%M:%S} UTC, {span_text(body['age_ms'])} old"
    return text.append(age if body["live"] else f"NOT LIVE: {age}", style=style)


def _strip(body: dict[str, Any]) -> Text:
    strip, text = body["strip"], Text()
    people = strip["active_people"]
    for name, unit in (("throughput", "per hour"), ("backlog", "items"), ("oldest", "s"),
                       ("attainment", "fraction")):  # fmt: skip
        entry = strip[name]
        window = f" {entry['window']}" if entry["window"] else ""
        text.append(f"{name}{window} ", style="grey50")
        text.append(number(entry["reading"], unit), style=_style(body, entry["status"]))
        text.append("  ")
    shown = people["says"] if people["value"] is None else f"{people['value']}"
    text.append("people ", style="grey50").append(f"{shown}  ")
    budget, alerts = strip["budget"], strip["alerts"]
    left = budget["says"] if budget["left"] is None else f"{100 * budget['left']:.0f} %"
    burn = "" if budget["burn"] is None else f", burns {budget['burn']:.1f}x"
    text.append("budget left ", style="grey50").append(f"{left}{burn}  ")
    text.append("alerts ", style="grey50")
    return text.append(f"{alerts['firing']}", style="bold red" if alerts["firing"] else "")


def _rows(body: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(body["view"]["by"], no_wrap=True)
    columns = [column for column in body["columns"] if column["metric"] in _COLUMNS]
    for column in columns:
        window = f"\n({column['window']})" if column["window"] else "\n"
        name = f"{_COLUMNS[column['metric']]}{window}"
        table.add_column(name, justify="right", no_wrap=True)
    for row in body["rows"]:
        cells = []
        for column in columns:
            status = row["status"].get(column["metric"])
            mark = f" {_MARKS[status]}" if status else ""
            text = cell(row["cells"][column["metric"]], column["unit"]) + mark
            cells.append(Text(text, style=_style(body, status)))
        table.add_row(Text(row["name"]), *cells)
    return table


def _alerts(body: dict[str, Any]) -> Text:
    text = Text()
    for alert in body["alerts"][:_ALERTS_SHOWN]:
        owner = f" ({alert['acknowledged_by']})" if alert["acknowledged_by"] else ""
        style = "bold red" if alert["severity"] == "critical" else "yellow"
        text.append(f"{alert['severity'] or 'alert'} ", style=style)
        text.append(f"{alert['rule']}: {alert['summary']}{owner}\n")
    return text


def _health(body: dict[str, Any]) -> Text:
    health, text = body["health"], Text()
    text.append(health["says"], style=_STATES[health["state"]])
    for part in health["parts"]:
        if part["state"] in ("stopped", "behind"):
            text.append(f"\n{part['part']}: {part['says']} {part['remedy']}", style="grey50")
    return text


def _style(body: dict[str, Any], status: str | None) -> str:
    if not body["live"]:
        return "grey50"
    return _STYLES.get(status or "", "")
