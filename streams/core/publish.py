"""What stage 2 writes and sends: rollup rows, live snapshots, and its own changelog."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from schemas.alerts import AlertTransition, Silence
from schemas.groupings import subject_dims, subject_key
from schemas.rows import RollupRow, SnapshotRow, WindowRow, revision
from streams.core import wire
from streams.core.gauges import COUNTS, Gauge
from streams.core.plan import MINUTE_MS
from streams.core.recovery import PlanChanged, check_version
from streams.core.rollups import GAUGE, QUARTER, Rollups, Subject, quarter_of
from streams.core.windows import FINE_MS, ROLLING_MS

#: Long windows move little: they are published at most this often per subject.
LONG_WINDOWS_EVERY_MS = MINUTE_MS
#: The subject that is the whole floor.
WHOLE = subject_key("all", ())
#: Every subject is published whole within so many minutes, whether it changed or not.
WHOLE_EVERY_MINUTES = 5

_FINE = tuple(name for name, length_ms in ROLLING_MS.items() if length_ms <= FINE_MS)

_pack = msgspec.msgpack.Encoder().encode
_unpack_gauges = msgspec.msgpack.Decoder(dict[int, Gauge]).decode


class Calendar(Protocol):
    """Says when the shift and the business day of a subject began."""

    def starts_ms(self, dims: Mapping[str, str], at_ms: int) -> Mapping[str, int]:
        """Window name to its start; names without one at that time are absent."""


@dataclass(frozen=True, slots=True)
class Published:
    """One flush of stage 2: the changelog's atomic batch, and the rows it makes true."""

    seq: int
    log: list[wire.LogRecord]
    rows: list[RollupRow]
    snapshots: list[tuple[str, SnapshotRow]]
    alerts: list[AlertTransition] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)


def flush(state: Rollups, calendar: Calendar) -> Published | None:
    """Everything that changed since the last flush; None when nothing did."""
    if not state.changed:
        return None
    state.changed = False
    state.seq += 1
    written = revision(state.epoch, state.seq)
    rows = [_row(state, at, written) for at in state.dirty_panes]
    log = [(wire.pane_key(*at), state.parts.packed(at)) for at in state.dirty_panes]
    # Not before the rows of a pane have left may it be folded: who takes over sends them again.
    state.fold()
    state.dirty_panes.clear()
    snapshots = _snapshots(state, calendar, written)
    log += [(key, _payload(state, key)) for key in state.dirty_keys]
    state.dirty_keys.clear()
    log += [(wire.FORGOTTEN + name.encode(), b"") for name in state.forgotten.take_fresh()]
    log.append((wire.META, msgspec.json.encode(state.meta)))
    stamped: list[wire.LogRecord] = [
        (key, wire.stamped(state.epoch, state.seq, payload)) for key, payload in log
    ]
    kept = {key for key, _ in log}
    deleted = [key for key in state.deleted if key not in kept]
    stamped += [(key, None) for key in deleted]
    state.deleted.clear()
    return Published(state.seq, stamped, rows, snapshots)


