"""How many people work: those whose latest submission of an item is young. Asked of ClickHouse.

The stream counts work and not people, so this number is some seconds older than the others and
says as of when it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.groupings import Grouping, subject_key
from schemas.readings import NOT_APPLICABLE
from sinks.board.ids import grouping_of
from sinks.board.words import HISTORY_AWAY, why

SPAN_MS, SPAN = 15 * 60_000, "15m"
#: What an item knows of where it is.
PLACE = frozenset({"org", "source", "project", "queue", "team", "site"})


@dataclass(slots=True)
class Active:
    """People at work by subject key; ``as_of_ms`` is 0 until they were counted."""

    as_of_ms: int = 0
    counted: Mapping[str, int] = field(default_factory=dict)
    groupings: frozenset[str] = frozenset()
    cause: str | None = HISTORY_AWAY

    def of(self, key: str) -> dict[str, Any]:
        """What is known for a subject; nobody is known to work where no work came from."""
        cause = self.cause
        if cause is None and grouping_of(key) not in self.groupings:
            cause = NOT_APPLICABLE
        if cause is not None:
            return {"value": None, "as_of_ms": None, "span": SPAN, "cause": cause,
                    "says": why(cause, 0)}  # fmt: skip
        return {"value": self.counted.get(key, 0), "as_of_ms": self.as_of_ms, "span": SPAN,
                "cause": None, "says": None}  # fmt: skip


def countable(groupings: tuple[Grouping, ...]) -> tuple[Grouping, ...]:
    """Groupings whose people can be counted: an item carries these dimensions."""
    return tuple(each for each in groupings if set(each.dimensions) <= PLACE)


def query(database: str, groupings: tuple[Grouping, ...], as_of_ms: int) -> str:
    """Rows of (grouping, values, people), for all groupings at once."""
    subjects = ", ".join(
        f"('{each.name}', CAST([{', '.join(each.dimensions)}], 'Array(String)'))"
        for each in countable(groupings)
    )
    after, until = (f"fromUnixTimestamp64Milli({ms})" for ms in (as_of_ms - SPAN_MS, as_of_ms))
    return (
        f"SELECT subject.1 AS grouping, subject.2 AS names, uniqExact(annotator) AS people "
        f"FROM (SELECT annotator, arrayJoin([{subjects}]) AS subject FROM {database}.items FINAL "
        f"WHERE annotator != '' AND submitted_at > {after} AND submitted_at <= {until}) "
        "GROUP BY grouping, names"
    )


def counted(rows: list[dict[str, Any]]) -> dict[str, int]:
    """People by subject key."""
    return {subject_key(each["grouping"], tuple(each["names"])): int(each["people"])
            for each in rows}  # fmt: skip
