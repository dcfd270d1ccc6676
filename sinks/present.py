"""The present as SQL: the gauges of a Snapshot, counted from items, and from steps of SLA clocks.

Items carry their place (organisation, source, project, queue), and steps the team as well, so this
answers for the groupings made of these; how a team's or a site's backlog moves is in the deltas
(view ``backlog``).
"""

from collections.abc import Mapping, Sequence

from schemas.groupings import DIMENSIONS, Grouping
from schemas.measures import Measure
from schemas.statistics import BUCKET_MS
from sinks import flows
from sinks.ddl import quoted

MINUTE_MS = 60_000
_PLACE = frozenset({"org", "source", "project", "queue"})
#: What a step of the ledger knows of where it was.
CLOCK_PLACE = _PLACE | {"team"}
_KINDS = ("activate", "pause", "resume", "at_risk", "breach", "fulfil", "cancel")
#: Of steps of a clock that have the same time, which counts first.
STEP_RANK = f"indexOf([{', '.join(quoted(kind) for kind in _KINDS)}], toString(kind))"
_OPENED = "coalesce(created_at, queued_at, first_claimed_at, started_at, submitted_at)"


def placed(groupings: Sequence[Grouping]) -> list[Grouping]:
    """The groupings that items can be counted by."""
    return [grouping for grouping in groupings if _PLACE.issuperset(grouping.dimensions)]


def clocked(groupings: Sequence[Grouping]) -> list[Grouping]:
    """The groupings that SLA clocks can be counted by."""
    return [grouping for grouping in groupings if CLOCK_PLACE.issuperset(grouping.dimensions)]


def _dimension(name: str, groupings: Sequence[Grouping]) -> str:
    """A dimension's value where the grouping asked for, one of these, has it, else ''."""
    having = [g.name for g in groupings if name in g.dimensions]
    if not having:
        return f"'' AS {name}"
    return f"if({is_of(having)}, toString(i.{name}), '') AS {name}"


def is_of(names: Sequence[str]) -> str:
    """Whether the grouping asked for is one of these."""
    return f"{{grouping:String}} IN ({', '.join(quoted(name) for name in names)})"


def gauges(database: str, groupings: Sequence[Grouping]) -> str:
    """One row per subject with open items: its gauges at ``to``, ``open_ages`` in ms.

    The target of an item is due - queued; it has aged by N % when that much of it has passed.
    """
    known = placed(groupings)
    dimensions = ", ".join(_dimension(name, known) for name in DIMENSIONS)
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
        f"WHERE {is_open} AND {is_of([each.name for each in known])} "
        f"GROUP BY {', '.join(DIMENSIONS)}"
    )


def clocks(database: str, groupings: Sequence[Grouping]) -> str:
    """One row per subject with running SLA clocks that may still be kept: ``due``.

    It maps the ms from ``to`` to the minute of a deadline to the number of clocks.
    """
    known = clocked(groupings)
    dimensions = ", ".join(_dimension(name, known) for name in DIMENSIONS)
    latest = f"tuple(at, elapsed_ms + paused_ms, {STEP_RANK}, n)"
    minute = f"intDiv(toUnixTimestamp64Milli(assumeNotNull(deadline)), {MINUTE_MS}) * {MINUTE_MS}"
    gap = f"toInt64({minute} - toUnixTimestamp({{to:DateTime('UTC')}}) * 1000)"
    # A tuple, because argMax passes over a NULL and a paused clock has no deadline.
    last = "argMax(tuple(toString(kind), breached, deadline_at, queue, team)"
    return (
        f"SELECT {dimensions}, sumMap(map({gap}, toInt64(1))) AS due FROM ("
        "SELECT org, source, project, last.3 AS deadline, last.4 AS queue, last.5 AS team FROM ("
        f"SELECT org, source, project, {last}, {latest}) AS last "
        f"FROM {database}.sla_ledger FINAL "
        "WHERE holds AND contract = 'SLA' AND kind != 'breach_withdrawn' "
        "GROUP BY org, source, project, item_id, policy, cycle) "
        "WHERE last.1 IN ('activate', 'resume', 'at_risk') AND NOT last.2 AND isNotNull(last.3)"
        f") AS i WHERE {is_of([each.name for each in known])} GROUP BY {', '.join(DIMENSIONS)}"
    )


def beside_flows(
    database: str,
    now: str,
    measures: Sequence[Measure],
    conditions: Mapping[str, str] = flows.NO_CONDITIONS,
) -> str:
    """The sums of the range beside what stands now, by subject, and conditions."""
    return (
        "SELECT *, {grouping:String} AS grouping, "
        f"(SELECT types FROM {database}.seen_events) AS seen, "
        f"toInt64(dateDiff('second', {flows.UTC.start}, {flows.UTC.end})) * 1000 "
        f"AS span_ms{flows.beside(conditions)} FROM ({flows.whole(database, measures)}) AS flows "
        f"FULL JOIN ({now}) AS now USING ({', '.join(DIMENSIONS)})"
    )