def _row(state: Rollups, at: tuple[str, int, int], written: int) -> RollupRow:
    subject, start_ms, size_ms = at
    grouping, dims = subject_dims(subject, state.groupings)
    return RollupRow(grouping, dims, start_ms, size_ms // 1000, written, state.total(at))


def _payload(state: Rollups, key: bytes) -> bytes:
    kind, name = key[:1], key[1:].decode()
    if kind == GAUGE:
        return _pack(state.subject(name).gauges)
    return state.quarters.packed(quarter_of(key))


def _snapshots(state: Rollups, calendar: Calendar, written: int) -> list[tuple[str, SnapshotRow]]:
    now_ms = state.watermark_ms
    if now_ms == 0:
        return []
    minute_ms = now_ms - now_ms % MINUTE_MS
    new_minute = minute_ms != state.advanced_ms
    state.advanced_ms = minute_ms
    turn = minute_ms // MINUTE_MS % WHOLE_EVERY_MINUTES
    for number, (key, subject) in enumerate(state.subjects.items()):
        if new_minute or not subject.windows.placed:
            _, dims = subject_dims(key, state.groupings)
            subject.windows.advance(now_ms, calendar.starts_ms(dims, now_ms))
        if new_minute and number % WHOLE_EVERY_MINUTES == turn:
            # Whole again in turn: what a cache lost comes back by itself.
            subject.windows.changed.update(subject.windows.names)
            subject.long_sent_ms = -1
        if new_minute and any(gauge.deadlines for gauge in subject.gauges.values()):
            # Deadlines come nearer although nothing happens.
            subject.windows.changed.update(_FINE)
    if new_minute:
        state.forget_empty()
    found = []
    for key, subject in state.subjects.items():
        windows = _windows(subject, now_ms)
        # The whole floor is told whenever time went on: numbers that stand look like any others.
        time_went_on = key == WHOLE and now_ms > state.told_ms
        if windows or subject.gauges_changed or time_went_on:
            found.append((key, _snapshot(state, key, windows, written)))
    state.told_ms = now_ms
    return found


def _snapshot(state: Rollups, key: str, windows: dict[str, WindowRow], written: int) -> SnapshotRow:
    subject = state.subjects[key]
    grouping, dims = subject_dims(key, state.groupings)
    first_ms, last_ms = state.seen(key)
    gauge = state.gauge(key)
    counts: dict[str, int | None] = {name: getattr(gauge, name) for name in COUNTS}
    subject.gauges_changed = False
    return SnapshotRow(
        grouping=grouping,
        dims=dims,
        as_of_ms=state.watermark_ms,
        revision=written,
        sources_known=len(state.meta.sources),
        sources_total=state.source_count,
        first_seen_ms=first_ms,
        last_seen_ms=last_ms,
        gauge=counts | {"oldest_waiting_ms": gauge.oldest_waiting_ms},
        open_since=gauge.open_since,
        deadlines=gauge.deadlines,
        windows=windows,
        window_names=tuple(subject.windows.names),
    )


def _windows(subject: Subject, now_ms: int) -> dict[str, WindowRow]:
    """The windows that changed and whose turn it is to be published."""
    windows = subject.windows
    if now_ms - subject.long_sent_ms >= LONG_WINDOWS_EVERY_MS and windows.sum_up():
        subject.long_sent_ms = now_ms
        due, windows.changed = windows.changed, set()
    else:
        due = {name for name in windows.changed if ROLLING_MS.get(name, FINE_MS + 1) <= FINE_MS}
        windows.changed -= due
    rows = {}
    for name in due:
        window = windows.tell(name, now_ms)
        rows[name] = WindowRow(window.start_ms, window.end_ms, dict(window.tally))
    return rows


class RollupsKeeper:
    """Puts a partition of stage 2 back together from its changelog."""

    def __init__(self, state: Rollups) -> None:
        self.state = state

    def put_back(self, key: bytes, payload: bytes | None) -> None:
        """Take in what the changelog says about a key."""
        state, kind = self.state, key[:1]
        if kind == wire.META:
            assert payload is not None
            plan = state.meta.plan
            state.meta = msgspec.json.decode(payload, type=wire.RollupsMeta)
            check_version(state.meta.version)
            if state.meta.plan != plan:
                raise PlanChanged(f"{state.meta.plan!r} became {plan!r}")
        elif kind == wire.PANE:
            at = wire.pane_of_key(key)
            state.parts.drop(at)
            if payload is not None:
                state.parts.put(at, payload)
        elif kind == QUARTER:
            state.quarters.drop(quarter_of(key))
            if payload is not None:
                state.quarters.put(quarter_of(key), payload)
        elif kind == wire.FORGOTTEN:
            (state.forgotten.drop if payload is None else state.forgotten.put)(key[1:].decode())
        elif kind == GAUGE:
            name = key[1:].decode()
            state.subjects.pop(name, None)
            if payload is not None:
                state.subject(name).gauges = _unpack_gauges(payload)
        else:
            raise AssertionError(f"unknown kind of key {kind!r}")

    def settle(self) -> Iterator[None]:
        """Add all panes up in the windows, in slices."""
        state = self.state
        for number, ((subject, start_ms), tally) in enumerate(state.quarters.items(), start=1):
            state.subject(subject).windows.change(start_ms, MINUTE_MS * 15, tally)
            if number % wire.SETTLED_AT_ONCE == 0:
                yield
        for number, at in enumerate(state.parts, start=1):
            state.subject(at[0]).windows.change(at[1], at[2], state.total(at))
            if number % wire.SETTLED_AT_ONCE == 0:
                yield

    def begin(self, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        """Number flushes anew; what the last owner may not have sent goes out again."""
        state = self.state
        state.epoch, state.seq = epoch, -1
        state.meta.version = wire.STATE_VERSION
        for key in touched:
            if key[:1] == wire.PANE and (at := wire.pane_of_key(key)) in state.parts:
                state.dirty_panes.add(at)
            elif key[:1] == QUARTER and quarter_of(key) in state.quarters:
                state.dirty_keys.add(key)
        gauges = {GAUGE + name.encode() for name in state.subjects}
        state.dirty_keys |= touched & gauges
        listed = [key[1:].decode() for key in touched if key.startswith(wire.FORGOTTEN)]
        state.forgotten.store(listed)
        written = {wire.pane_key(*at) for at in state.dirty_panes} | state.dirty_keys
        state.deleted |= stale - written - {wire.META}
        state.changed = True
