"""Who worked at a place: people whose latest submission of an item there is of the last day.

Numbers of people belong to no queue, so this is the way from a queue to its people. ClickHouse
has it of the items, each of which knows its latest submission only. By name: it is no ranking.
"""

from collections.abc import Mapping
from typing import Any

from schemas.groupings import subject_key
from sinks.board.ids import id_of
from sinks.board.sql_text import utc, where

SPAN_MS, SPAN = 24 * 3_600_000, "24h"
HANDS_MAX = 500


def query(database: str, dims: Mapping[str, str], as_of_ms: int) -> str:
    """Rows of (org, annotator, items) at a place with these dimensions, which items carry."""
    return (
        f"SELECT org, annotator, toInt64(count()) AS items FROM {database}.items FINAL "
        f"WHERE annotator != '' AND submitted_at > '{utc(as_of_ms - SPAN_MS)}' "
        f"AND submitted_at <= '{utc(as_of_ms)}'{where(dims)} "
        f"GROUP BY org, annotator ORDER BY annotator LIMIT {HANDS_MAX + 1}"
    )


def shown(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The same for the page."""
    people = [
        {
            "subject": id_of(subject_key("annotator", (row["org"], row["annotator"]))),
            "name": row["annotator"],
            "items": row["items"],
        }
        for row in rows[:HANDS_MAX]
    ]
    return {"people": people, "span": SPAN, "more": len(rows) > HANDS_MAX}
