"""Stage 2: panes of all source partitions, merged by subject into rows and windows.

Everything that comes in is a whole value, so a pane heard twice changes nothing. A minute keeps
its parts by source until every source has sealed it and no fine window needs it any more; then it
is folded into its quarter of an hour.
"""

from copy import copy
from dataclasses import dataclass, field
from sys import intern

import msgspec

from schemas.groupings import SEPARATOR, subject_dims
from schemas.measures import Tally, add, merged, subtract
from streams.core import wire
from streams.core.forgotten import Forgotten
from streams.core.gauges import COUNTS, Gauge
from streams.core.guard import Guard
from streams.core.plan import DAY_MS, MINUTE_MS, QUARTER_MS, Plan
from streams.core.resting import Resting, Tallies
from streams.core.windows import COARSE_KEPT_MS, FINE_KEPT_MS, Windows

QUARTER, GAUGE = b"q", b"g"

_unpack_parts = msgspec.msgpack.Decoder(dict[int, dict[int, int]]).decode

#: (subject, start, size): a pane of stage 2.
PaneAt = tuple[str, int, int]


@dataclass(slots=True)
class Subject:
    """Everything stage 2 keeps of one subject in memory beside its panes."""

    windows: Windows = field(default_factory=Windows)
    gauges: dict[int, Gauge] = field(default_factory=dict)
    gauges_changed: bool = True
    #: Event time at which its long windows were last published.
    long_sent_ms: int = -1


