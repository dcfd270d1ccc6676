"""A window is the sum of its panes, at any time and after any restatement."""

from random import Random

import pytest

from schemas.measures import Tally, add, merged, subtract
from streams.core.plan import MINUTE_MS, QUARTER_MS
from streams.core.windows import FINE_MS, ROLLING_MS, Windows, rolling_start_ms

START_MS = 1_760_000_000_000 - 1_760_000_000_000 % QUARTER_MS


def drawn(rng: Random) -> Tally:
    return {rng.randrange(1, 6) << 12: rng.choice((-2, 1, 3)) for _ in range(3)}


@pytest.mark.parametrize("seed", range(12))
def test_every_window_is_the_sum_of_the_panes_since_its_start(seed: int) -> None:
    rng = Random(seed)
    windows, panes, end_ms = Windows(), dict[tuple[int, int], Tally](), START_MS
    for _ in range(120):
        for _ in range(rng.randrange(4)):
            late = rng.random() < 0.2
            size_ms = QUARTER_MS if late else MINUTE_MS
            back_ms = (
                rng.randrange(2 * 3_600_000, 3 * 86_400_000) if late else rng.randrange(FINE_MS)
            )
            start_ms = end_ms - back_ms - (end_ms - back_ms) % size_ms
            delta = drawn(rng)
            add(panes.setdefault((start_ms, size_ms), {}), delta)
            windows.change(start_ms, size_ms, delta)
        end_ms += rng.choice((1_000, 59_000, 61_000, 900_000, 4_000_000))
        day_ms = end_ms - end_ms % 86_400_000
        windows.advance(end_ms, {"business_day": day_ms})
        for name in windows.names:
            window = windows.read(name, end_ms)
            inside = [tally for (at, _), tally in panes.items() if at >= window.start_ms]
            assert dict(window.tally) == merged(inside), name


def test_windows_begin_on_whole_minutes_and_quarters_at_or_before_their_length() -> None:
    end_ms = START_MS + 50_700
    for name, length_ms in ROLLING_MS.items():
        start_ms = rolling_start_ms(length_ms, end_ms)
        step_ms = MINUTE_MS if length_ms <= FINE_MS else QUARTER_MS
        assert start_ms % step_ms == 0, name
        assert length_ms <= end_ms - start_ms < length_ms + step_ms, name


def test_a_shift_that_ended_is_no_longer_a_window() -> None:
    windows = Windows()
    windows.change(START_MS, MINUTE_MS, {4096: 1})
    windows.advance(START_MS + 1, {"shift": START_MS})
    assert "shift" in windows.names
    windows.advance(START_MS + MINUTE_MS, {})
    assert "shift" not in windows.names


def test_tallies_merge_in_any_order_and_can_be_taken_away_again() -> None:
    rng = Random(7)
    parts = [drawn(rng) for _ in range(50)]
    total = merged(parts)
    rng.shuffle(parts)
    assert merged(parts) == total
    for part in parts:
        subtract(total, part)
    assert total == {}


def test_what_changes_where_an_empty_window_was_told_is_told() -> None:
    windows, t0 = Windows(), 1_760_000_040_000
    windows.advance(t0, {})
    windows.tell("1m", t0)
    windows.changed.clear()
    windows.advance(t0 + 3 * MINUTE_MS, {})
    assert "1m" not in windows.changed
    windows.change(t0 - MINUTE_MS, MINUTE_MS, {4096: 1})
    assert "1m" in windows.changed
    assert windows.tell("1m", t0 + 3 * MINUTE_MS).tally == {}
    windows.changed.clear()
    windows.change(t0 - MINUTE_MS, MINUTE_MS, {4096: 1})
    assert "1m" not in windows.changed
