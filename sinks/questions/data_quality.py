"""How good the data is, hour by hour: what was refused, what came late, and when nothing came."""

from collections.abc import Sequence

from schemas.groupings import Grouping
from sinks.ddl import quoted
from sinks.questions.item_parts import TIMES
from sinks.questions.shape import PLACE, Told, question, within
from sinks.views_shape import VALUE

#: Measures that count events of a kind of their own, each once and at the event's own time.
COUNTED = (
    "arrived", "requeued", "claimed", "expired", "submitted", "skipped", "reviewed", "golden_n",
    "completed",
)  # fmt: skip
_BY = ("org", "source", "project")
_HOUR_S = 3600

_COLUMNS: list[Told] = [
    ("hour", "DateTime('UTC')", "Hour; of refused messages when they came, else of event time",
     "hour"),
    ("kind", "String", "refused, late, gap, or ahead", "kind"),
    ("topic", "String", "Topic of refused messages", "topic"),
    *PLACE,
    ("reason", "String", "Why they were refused", "reason"),
    ("events", "Nullable(Int64)", "How many; NULL: of a gap nobody knows", "events"),
    ("of_events", "Nullable(Int64)", "All events counted in that hour; NULL: refused were not read",
     "of_events"),
    ("share", VALUE, "events of of_events", "if(of_events > 0, events / of_events, NULL)"),
    ("hours", "Nullable(Int64)", "Of a gap: whole hours without any event, this one the first",
     "hours"),
    ("ahead_s", VALUE, "Of items ahead of time: how far their source's clock is ahead, at least",
     "ahead_s"),
]  # fmt: skip


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """The view ``data_quality``; late events and gaps where projects are counted."""
    by_project = [each.name for each in groupings if set(each.dimensions) == set(_BY)]
    found = [_refused(database), _ahead(database)]
    if by_project:
        hours = _hours(database, by_project[0])
        found += [_late(hours), _gaps(hours)]
    about = "Refused messages, late events, hours without any between others, clocks ahead"
    return [question(database, "data_quality", about, _COLUMNS, " UNION ALL ".join(found))]


def _refused(database: str) -> str:
    return (
        "SELECT toStartOfHour(toDateTime(at, 'UTC')) AS hour, 'refused' AS kind, "
        "toString(topic) AS topic, '' AS org, '' AS source, '' AS project, "
        "toString(reason) AS reason, toInt64(count()) AS events, "
        "CAST(NULL, 'Nullable(Int64)') AS of_events, CAST(NULL, 'Nullable(Int64)') AS hours, "
        "CAST(NULL, 'Nullable(Float64)') AS ahead_s "
        f"FROM {database}.dead_letters FINAL WHERE {within('at')} GROUP BY hour, topic, reason"
    )


def _ahead(database: str) -> str:
    """Items of which something is said to have happened after they were stored."""
    latest = f"arrayMax({TIMES})"
    ahead = "max(dateDiff('millisecond', emitted_at, assumeNotNull(latest))) / 1000"
    return (
        f"SELECT toStartOfHour(toDateTime(assumeNotNull(latest), 'UTC')), 'ahead', '', "
        f"{', '.join(_BY)}, '', toInt64(count()), NULL, NULL, {ahead} "
        f"FROM (SELECT {', '.join(_BY)}, emitted_at, {latest} AS latest "
        f"FROM {database}.items FINAL) "
        f"WHERE latest > emitted_at AND {within('latest')} GROUP BY ALL"
    )


def _hours(database: str, grouping: str) -> str:
    """Events of each project and hour, all and those that were late."""
    events = " + ".join(f"r.{name}" for name in COUNTED)
    return (
        f"SELECT {', '.join(_BY)}, toStartOfHour(r.pane_start) AS hour, sum({events}) AS events, "
        f"sumIf({events}, r.pane_s > 60) AS late FROM {database}.rollups AS r FINAL "
        f"WHERE grouping = {quoted(grouping)} AND {within('pane_start')} "
        f"GROUP BY {', '.join(_BY)}, hour HAVING events != 0 OR late != 0"
    )


def _late(hours: str) -> str:
    return (
        f"SELECT hour, 'late', '', {', '.join(_BY)}, '', late, events, NULL, NULL FROM ({hours}) "
        "WHERE late > 0"
    )


def _gaps(hours: str) -> str:
    """Each run of hours without any event, between two that had some."""
    gap = f"intDiv(toUnixTimestamp(next) - toUnixTimestamp(hour), {_HOUR_S}) - 1"
    following = (
        "leadInFrame(hour) OVER (PARTITION BY org, source, project ORDER BY hour "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    )
    return (
        f"SELECT hour + {_HOUR_S}, 'gap', '', {', '.join(_BY)}, '', NULL, NULL, "
        f"toInt64({gap}), NULL "
        f"FROM (SELECT *, {following} AS next FROM ({hours})) WHERE next > hour + {_HOUR_S}"
    )
