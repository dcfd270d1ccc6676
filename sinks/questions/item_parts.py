"""What items counted for, as it is stored with them, and where: for questions that open numbers."""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS, PERSONS, Grouping
from sinks.formulas import strings
from sinks.views_arguments import let_through

#: An ``ItemPart`` as it is stored.
PART = (
    "Array(Tuple(UInt32, UInt16, Nullable(String), Nullable(String), Nullable(String), "
    "Nullable(String), Map(String, String), Array(Tuple(UInt32, Int64))))"
)
#: Where a part has the dimensions that may not apply.
MAY_APPLY = {"queue": 3, "team": 4, "site": 5, "label": 6}
IDENTITY = ("org", "source", "project")
#: Dimensions of a part: all but those of its item and of people.
WHERE = tuple(name for name in DIMENSIONS if name not in (*IDENTITY, *PERSONS))
FROM, TO = ("toUnixTimestamp({from:DateTime('UTC')})", "toUnixTimestamp({to:DateTime('UTC')})")
#: The times of an item that are known, as SQL: what happened, not what is due.
TIMES = (
    "arrayFilter(at -> isNotNull(at), [created_at, queued_at, first_claimed_at, last_claimed_at, "
    "started_at, submitted_at, reviewed_at, completed_at])"
)


def is_by(name: str, groupings: Sequence[Grouping]) -> str:
    """Whether the grouping that is asked for has a dimension."""
    return (
        f"has({strings([g.name for g in groupings if name in g.dimensions])}, {{grouping:String}})"
    )


def place(name: str, groupings: Sequence[Grouping]) -> str:
    """A dimension of the part ``p``; empty where not grouped by."""
    told = f"p.{MAY_APPLY[name]}" if name in MAY_APPLY else f"p.7['{name}']"
    return f"if({is_by(name, groupings)}, ifNull({told}, ''), '') AS {name}"


def within() -> str:
    """Whether an item has parts that may lie in the range."""
    return (
        f"parts != '' AND toUnixTimestamp(parts_from) < {TO} "
        f"AND toUnixTimestamp(parts_to) >= {FROM}"
    )


def unknown(database: str, more: str, condition: str = "1") -> str:
    """Items of the time asked for that were stored before their parts were, or have too many.

    ``more`` is what else to select.
    """
    seen = f"arrayMap(at -> toUnixTimestamp(assumeNotNull(at)), {TIMES})"
    nowhere = ", ".join(f"'' AS {name}" for name in WHERE)
    return (
        f"SELECT org, source, project, item_id, {nowhere}, toDateTime(arrayMin({seen}), 'UTC') AS "
        f"first_pane, toDateTime(arrayMax({seen}), 'UTC') AS last_pane, toUInt8(0) AS is_known, "
        f"{more} FROM {database}.items FINAL WHERE parts = '' AND {condition} "
        f"AND toUnixTimestamp(first_pane) < {TO} AND toUnixTimestamp(last_pane) >= {FROM} "
        f"AND {let_through(IDENTITY)}"
    )
