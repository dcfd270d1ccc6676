"""Stage 1: everything that one source partition knows, from records to whole values.

Records in, flushes out. ``apply`` changes memory only; ``flush`` says what has to be written to
the changelog as one atomic batch and what may be sent once that is durable. Offsets below the
meta record's are skipped, so a redelivered record changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from schemas.codec import Decoder, Record
from schemas.dead_letters import DeadLetter, Reason
from schemas.groupings import SEPARATOR
from schemas.refusals import Refused
from streams.core import wire
from streams.core.facts import Fact
from streams.core.flush import Flush, log_of
from streams.core.forgotten import Forgotten
from streams.core.gauges import Gauges
from streams.core.items import Item
from streams.core.moments import CODES, Event, Moment, moment_of, note_seen
from streams.core.panes import Panes
from streams.core.persons import Persons
from streams.core.plan import MINUTE_MS, QUARTER_MS, Plan
from streams.core.shelf import Shelf, home_of
from streams.core.sla import Sla
from streams.core.subjects import Home, Subjects
from streams.core.terms import Book
from streams.core.ticks import Ticks

_TOO_MANY = Refused(Reason.TOO_MANY_EVENTS, "item_id", "item_id: has too many events already")

#: Hears of all facts as they are booked, with their home and the record that caused them.
OnFacts = Callable[[Home, list[Fact], int], None]


class Shard:
    """The state of one source partition."""

    def __init__(
        self,
        plan: Plan,
        partition: int,
        decoder: Decoder,
        on_facts: OnFacts | None = None,
        policies: Book | None = None,
    ) -> None:
        self.plan = plan
        self.partition = partition
        self.epoch = 0
        self.seq = -1
        self.meta = wire.Meta(plan.fingerprint, policies=policies.fingerprint if policies else "")
        self.subjects = Subjects(plan.groupings, plan.extra_dims)
        self.gauges = Gauges(self.subjects)
        self.shelf = Shelf(plan, self.gauges)
        self.panes = Panes(plan, self.subjects)
        self.persons = Persons(plan)
        self.sla = Sla(policies, self.gauges, plan.retention_ms)
        #: Refused records, to be sent before the flush that passes their offsets.
        self.dead: list[DeadLetter] = []
        self.changed = False
        self.forgotten = Forgotten()
        self._decoder = decoder
        self.on_facts = on_facts
        self._ticks, self._deleted = Ticks(), list[bytes]()

    def apply(self, role: str, records: Iterable[Record]) -> int:
        """Apply records of one source topic in offset order; returns how many were new."""
        meta = self.meta
        next_offset, before = meta.offsets.get(role, 0), meta.consumed
        decoder, partition, decode = self._decoder, self.partition, self._decoder.decode
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
                event = decoder.dead_letter(role, partition, record, _TOO_MANY)
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
        for person in self.forgotten.clean(event, key) if self.forgotten else ():
            shelf.forget(key, person, self.tell)
        item = shelf.item(key)
        if shelf.may_be_expired(item, record_ms):
            self.tell(key, item)
            if shelf.expired(item, record_ms):
                item = shelf.renew(key, item)
                self._deleted += self.sla.drop(key)
        moment = moment_of(event, record_ms, self.subjects.extra_dims)
        if moment.id in item.ids:
            return False
        if len(item.ids) >= self.plan.item_events_max:
            return None
        item.hear(moment)
        shelf.touch(key, item)
        self.sla.touch(key, moment)
        return True

    def tell(self, key: str, item: Item) -> None:
        """Book what follows from all that was heard of an item."""
        bookings = item.tell(self.plan)
        if bookings:
            home = home_of(key)
            for record_ms, facts in bookings:
                self._book(home, facts, record_ms)

    def _history(self, key: str) -> Sequence[Moment] | None:
        """Everything heard of an item so far, in order."""
        if key not in self.shelf:
            return None
        item = self.shelf.item(key)
        self.tell(key, item)
        return item.moments

    def _person_event(self, event: Event, record_ms: int) -> bool:
        self.forgotten.clean(event, SEPARATOR.join((event["org_id"], event["source"])))
        facts = self.persons.hear(event, record_ms)
        if facts is None:
            return False
        if facts:
            self._book((event["org_id"], event["source"], None), facts, record_ms)
        return True

    def _book(self, home: Home, facts: list[Fact], record_ms: int) -> None:
        self.panes.book(home, facts, record_ms)
        if self.on_facts is not None:
            self.on_facts(home, facts, record_ms)

    def tick(self, records: Iterable[Record]) -> None:
        """Hear of time: a tick acts once all records that were there when it was sent are in."""
        for record in records:
            if record.offset < self.meta.offsets.get("ticks", 0) or record.value is None:
                continue
            self.meta.offsets["ticks"] = record.offset + 1
            self._ticks.hear(record.value)
        self.changed = True
        self._run_ticks()

    def _run_ticks(self) -> None:
        # After a backlog many are due at once; what the last of them says holds.
        t_ms = max(self._ticks.take_due(self.meta.offsets), default=0)
        if t_ms > self.meta.watermark_ms:
            self._advance(t_ms)

    def _advance(self, now_ms: int) -> None:
        """Let event time reach ``now_ms``."""
        meta = self.meta
        meta.watermark_ms = now_ms
        meta.dead_ms = {ms: n for ms, n in meta.dead_ms.items() if ms >= now_ms - QUARTER_MS}
        self.tell_clocks()
        for key in self.shelf.advance(now_ms):
            self._deleted += [wire.ITEM + key.encode(), *self.sla.drop(key)]
        self._deleted += [wire.PERSON + key.encode() for key in self.persons.retire(now_ms)]

    @property
    def is_behind(self) -> bool:
        """Whether clocks have more to tell of the time that has passed: see ``tell_clocks``."""
        return self.sla.waits(self.meta.watermark_ms)

    def tell_clocks(self) -> None:
        """Tell a slice of what clocks did by the time that is reached."""
        meta, late_ms = self.meta, self.plan.late_after_ms
        now_ms, least_ms = meta.watermark_ms, meta.sealed_ms + late_ms
        for told in self.sla.advance(now_ms, self._history, meta.first_seen_ms):
            self._book(told.home, told.facts, max(told.record_ms, least_ms))
        if not self.is_behind:
            # What is yet to be told happened in minutes that have to stay open for it.
            meta.sealed_ms = max(meta.sealed_ms, now_ms - late_ms - self.plan.pane_ms)
        self.changed = True

    @property
    def changes(self) -> int:
        """About how many records the next flush will write."""
        return self.shelf.dirty + self.sla.dirty + self.panes.dirty + len(self._deleted)

    def delete(self, keys: Iterable[bytes]) -> None:
        """Delete keys from the changelog with the next flush, unless it writes them."""
        self._deleted += keys

    def flush(self) -> Flush | None:
        """Everything that changed since the last flush; None when nothing did."""
        if not self.changed:
            return None
        self.meta.check()
        self.seq += 1
        assert not self.dead
        self.changed = False
        for name, item in self.shelf.changed:
            self.tell(name, item)
        meta, kept_ms = self.meta, self.plan.retention_ms
        self._deleted += self.panes.let_go(meta.sealed_ms, meta.watermark_ms - kept_ms)
        dirty, panes = self.shelf.take_dirty(), self.panes.take_dirty()
        self.shelf.cool()
        values = [(wire.ITEM + name.encode(), packed) for name, _, packed in dirty]
        values += [
            (wire.pane_key(it.subject, it.start_ms, it.size_ms), wire.pack_tally(it.tally))
            for it in panes
        ]
        values += [(wire.PERSON + name.encode(), it) for name, it in self.persons.take_dirty()]
        values += self.sla.take_dirty()
        values += [(wire.FORGOTTEN + it.encode(), b"") for it in self.forgotten.take_fresh()]
        values.append((wire.META, msgspec.json.encode(meta)))
        log = log_of(values, self._deleted, self.epoch, self.seq)
        self._deleted.clear()
        items, gauges = [(name, item) for name, item, _ in dirty], self.gauges.take_dirty()
        return Flush(self.seq, log, panes, gauges, items, self.sla.take_told(), meta, self.plan)
