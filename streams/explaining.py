"""What one item counted for: the panes that it is in, and with how much.

Worked out by the floor's own core from the item's events alone, in the order of their records, so
that the parts of all items together are the rows (a test adds them up).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.groupings import subject_dims
from schemas.measures import BIN_BITS, BIN_MASK, BY_ID, Kind, bin_value_ms
from streams.core import attainment
from streams.core.facts import Fact
from streams.core.items import Item
from streams.core.ledger import holding
from streams.core.moments import CODES, REQUEUED, Moment
from streams.core.panes import Panes
from streams.core.plan import Plan
from streams.core.shelf import home_of
from streams.core.subjects import Subjects
from streams.item_state import Known

_TYPE_OF_CODE = {code: name for name, code in CODES.items()} | {REQUEUED: "item.queued (again)"}


@dataclass(frozen=True, slots=True)
class Count:
    """A signed count of one measure; ``bin_ms`` is what a histogram's bin stands for, in ms."""

    measure: str
    n: int
    bin_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What an item brought into one pane of one subject; the pane's start is UTC ms."""

    grouping: str
    dims: dict[str, str]
    pane_start_ms: int
    pane_s: int
    counts: tuple[Count, ...]


def event_type(moment: Moment) -> str:
    """The type of the event that a moment was."""
    return _TYPE_OF_CODE[moment.code]


def parts(known: Known, plan: Plan) -> list[Part]:
    """Every pane that an item counts in, in order of time, grouping and subject.

    What SLA clocks count for is placed as if each step had been told in time: one that was told
    more than an hour later may lie in the quarter of an hour around it instead.
    """
    item = Item(len(plan.extra_dims))
    for moment in known.moments:
        item.hear(moment)
    panes, home = Panes(plan, Subjects(plan.groupings, plan.extra_dims)), home_of(known.key)
    for record_ms, facts in item.tell(plan):
        panes.book(home, facts, record_ms)
    for record_ms, fact in _of_clocks(known):
        panes.book(home, [fact], record_ms)
    groupings = {grouping.name: grouping for grouping in plan.groupings}
    found = []
    for pane in panes.take_dirty():
        if pane.tally:
            grouping, dims = subject_dims(pane.subject, groupings)
            counts = tuple(_count(key, n) for key, n in sorted(pane.tally.items()))
            found.append(Part(grouping, dims, pane.start_ms, pane.size_ms // 1000, counts))
    places = {name: place for place, name in enumerate(groupings)}
    return sorted(
        found,
        key=lambda part: (
            part.pane_start_ms,
            part.pane_s,
            places[part.grouping],
            *part.dims.values(),
        ),
    )


def _of_clocks(known: Known) -> Iterator[tuple[int, Fact]]:
    """What the item's clocks count for as they were last told, by causing record."""
    record_of = {f"{moment.id:016x}": moment.record_ms for moment in known.moments}
    for fact, event_id in attainment.caused_by(holding(known.entries)):
        yield record_of.get(event_id, fact.t_ms), fact


def _count(key: int, n: int) -> Count:
    measure = BY_ID[key >> BIN_BITS]
    is_bin = measure.kind is Kind.HISTOGRAM
    return Count(measure.name, n, bin_value_ms(key & BIN_MASK) if is_bin else None)
