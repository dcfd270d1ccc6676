"""Stage 2 alone: chunks in, rows and snapshots out, and what went wrong there once."""

import msgspec

from schemas.rows import RollupRow, SnapshotRow
from streams.core import publish, wire
from streams.core.gauges import Gauge
from streams.core.plan import HOUR_MS, MINUTE_MS, QUARTER_MS, Plan
from streams.core.publish import Published, RollupsKeeper
from streams.core.recovery import Replay
from streams.core.rollups import GAUGE, Rollups
from streams.core.windows import COARSE_KEPT_MS, rolling_start_ms
from tests.core.floors import CALENDAR
from tests.core.test_recovery import Log

NOON_MS = 1_760_011_200_000
ONE = {1 << 12: 1}


def chunk(
    seq: int, now_ms: int, *panes: wire.PaneState, epoch: int = 0, waiting: int | None = None
) -> wire.Chunk:
    """What source 0 says at ``now_ms``; everything older than an hour and a minute is sealed."""
    gauges = {} if waiting is None else {"all": Gauge(waiting=waiting)}
    sealed_ms = now_ms - HOUR_MS - MINUTE_MS
    return wire.Chunk(0, epoch, seq, now_ms, sealed_ms, {}, {}, list(panes), gauges)


def pane(start_ms: int, size_ms: int = MINUTE_MS, n: int = 1) -> wire.PaneState:
    return wire.PaneState("all", start_ms, size_ms, {1 << 12: n})


def told(state: Rollups, *chunks: wire.Chunk) -> Published:
    for each in chunks:
        state.apply(each)
    published = publish.flush(state, CALENDAR)
    assert published is not None
    return published


def snapshot(published: Published, subject: str = "all") -> SnapshotRow:
    return dict(published.snapshots)[subject]


def recovered(log: Log) -> Rollups:
    keeper = RollupsKeeper(Rollups(Plan(), 1))
    replay = Replay(keeper)
    epoch = log.claim(str(log.end))
    for record in log.records:
        replay.record(*record)
    replay.finish(epoch)
    return keeper.state


def counts(rows: list[RollupRow]) -> dict[int, dict[int, int]]:
    return {row.pane_start_ms: row.tally for row in rows}


def test_a_chunk_heard_again_or_from_an_older_epoch_changes_nothing() -> None:
    state = Rollups(Plan(), 1)
    told(state, chunk(3, NOON_MS, pane(NOON_MS, n=5), epoch=7))
    for epoch, seq in ((7, 3), (7, 2), (6, 99)):
        state.apply(chunk(seq, NOON_MS, pane(NOON_MS, n=1), epoch=epoch))
    assert state.total(("all", NOON_MS, MINUTE_MS)) == {1 << 12: 5}
    assert not state.dirty_panes


def test_nothing_is_known_of_now_until_every_source_has_spoken() -> None:
    state = Rollups(Plan(), 2)
    published = told(state, chunk(0, NOON_MS, pane(NOON_MS)))
    assert (state.watermark_ms, published.snapshots) == (0, [])
    assert counts(published.rows) == {NOON_MS: {4096: 1}}


def test_a_pane_stated_and_sealed_at_once_is_stated_again_by_who_takes_over() -> None:
    old_ms = NOON_MS - 3 * HOUR_MS
    log = Log()
    log.claim("0")
    first = told(Rollups(Plan(), 1), chunk(0, NOON_MS, pane(old_ms)))
    log.append(first.log, 0, first.seq)
    again = publish.flush(recovered(log), CALENDAR)
    assert again is not None
    assert counts(again.rows) == {old_ms: {4096: 1}}


def test_a_sealed_minute_never_changes() -> None:
    state = Rollups(Plan(), 1)
    old_ms = NOON_MS - 3 * HOUR_MS
    told(state, chunk(0, NOON_MS, pane(old_ms)))
    told(state, chunk(1, NOON_MS + MINUTE_MS))
    assert state.quarters == {("all", old_ms): ONE}
    assert told(state, chunk(2, NOON_MS + MINUTE_MS, pane(old_ms, n=9))).rows == []
    assert state.quarters == {("all", old_ms): ONE}


def test_what_recovery_wants_deleted_may_come_back_before_it_is() -> None:
    log = Log()
    log.claim("0")
    log.claim("1")
    zombie = told(Rollups(Plan(), 1), chunk(0, NOON_MS, pane(NOON_MS)))
    log.append(zombie.log, 0, zombie.seq)
    state = recovered(log)
    published = told(state, chunk(0, NOON_MS, pane(NOON_MS)))
    log.append(published.log, state.epoch, published.seq)
    assert recovered(log).total(("all", NOON_MS, MINUTE_MS)) == ONE


def test_recovery_reads_the_deletion_of_a_backlog() -> None:
    keeper = RollupsKeeper(Rollups(Plan(), 1))
    keeper.put_back(GAUGE + b"all", msgspec.msgpack.encode({0: Gauge(waiting=1)}))
    keeper.put_back(GAUGE + b"all", None)
    keeper.begin(1, set(), set())
    assert keeper.state.gauge("all") == Gauge()


def test_what_a_new_owner_does_not_count_is_no_backlog_any_more() -> None:
    state = Rollups(Plan(), 1)
    assert snapshot(told(state, chunk(0, NOON_MS, waiting=3))).gauge["waiting"] == 3
    taken_over = told(state, chunk(0, NOON_MS, epoch=1))
    assert snapshot(taken_over).gauge["waiting"] == 0


def test_a_subject_that_is_new_within_a_minute_has_windows_that_begin_where_all_do() -> None:
    state = Rollups(Plan(), 1)
    told(state, chunk(0, NOON_MS + 1))
    row = snapshot(told(state, chunk(1, NOON_MS + 2, pane(NOON_MS - 50 * MINUTE_MS))))
    assert row.windows["1m"].start_ms == rolling_start_ms(MINUTE_MS, NOON_MS + 2)
    assert (row.windows["1m"].tally, row.windows["1h"].tally) == ({}, {4096: 1})
    assert "business_day" in row.windows


def test_the_last_word_of_a_backlog_is_that_it_is_empty() -> None:
    state = Rollups(Plan(), 1)
    told(state, chunk(0, NOON_MS, waiting=1))
    told(state, chunk(1, NOON_MS + MINUTE_MS))
    published = told(state, chunk(2, NOON_MS + 2 * MINUTE_MS, waiting=0))
    assert snapshot(published).gauge["waiting"] == 0
    deleted = told(state, chunk(3, NOON_MS + 3 * MINUTE_MS))
    assert state.subjects == {}
    assert (GAUGE + b"all", None) in deleted.log


def test_a_quarter_is_forgotten_when_no_window_can_want_it() -> None:
    state = Rollups(Plan(), 1)
    told(state, chunk(0, NOON_MS, pane(NOON_MS), pane(NOON_MS, QUARTER_MS)))
    told(state, chunk(1, NOON_MS + 3 * HOUR_MS))
    assert (list(state.quarters), len(state.parts)) == ([("all", NOON_MS)], 1)
    told(state, chunk(2, NOON_MS + COARSE_KEPT_MS + 2 * MINUTE_MS))
    assert not state.quarters and not state.parts
