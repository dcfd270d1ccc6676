"""A large floor made inside the engine: pane rows by the million, without any client between.

People work a fifth of the time, queues never sleep: a day has about 250,000 rows. What is not
worked on has no row. Numbers follow from a hash of subject and minute, so that a restated row
differs from the first by what was restated and by nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

END = datetime(2026, 10, 1, tzinfo=UTC)
ROWS_A_DAY = 250_000
DAYS_MAX = 400
#: A statement has to end before the client gives up on it.
HOURS_AT_ONCE = 48

_QUEUES, _PROJECTS, _TEAMS, _SITES, _PEOPLE, _REVIEWERS, _LABELS = 30, 8, 12, 4, 500, 60, 40
#: Grouping, number of subjects, their dimensions over ``i``, minutes of 1000 that have a row.
_GROUPS: tuple[tuple[str, int, dict[str, str], int], ...] = (
    ("all", 1, {}, 1000),
    ("org", 1, {"org": "'acme'"}, 1000),
    ("project", _PROJECTS, {}, 1000),
    ("queue", _QUEUES, {"queue": "concat('queue-', toString(i))"}, 1000),
    ("team", _TEAMS, {"team": "concat('team-', toString(i))"}, 1000),
    ("site", _SITES, {"site": "concat('site-', toString(i))"}, 1000),
    ("annotator", _PEOPLE, {"annotator": "hex(sipHash64(i))"}, 200),
    ("reviewer", _REVIEWERS, {"reviewer": "hex(sipHash64(i + 10000))"}, 200),
    ("label", _LABELS, {"label": "concat('label-', toString(i))"}, 300),
)
_NOTHING = "''"
_PLACED = ("project", "queue", "label")
_COLUMNS = ("org", "source", "project", "queue", "team", "site", "annotator", "reviewer", "label")


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a floor of so many rows covers."""

    rows: int

    @property
    def days(self) -> int:
        """At least one, at most 400."""
        return max(1, min(DAYS_MAX, self.rows // ROWS_A_DAY))

    @property
    def start(self) -> datetime:
        """Midnight of the first day."""
        return END - timedelta(days=self.days)


def subjects(group: tuple[str, int, dict[str, str], int]) -> str:
    """A SELECT of a grouping's subjects with every dimension, ``i`` and ``dense``."""
    name, many, given, dense = group
    own = dict(given)
    if name != "all":
        own["org"] = "'acme'"
    if name in _PLACED:
        own |= {"source": "'cvat'", "project": f"concat('project-', toString(i % {_PROJECTS}))"}
    fields = ", ".join(f"{own.get(column, _NOTHING)} AS {column}" for column in _COLUMNS)
    return (
        f"SELECT '{name}' AS grouping, {fields}, {dense} AS dense, i "
        f"FROM (SELECT number AS i FROM numbers({many}))"
    )


def _measures() -> dict[str, str]:
    """Counts over a hash ``h`` and ``n``, what was done in the minute; the others stay 0."""
    fast, slow = "intDiv(n, 2)", "n - intDiv(n, 2)"
    bins = f"map(toUInt16(480 + h % 60), toInt64({slow}), toUInt16(560 + h % 40), toInt64({fast}))"
    waits = "map(toUInt16(620 + h % 90), toInt64(n))"
    return {
        "arrived": "n + h % 2", "submitted": "n", "completed": "n", "completed_first": "n",
        "accepted": "n - h % 2", "skipped": "h % 7 = 0", "claimed": "n", "handled": "n",
        "handle_ms": "n * 30000 + h % 9000", "handle_hist": bins, "active_ms": "n * 25000",
        "active_n": "n", "ratio_active_ms": "n * 25000", "ratio_elapsed_ms": "n * 30000",
        "flow_active_ms": "n * 25000", "flow_elapsed_ms": "n * 90000000",
        "claim_first_hist": waits, "claim_last_hist": waits, "turnaround_hist": waits,
        "reviewed": "n", "rejected": "h % 2", "first_reviewed": "n", "first_passed": "n - h % 2",
        "rounds": "n + h % 2", "rounds_n": "n", "golden_n": "h % 5 = 0",
        "golden_correct": "h % 5 = 0 AND h % 3 > 0", "productive_ms": "n * 30000",
        "waiting_delta": "toInt64(h % 3) - 1", "open_delta": "toInt64(h % 3) - 1",
        "labelled": "n", "sla_activated": "n", "sla_fulfilled": "n - h % 2",
        "sla_breached": "h % 11 = 0", "sla_elapsed_ms": "n * 90000",
    }  # fmt: skip


def _insert(database: str, start: datetime, minutes: int, restated: str) -> str:
    """The rows of some minutes from ``start`` on; ``restated`` has a revision and a condition."""
    revision, condition = restated.split("|")
    measures = _measures()
    known = " UNION ALL ".join(subjects(group) for group in _GROUPS)
    at = f"toDateTime({int(start.timestamp())}, 'UTC') + number * 60"
    return (
        f"INSERT INTO {database}.rollups (grouping, {', '.join(_COLUMNS)}, pane_start, pane_s, "
        f"revision, {', '.join(measures)}) "
        f"SELECT grouping, {', '.join(_COLUMNS)}, pane_start, 60, {revision}, "
        f"{', '.join(measures.values())} FROM ("
        f"SELECT *, {at} AS pane_start, cityHash64(grouping, i, pane_start) AS h, "
        f"1 + h % 9 + {revision} - 1 AS n FROM numbers({minutes}) AS m CROSS JOIN ({known}) AS s "
        f"WHERE h % 1000 < dense AND {condition}) "
        "SETTINGS max_partitions_per_insert_block = 1000, max_insert_threads = 1"
    )


def fill(client: Client, database: str, span: Span) -> Iterator[datetime]:
    """Insert all rows once; yields after each piece the time up to which there are rows."""
    at = span.start
    while at < END:
        client.command(_insert(database, at, HOURS_AT_ONCE * 60, "1|1"))
        at += timedelta(hours=HOURS_AT_ONCE)
        yield at


def restate(client: Client, database: str, days: int, percent: int) -> None:
    """Tell ``percent`` of the rows of the last days anew, each with a larger revision."""
    for hours in range(0, days * 24, HOURS_AT_ONCE):
        start = END - timedelta(days=days) + timedelta(hours=hours)
        minutes = min(HOURS_AT_ONCE, days * 24 - hours) * 60
        condition = f"intDiv(h, 1000) % 100 < {percent}"
        client.command(_insert(database, start, minutes, f"{1 + percent}|{condition}"))
