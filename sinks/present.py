"""The present as SQL: the gauges of a Snapshot, counted from the items table.

Items carry their place (organisation, source, project, queue), so this answers for the groupings
made of these; how a team's or a site's backlog moves is in the deltas (view ``backlog``).
"""

from collections.abc import Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.statistics import BUCKET_MS

_PLACE = frozenset({"org", "source", "project", "queue"})
_OPENED = "coalesce(created_at, queued_at, first_claimed_at, started_at, submitted_at)"


def placed(groupings: Sequence[Grouping]) -> list[Grouping]:
    """The groupings that items can be counted by."""
    return [grouping for grouping in groupings if _PLACE.issuperset(grouping.dimensions)]


def _dimension(name: str, groupings: Sequence[Grouping]) -> str:
    """A dimension's value where the grouping asked for has it, else ''."""
    having = [g.name for g in placed(groupings) if name in g.dimensions]
    if not having:
        return f"'' AS {name}"
    names = ", ".join(f"'{value}'" for value in having)
    return f"if({{grouping:String}} IN ({names}), toString(i.{name}), '') AS {name}"


def gauges(database: str, groupings: Sequence[Grouping]) -> str:
    """One row per subject with open items: its gauges at ``to``, ``open_ages`` in ms.

    The target of an item is due - queued; it has aged by N % when that much of it has passed.
    """
    dimensions = ", ".join(_dimension(name, groupings) for name in DIMENSIONS)
    names = ", ".join(f"'{grouping.name}'" for grouping in placed(groupings))
    as_of = "toUnixTimestamp({to:DateTime('UTC')}) * 1000"
    queued, due = "toUnixTimestamp64Milli(queued_at)", "toUnixTimestamp64Milli(due_at)"
    opened = f"intDiv(toUnixTimestamp64Milli(assumeNotNull({_OPENED})), {BUCKET_MS}) * {BUCKET_MS}"
    age = f"greatest(toInt64(0), {as_of} - {opened} - {BUCKET_MS // 2})"
    is_open = "state NOT IN ('unopened', 'closed')"
    has_due = "state = 'waiting' AND ifNull(due_at > queued_at, 0)"
    target = f"({due} - {queued})"
    marks = {50: f"intDiv({target}, 2)", 80: f"intDiv({target} * 4, 5)", 100: target}
    aged = ", ".join(
        f"toInt64(countIf({has_due} AND {queued} + {mark} <= {as_of})) AS waiting_aged_{percent}"
        for percent, mark in marks.items()
    )
    return (
        f"SELECT {dimensions}, "
        "toInt64(countIf(state = 'waiting')) AS waiting, "
        "toInt64(countIf(state = 'in_work')) AS in_work, "
        "toInt64(countIf(state = 'in_review')) AS in_review, "
        f"toInt64(countIf({is_open})) AS open, "
        f"max(if(state = 'waiting', {as_of} - {queued}, NULL)) AS oldest_waiting_ms, "
        f"toInt64(countIf({has_due})) AS waiting_with_due, {aged}, "
        f"sumMapIf(map({age}, toInt64(1)), {is_open} AND isNotNull({_OPENED})) AS open_ages "
        f"FROM {database}.items AS i FINAL "
        f"WHERE {is_open} AND {{grouping:String}} IN ({names}) GROUP BY {', '.join(DIMENSIONS)}"
    )
