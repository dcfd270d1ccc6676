"""Windows, metrics and item rows of the oracle, against tables done by hand."""

import pytest

from tests.oracle.items import item_rows, standing, survival_quantile_ms
from tests.oracle.measures import M, bin_of, bin_value, key_of
from tests.oracle.metrics import values
from tests.oracle.minutes import minute_rows
from tests.oracle.scripts import MINUTE_MS, decided, event, queued, submitted, turn
from tests.oracle.windows import LENGTHS_MS, levels, window, windows

ALL = ("all", ())


@pytest.mark.parametrize(("ms", "index"), [(0, 1), (1, 2), (2, 37), (1_000, 348)])
def test_bins(ms: int, index: int) -> None:
    assert bin_of(ms) == index
    assert bin_value(index) == pytest.approx(ms, rel=0.0101)


def test_a_window_holds_its_first_minute_and_not_its_end() -> None:
    rows = minute_rows([submitted(minute * MINUTE_MS) for minute in (0, 4, 5)])
    assert window(rows, ALL, 5 * MINUTE_MS, LENGTHS_MS["5m"])[key_of(M.SUBMITTED)] == 2
    assert window(rows, ALL, 6 * MINUTE_MS, LENGTHS_MS["5m"])[key_of(M.SUBMITTED)] == 2
    assert window(rows, ALL, 6 * MINUTE_MS, LENGTHS_MS["1m"])[key_of(M.SUBMITTED)] == 1
    assert windows(rows, 6 * MINUTE_MS, LENGTHS_MS["1m"])[ALL][key_of(M.SUBMITTED)] == 1


def test_metrics_of_a_small_hour() -> None:
    events = [
        event("item.created", 0),
        queued(0),
        turn("item.claimed", 10_000),
        submitted(40_000, active_ms=15_000, unit_count=5),
        turn("item.skipped", 50_000, "a2", reason="x"),
        decided(60_000, "reject"),
        turn("work.started", 62_000),
        submitted(90_000, attempt=2, active_ms=5_000),
        decided(100_000, "accept"),
        event("item.completed", 120_000),
    ]
    rows = minute_rows(events)
    hour = LENGTHS_MS["1h"]
    value = values(window(rows, ALL, hour, hour), hour, levels(rows, hour).get(ALL, {}))
    expected = {
        "throughput": 2.0,
        "units_per_hour": 1_200.0,
        "skip_rate": 1 / 3,
        "handle_time_mean": 29.0,
        "active_ratio": 20 / 58,
        "touches_per_item": 1.0,
        "rework_effort_share": 0.25,
        "flow_efficiency": 20 / 120,
        "first_pass_yield": 0.0,
        "rejection_rate": 0.5,
        "rounds_to_accept": 2.0,
        "backlog_open": 0,
        "net_drain_rate": 1.0,
    }
    assert {name: value[name] for name in expected} == pytest.approx(expected)
    assert value["handle_time_p50"] == pytest.approx(28.0, rel=0.01)
    assert value["handle_time_p90"] == pytest.approx(30.0, rel=0.01)
    assert value["golden_accuracy"] is None
    assert value["time_to_clear"] is None


def test_item_rows_and_who_stands_where() -> None:
    other = {"item_id": "i2"}
    events = [
        event("item.created", 0, due_at=99_000),
        queued(1_000, "old"),
        turn("item.claimed", 2_000),
        submitted(5_000, labels=["spam"], active_ms=700),
        decided(6_000, "accept"),
        queued(7_000, "new", reason="appeal"),
        queued(500, "old") | other,
    ]
    row = item_rows(events).loc[("o", "s", "p", "i1")]
    assert (row["state"], row["queue"], row["due_ms"]) == ("waiting", "new", 99_000)
    assert (row["handle_ms"], row["active_ms"], row["outcome"]) == (3_000, 700, "accept")
    assert (row["annotator"], row["labels"], row["events"]) == ("ann", ("spam",), 6)
    now = standing(events, 8_000)
    waiting = now[now["gauge"] == M.WAITING_DELTA]
    assert sorted(waiting["since_ms"]) == [500, 7_000]
    assert sorted(waiting["queue"]) == ["new", "old"]


def test_survival_waits_for_the_open_items() -> None:
    assert survival_quantile_ms([1, 2, 3, 4], [], 0.5) == 2
    assert survival_quantile_ms([1, 2], [9, 9, 9], 0.5) is None
    assert survival_quantile_ms([2, 4], [3], 0.5) == 4
