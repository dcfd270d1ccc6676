"""Hours and days of the rollups as SQL: the sums, and which of them are still true.

A materialized view adds to ``touched`` of every hour and day of which rows are stored; whoever
computes a span notes as ``done`` what ``touched`` was before it read the rows. A span is true as
long as both are equal. ``python -m sinks.ddl_spans`` prints all of it.
"""

from collections.abc import Iterable

from schemas.groupings import DIMENSIONS, PERSONS
from sinks.ddl import key_columns, measure_columns, quoted

#: Hours and days, UTC: the spans that are summed up.
HOUR_S, DAY_S = 3_600, 86_400
#: Dimensions that name a person are not there: what is grouped by them is never summed up.
SPAN_DIMENSIONS = tuple(name for name in DIMENSIONS if name not in PERSONS)
#: What one insert adds to ``touched``: so much, and at random up to as much again, so that no two
#: histories of inserts end at one sum, and what is larger was touched later.
TOUCH = 1 << 34

_KEY = [
    ("span_s", "UInt32 COMMENT 'Length of the span in seconds: 3600 or 86400'"),
    ("span_start", "DateTime('UTC') COMMENT 'Start of the span, event time'"),
]
#: How each is merged, its type, and what it means.
_STATE = {
    "touched": ("sum", "UInt64", "Grows with every insert of rows"),
    "done": ("max", "UInt64", "What touched was when the span was summed up"),
    "people": ("max", "UInt8", "1 when a row is about somebody"),
    "touched_at": ("max", "DateTime('UTC')", "When rows were last stored"),
}
_FED = ("touched", "people", "touched_at")


def _declared(columns: Iterable[tuple[str, str]]) -> str:
    return "(\n" + ",\n".join(f"    {name} {definition}" for name, definition in columns) + "\n)\n"


def _grouping() -> list[tuple[str, str]]:
    return [each for each in key_columns() if each[0] == "grouping"]


def span_columns() -> tuple[str, ...]:
    """Every column of the sums."""
    measures = (name for name, _ in measure_columns())
    return ("grouping", "span_s", "span_start", *SPAN_DIMENSIONS, "touched", *measures)


def create_spans() -> str:
    """``CREATE TABLE`` for the sums; ``{db}`` stands for the database."""
    version = ("touched", "UInt64 COMMENT 'Of rows with one key the largest is true'")
    dimensions = [each for each in key_columns() if each[0] in SPAN_DIMENSIONS]
    columns = [*_grouping(), *_KEY, *dimensions, version, *measure_columns()]
    return (
        f"CREATE TABLE IF NOT EXISTS {{db}}.rollups_spans\n{_declared(columns)}"
        "ENGINE = ReplacingMergeTree(touched)\n"
        f"ORDER BY (grouping, span_s, span_start, {', '.join(SPAN_DIMENSIONS)})\n"
        "COMMENT 'Hours and days of rollups summed up; true only where rollups_touched says so';\n"
    )


def create_touched() -> str:
    """``CREATE TABLE`` for what is true, and the view that feeds it."""
    merged = [
        (name, f"SimpleAggregateFunction({how}, {kind}) COMMENT {quoted(about)}")
        for name, (how, kind, about) in _STATE.items()
    ]
    fed = [(name, f"{_STATE[name][1]} COMMENT {quoted(_STATE[name][2])}") for name in _FED]
    return (
        "CREATE TABLE IF NOT EXISTS {db}.rollups_touched\n"
        f"{_declared([*_grouping(), *_KEY, *merged])}"
        "ENGINE = AggregatingMergeTree\nORDER BY (grouping, span_s, span_start)\n"
        "COMMENT 'Which spans are true: those whose sum of touched equals the largest done';\n\n"
        "CREATE MATERIALIZED VIEW IF NOT EXISTS {db}.rollups_touched_feed "
        f"TO {{db}}.rollups_touched\n{_declared([*_grouping(), *_KEY, *fed])}"
        f"AS {selected()};\n\n"
        "ALTER TABLE {db}.rollups_touched_feed MODIFY COMMENT "
        "'Notes the hours and days of which rows are stored in rollups';\n\n"
        f"INSERT INTO {{db}}.rollups_touched (grouping, span_s, span_start, {', '.join(_FED)})\n"
        f"{selected()};\n"
    )


def selected() -> str:
    """What rows of ``rollups`` add."""
    people = " OR ".join(f"{name} != ''" for name in PERSONS)
    at = "toDateTime(intDiv(toUnixTimestamp(hour), span_s) * span_s, 'UTC')"
    return (
        f"SELECT grouping, span_s, {at} AS span_start, "
        f"any({TOUCH} + rand64() % {TOUCH}) AS touched, max(named) AS people, "
        "now('UTC') AS touched_at "
        f"FROM (SELECT grouping, toStartOfHour(pane_start) AS hour, max({people}) AS named "
        "FROM {db}.rollups GROUP BY grouping, hour) "
        f"ARRAY JOIN [{HOUR_S}, {DAY_S}] AS span_s GROUP BY grouping, span_s, span_start"
    )


def missing_columns(existing: Iterable[str]) -> list[str]:
    """What a database whose sums have only ``existing`` still needs; all is summed up anew then."""
    have = set(existing)
    added = [
        f"ALTER TABLE {{db}}.rollups_spans ADD COLUMN IF NOT EXISTS {name} {definition};"
        for name, definition in measure_columns()
        if name not in have
    ]
    anew = (
        "INSERT INTO {db}.rollups_touched (grouping, span_s, span_start, touched) SELECT "
        f"DISTINCT grouping, span_s, span_start, {TOUCH} FROM {{db}}.rollups_touched;"
    )
    return [*added, anew] if added else []


if __name__ == "__main__":
    print("-- Made by `python -m sinks.ddl_spans` from schemas/measures.py.\n")
    print(create_spans(), create_touched(), sep="\n", end="")