class Rollups:
    """The state of one partition of subjects."""

    def __init__(self, plan: Plan, source_count: int) -> None:
        self.groupings = {grouping.name: grouping for grouping in plan.groupings}
        self.source_count = source_count
        #: Late panes are kept longer than stage 1 keeps them, so that parts find each other.
        self._kept_ms = max(COARSE_KEPT_MS, plan.retention_ms + DAY_MS)
        self.epoch = 0
        self.seq = -1
        self.meta = wire.RollupsMeta(plan.fingerprint)
        self.subjects: dict[str, Subject] = {}
        #: What each source counted in a pane; and quarters, into which sealed minutes are folded.
        self.parts: Resting[PaneAt, dict[int, Tally]] = Resting(_unpack_parts)
        self.quarters: Tallies[tuple[str, int]] = Tallies()
        self.dirty_panes: set[PaneAt] = set()
        self.dirty_keys: set[bytes] = set()
        self.deleted: set[bytes] = set()
        self.changed = False
        self.guard = Guard()
        self.forgotten = Forgotten()
        #: What ``seen`` found since a source last said something, by (org, source).
        self._seen: dict[tuple[str | None, str | None], tuple[dict[str, int], int | None]] = {}
        #: The minute that windows have been brought up to.
        self.advanced_ms = -1
        #: The time that snapshots last told.
        self.told_ms = -1

    @property
    def watermark_ms(self) -> int:
        """Event time up to which every source partition has told all; 0 while one has not."""
        marks = self.meta.sources.values()
        if len(marks) < self.source_count:
            return 0
        return min(mark.watermark_ms for mark in marks)

    @property
    def sealed_ms(self) -> int:
        """Minutes that ended by then will not change; 0 while a source has not reported."""
        marks = self.meta.sources.values()
        if len(marks) < self.source_count:
            return 0
        return min(mark.sealed_ms for mark in marks)

    def apply(self, chunk: wire.Chunk) -> None:
        """Take in what one source partition flushed; older and repeated chunks change nothing."""
        source = chunk.source_partition
        mark = self.meta.sources.setdefault(source, wire.SourceMark())
        if (chunk.epoch, chunk.seq) <= (mark.epoch, mark.seq):
            return
        if chunk.epoch > mark.epoch:
            self._forget_gauges(source)
        mark.epoch, mark.seq = chunk.epoch, chunk.seq
        mark.watermark_ms = max(mark.watermark_ms, chunk.watermark_ms)
        mark.sealed_ms = max(mark.sealed_ms, chunk.sealed_ms)
        mark.first_seen_ms, mark.last_seen_ms = chunk.first_seen_ms, chunk.last_seen_ms
        mark.dead_ms = chunk.dead_ms
        self._seen.clear()
        for pane in chunk.panes:
            self._pane(source, pane)
        for subject, gauge in chunk.gauges.items():
            known = self.subject(subject)
            known.gauges[source] = gauge
            known.gauges_changed = True
            self.dirty_keys.add(GAUGE + subject.encode())
        self.changed = True

    def subject(self, key: str) -> Subject:
        """A subject, new when it was never heard of."""
        known = self.subjects.get(key)
        if known is None:
            known = self.subjects[key] = Subject()
        return known

    def _forget_gauges(self, source: int) -> None:
        """A new owner's first chunk states every gauge it has: what it leaves out is no more."""
        for key, subject in self.subjects.items():
            gauge = subject.gauges.get(source)
            if gauge is not None and not gauge.is_empty:
                subject.gauges[source] = Gauge()
                subject.gauges_changed = True
                self.dirty_keys.add(GAUGE + key.encode())

    def _pane(self, source: int, pane: wire.PaneState) -> None:
        if pane.size_ms == MINUTE_MS and pane.start_ms + MINUTE_MS <= self.meta.folded_ms:
            # Sealed and folded: a new owner only repeats what its forerunner may not have sent.
            return
        if self.forgotten and self.forgotten.in_subject(pane.subject, self.groupings):
            return  # Sent before stage 1 forgot them, too.
        # Each chunk brings its own copy of the name.
        at = (intern(pane.subject), pane.start_ms, pane.size_ms)
        parts = self.parts.open(at, dict)
        delta, before = pane.tally, parts.get(source)
        if before is not None:
            delta = dict(delta)
            subtract(delta, before)
        parts[source] = pane.tally
        self.dirty_panes.add(at)
        self.guard.note(pane, delta)
        if delta:
            self.subject(pane.subject).windows.change(pane.start_ms, pane.size_ms, delta)

    def total(self, at: PaneAt) -> Tally:
        """A pane's merged value over all sources; not to be changed."""
        parts = self.parts.get(at, {})
        if len(parts) == 1:
            (tally,) = parts.values()
            return tally
        return merged(parts.values())

    def fold(self) -> None:
        """Let sealed minutes that no fine window needs become part of their quarters."""
        before_ms = min(self.sealed_ms, self.watermark_ms - FINE_KEPT_MS)
        before_ms -= before_ms % MINUTE_MS
        if before_ms <= self.meta.folded_ms:
            return
        self.meta.folded_ms = before_ms
        oldest_ms = self.watermark_ms - self._kept_ms
        for at in list(self.parts):
            subject, start_ms, size_ms = at
            if at in self.dirty_panes:
                continue
            if size_ms == MINUTE_MS and start_ms + MINUTE_MS <= before_ms:
                quarter = (subject, start_ms - start_ms % QUARTER_MS)
                self.quarters.add(quarter, self.total(at))
                self.dirty_keys.add(quarter_key(*quarter))
            elif start_ms >= oldest_ms:
                continue
            self.parts.drop(at)
            self.deleted.add(wire.pane_key(*at))
        self.quarters.rest()
        for subject, start_ms in [key for key in self.quarters if key[1] < oldest_ms]:
            self.quarters.drop((subject, start_ms))
            self.dirty_keys.discard(quarter_key(subject, start_ms))
            self.deleted.add(quarter_key(subject, start_ms))

    def forget_empty(self) -> None:
        """Drop subjects that have nothing in any window, no backlog, and nothing left to say."""
        for key, subject in list(self.subjects.items()):
            if subject.gauges_changed or not subject.windows.empty:
                continue
            if all(gauge.is_empty for gauge in subject.gauges.values()):
                del self.subjects[key]
                if subject.gauges:
                    self.deleted.add(GAUGE + key.encode())
                self.dirty_keys.discard(GAUGE + key.encode())

    def seen(self, subject: str) -> tuple[dict[str, int], int | None]:
        """When the subject's sources first sent each event type, and last sent anything."""
        _, dims = subject_dims(subject, self.groupings)
        place = dims.get("org"), dims.get("source")
        known = self._seen.get(place)
        if known is None:
            known = self._seen[place] = self._seen_in(*place)
        return known

    def _seen_in(
        self, wanted_org: str | None, wanted_source: str | None
    ) -> tuple[dict[str, int], int | None]:
        first: dict[str, int] = {}
        last: int | None = None
        for mark in self.meta.sources.values():
            for name, kinds in mark.first_seen_ms.items():
                org, source = name.split(SEPARATOR)
                if wanted_org not in (None, org) or wanted_source not in (None, source):
                    continue
                for kind, t_ms in kinds.items():
                    first[kind] = min(t_ms, first.get(kind, t_ms))
                heard_ms = mark.last_seen_ms[name]
                last = heard_ms if last is None else max(last, heard_ms)
        return first, last

    def gauge(self, subject: str) -> Gauge:
        """The subject's backlog over all sources: counts are added, of the oldest the least."""
        gauges = iter(self.subject(subject).gauges.values())
        total = copy(next(gauges, Gauge()))
        total.open_since, total.deadlines = dict(total.open_since), dict(total.deadlines)
        for gauge in gauges:
            for name in COUNTS:
                setattr(total, name, getattr(total, name) + getattr(gauge, name))
            if gauge.oldest_waiting_ms is not None:
                known_ms = total.oldest_waiting_ms or gauge.oldest_waiting_ms
                total.oldest_waiting_ms = min(known_ms, gauge.oldest_waiting_ms)
            add(total.open_since, gauge.open_since)
            add(total.deadlines, gauge.deadlines)
        return total


def quarter_key(subject: str, start_ms: int) -> bytes:
    """The changelog key of a folded quarter."""
    return QUARTER + f"{start_ms}/{subject}".encode()


def quarter_of(key: bytes) -> tuple[str, int]:
    """(subject, start in UTC ms) of such a key."""
    start_ms, subject = key[1:].decode().split("/", 1)
    return subject, int(start_ms)
