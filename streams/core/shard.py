"""Stage 1: everything that one source partition knows, from records to whole values.

Records in, flushes out. ``apply`` changes memory only; ``flush`` says what has to be written to
the changelog as one atomic batch and what may be sent once that is durable. Offsets below the
meta record's are skipped, so a redelivered record changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from schemas.codec import Decoder, Record
from schemas.dead_letters import DeadLetter, Reason
from schemas.groupings import SEPARATOR
from schemas.refusals import Refused
from streams.core import wire
from streams.core.facts import Fact
from streams.core.gauges import Gauge, Gauges
from streams.core.items import Item
from streams.core.moments import CODES, Event, moment_of, note_seen
from streams.core.panes import Pane, Panes
from streams.core.persons import Persons
from streams.core.plan import MINUTE_MS, QUARTER_MS, Plan
from streams.core.shelf import Shelf, home_of
from streams.core.subjects import Home, Subjects
from streams.core.ticks import Ticks

_TOO_MANY_EVENTS = Refused(
    Reason.TOO_MANY_EVENTS, "item_id", "item_id: has too many events already"
)

#: Hears of all facts as they are booked, with their home and the record that caused them.
OnFacts = Callable[[Home, list[Fact], int], None]


@dataclass(frozen=True, slots=True)
class Flush:
    """What one flush writes (``log``, one atomic batch) and sends once that is durable."""

    seq: int
    log: list[wire.LogRecord]
    panes: list[Pane]
    gauges: dict[str, Gauge]
    items: list[tuple[str, Item]]
    meta: wire.Meta


class Shard:
    """The state of one source partition."""

    def __init__(
        self, plan: Plan, partition: int, decoder: Decoder, on_facts: OnFacts | None = None
    ) -> None:
        self.plan = plan
        self.partition = partition
        self.epoch = 0
        self.seq = -1
        self.meta = wire.Meta(plan.fingerprint)
        self.subjects = Subjects(plan.groupings, plan.extra_dims)
        self.gauges = Gauges(self.subjects)
        self.shelf = Shelf(plan, self.gauges)
        self.panes = Panes(plan, self.subjects)
        self.persons = Persons(plan)
        #: Refused records, to be sent before the flush that passes their offsets.
        self.dead: list[DeadLetter] = []
        self.changed = False
        self._extra_dims = plan.extra_dims
        self._decoder = decoder
        self._on_facts = on_facts
        self._ticks = Ticks()
        self._deleted: list[bytes] = []
        #: Panes that time has closed, to be deleted by the flush after the one that writes them.
        self._lingering: list[Pane] = []

    def apply(self, role: str, records: Iterable[Record]) -> int:
        """Apply records of one source topic in offset order; returns how many were new."""
        meta = self.meta
        next_offset = meta.offsets.get(role, 0)
        before = meta.consumed
        decoder, partition = self._decoder, self.partition
        decode = decoder.decode
        # A producer's clock far behind must not write into minutes that are already sealed.
        least_ms = meta.sealed_ms + self.plan.late_after_ms
        for record in records:
            if record.offset < next_offset:
                continue
            next_offset = record.offset + 1
            meta.consumed += 1
            event = decode(role, partition, record)
            if not isinstance(event, DeadLetter):
                record_ms = record.timestamp
                if record_ms < 0:
                    record_ms = event["received_at"]
                if self._event(event, max(record_ms, least_ms)):
                    continue
                event = decoder.dead_letter(role, partition, record, _TOO_MANY_EVENTS)
            self._refuse(event, record.timestamp)
        meta.offsets[role] = next_offset
        self.changed = True
        self._run_ticks()
        return meta.consumed - before

    def _refuse(self, letter: DeadLetter, record_ms: int) -> None:
        meta = self.meta
        meta.dead += 1
        self.dead.append(letter)
        minute_ms = record_ms - record_ms % MINUTE_MS
        meta.dead_ms[minute_ms] = meta.dead_ms.get(minute_ms, 0) + 1

    def _event(self, event: Event, record_ms: int) -> bool:
        """Count an event and let it change the state; False when its item can't hold it."""
        meta = self.meta
        if event["event_type"] in CODES:
            new = self._item_event(event, record_ms)
            if new is None:
                return False
        else:
            new = self._person_event(event, record_ms)
        if not new:
            meta.duplicate += 1
            return True
        if event["occurred_at"] < record_ms - self.plan.late_after_ms:
            meta.late += 1
        else:
            meta.applied += 1
        note_seen(event, meta.first_seen_ms, meta.last_seen_ms)
        return True

    def _item_event(self, event: Event, record_ms: int) -> bool | None:
        shelf = self.shelf
        key = SEPARATOR.join(
            (event["org_id"], event["source"], event["project_id"], event["item_id"])
        )
        item = shelf.item(key)
        if shelf.may_be_expired(item, record_ms):
            self._tell(key, item)
            if shelf.expired(item, record_ms):
                item = shelf.renew(key, item)
        moment = moment_of(event, record_ms, self._extra_dims)
        if moment.id in item.ids:
            return False
        if len(item.ids) >= self.plan.item_events_max:
            return None
        item.hear(moment)
        shelf.touch(key, item)
        return True

    def _tell(self, key: str, item: Item) -> None:
        """Book what follows from all that was heard of an item."""
        bookings = item.tell(self.plan.late_after_ms)
        if bookings:
            home = home_of(key)
            for record_ms, facts in bookings:
                self._book(home, facts, record_ms)

    def _person_event(self, event: Event, record_ms: int) -> bool:
        facts = self.persons.hear(event, record_ms)
        if facts is None:
            return False
        if facts:
            self._book((event["org_id"], event["source"], None), facts, record_ms)
        return True

    def _book(self, home: Home, facts: list[Fact], record_ms: int) -> None:
        self.panes.book(home, facts, record_ms)
        if self._on_facts is not None:
            self._on_facts(home, facts, record_ms)

    def tick(self, records: Iterable[Record]) -> None:
        """Hear of time: each tick acts once all records that were there when it was sent are in."""
        for record in records:
            if record.offset < self.meta.offsets.get("ticks", 0) or record.value is None:
                continue
            self.meta.offsets["ticks"] = record.offset + 1
            self._ticks.hear(record.value)
        self.changed = True
        self._run_ticks()

    def _run_ticks(self) -> None:
        for t_ms in self._ticks.take_due(self.meta.offsets):
            if t_ms > self.meta.watermark_ms:
                self._advance(t_ms)

    def _advance(self, now_ms: int) -> None:
        """Let event time reach ``now_ms``."""
        meta, plan = self.meta, self.plan
        meta.watermark_ms = now_ms
        meta.dead_ms = {ms: n for ms, n in meta.dead_ms.items() if ms >= now_ms - QUARTER_MS}
        meta.sealed_ms = max(meta.sealed_ms, now_ms - plan.late_after_ms - plan.pane_ms)
        self._deleted += [wire.ITEM + key.encode() for key in self.shelf.advance(now_ms)]
        self._deleted += [wire.PERSON + key.encode() for key in self.persons.retire(now_ms)]

    def _retire_panes(self) -> None:
        """Let go of panes that can't change any more, once a flush has written their last value."""
        meta = self.meta
        due = self._lingering + self.panes.retire(
            meta.sealed_ms, meta.watermark_ms - self.plan.retention_ms
        )
        self._lingering = [pane for pane in due if pane.dirty]
        self._deleted += [
            wire.pane_key(pane.subject, pane.start_ms, pane.size_ms)
            for pane in due
            if not pane.dirty
        ]

    @property
    def changes(self) -> int:
        """About how many records the next flush will write."""
        return self.shelf.dirty + self.panes.dirty + len(self._deleted)

    def delete_unless_kept(self, keys: Iterable[bytes]) -> None:
        """Delete keys from the changelog with the next flush, if the state does not have them."""
        for key in keys:
            name = key[1:].decode(errors="replace")
            kept = (key[:1] == wire.ITEM and name in self.shelf) or (
                key[:1] == wire.PERSON and name in self.persons
            )
            if not kept:
                self._deleted.append(key)

    def flush(self) -> Flush | None:
        """Everything that changed since the last flush; None when nothing did."""
        if not self.changed:
            return None
        self.changed = False
        self.meta.check()
        self.seq += 1
        epoch, seq = self.epoch, self.seq
        assert not self.dead
        log: list[wire.LogRecord] = []
        for name, item in self.shelf.changed:
            self._tell(name, item)
        self._retire_panes()
        items = []
        for name, item, packed in self.shelf.take_dirty():
            log.append((wire.ITEM + name.encode(), wire.stamped(epoch, seq, packed)))
            items.append((name, item))
        self.shelf.cool()
        panes = self.panes.take_dirty()
        for pane in panes:
            key = wire.pane_key(pane.subject, pane.start_ms, pane.size_ms)
            log.append((key, wire.stamped(epoch, seq, wire.pack_tally(pane.tally))))
        for name, packed in self.persons.take_dirty():
            log.append((wire.PERSON + name.encode(), wire.stamped(epoch, seq, packed)))
        written = {key for key, _ in log}
        log += [(key, None) for key in self._deleted if key not in written]
        self._deleted.clear()
        log.append((wire.META, wire.stamped(epoch, seq, msgspec.json.encode(self.meta))))
        return Flush(seq, log, panes, self.gauges.take_dirty(), items, self.meta)
