"""Small floors for the laws of the core: events in, rows out, no broker and no bytes to decode."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo

from schemas.codec import Decoder
from schemas.groupings import SEPARATOR
from schemas.measures import Tally, add
from schemas.rows import RollupRow
from schemas.topics import Role
from streams.core import outputs, publish, wire
from streams.core.plan import QUARTER_MS, Plan
from streams.core.rollups import Rollups
from streams.core.shard import Shard
from streams.core.shifts import Site, SiteCalendar

Event = dict[str, Any]
#: Panes by (grouping, values, start, size).
PaneRows = dict[tuple[str, tuple[str, ...], int, int], Tally]

CALENDAR = SiteCalendar({}, Site("", ZoneInfo("UTC")))


@dataclass(frozen=True, slots=True)
class Said:
    """A record whose value is the event itself; ``timestamp`` is its Kafka time (UTC ms)."""

    offset: int
    timestamp: int
    event: Event
    key: bytes | None = None
    value: bytes | None = b""
    headers: tuple[tuple[str, bytes], ...] = ()


class Believing:
    """A decoder that believes every record: decoding has its own tests."""

    def decode(self, _role: str, _partition: int, record: Said) -> Event:
        """The event, a copy, as bytes would yield."""
        return dict(record.event)


def role_of(event: Event) -> Role:
    """The topic that an event type belongs to."""
    area = event["event_type"].split(".")[0]
    if area in ("review", "qa", "appeal"):
        return Role.REVIEWS
    return Role.WORKFORCE if area in ("presence", "shift", "break") else Role.ANNOTATIONS


def said(events: Iterable[Event], record_ms: Sequence[int] | None = None) -> list[tuple[str, Said]]:
    """Events as records of their topics, in this order; record times default to the events'."""
    ends: Counter[str] = Counter()
    found = []
    for number, event in enumerate(events):
        role = role_of(event).value
        at_ms = event["occurred_at"] if record_ms is None else record_ms[number]
        found.append((role, Said(ends[role], at_ms, event)))
        ends[role] += 1
    return found


def new_shard(plan: Plan | None = None) -> Shard:
    """A shard that believes every record."""
    return Shard(plan or Plan(), 0, cast(Decoder, Believing()))


def apply_all(shard: Shard, records: Iterable[tuple[str, Said]]) -> Shard:
    """Apply records one by one."""
    for role, record in records:
        shard.apply(role, [record])
    return shard


class Both:
    """One shard and one partition of stage 2, joined as the worker joins them."""

    def __init__(self, shard: Shard, state: Rollups | None = None) -> None:
        self.shard = shard
        self.state = state or Rollups(shard.plan, 1)
        self.rows: dict[tuple[str, tuple[str, ...], int, int], RollupRow] = {}

    def flush(self) -> list[tuple[bytes, bytes | None]]:
        """Flush both stages; returns what stage 1 wrote to its changelog."""
        flush = self.shard.flush()
        if flush is None:
            return []
        (chunk,) = outputs.chunks(flush, 0, self.shard.epoch, 1, lambda _: 0)
        outputs.rows(flush, self.shard.epoch)
        self.hear(wire.encode_chunk(chunk))
        return flush.log

    def hear(self, chunk: bytes) -> None:
        """Stage 2 takes a chunk in and publishes."""
        self.state.apply(wire.decode_chunk(chunk))
        published = publish.flush(self.state, CALENDAR)
        if published is not None:
            for row in published.rows:
                at = (row.grouping, tuple(row.dims.values()), row.pane_start_ms, row.pane_s)
                known = self.rows.get(at)
                if known is None or row.revision >= known.revision:
                    self.rows[at] = row

    def going_on(self, other: "Both") -> "Both":
        """Go on with the rows of another; larger revisions win."""
        self.rows = other.rows
        return self

    def panes(self) -> PaneRows:
        """The rows as tallies, empty ones left out."""
        tallies = {
            (grouping, values, start_ms, size_s * 1000): dict(row.tally)
            for (grouping, values, start_ms, size_s), row in self.rows.items()
        }
        return {at: tally for at, tally in tallies.items() if tally}


def rows_of(events: Iterable[Event], record_ms: Sequence[int] | None = None) -> PaneRows:
    """The rows that events make when nothing goes wrong."""
    both = Both(apply_all(new_shard(), said(events, record_ms)))
    both.flush()
    return both.panes()


def by_quarter(rows: PaneRows) -> dict[tuple[str, tuple[str, ...], int], Tally]:
    """Minute and late panes summed by quarter of an hour: what no level can change."""
    sums: dict[tuple[str, tuple[str, ...], int], Tally] = {}
    for (grouping, values, start_ms, _), tally in rows.items():
        add(sums.setdefault((grouping, values, start_ms - start_ms % QUARTER_MS), {}), tally)
    return {at: tally for at, tally in sums.items() if tally}


def subject_of(grouping: str, values: tuple[str, ...]) -> str:
    """A subject's key."""
    return SEPARATOR.join((grouping, *values))
