"""``watchfloor chart``: what is drawn is what is known, and no more."""

from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from matplotlib.figure import Figure

from sinks import charting
from sinks.view_series import Point, Series, Steps, series
from tests.admin.conftest import Run

HOUR_MS = 3_600_000
START_MS = 1_772_438_400_000
STEPS = Steps(START_MS, START_MS + 6 * HOUR_MS, HOUR_MS, START_MS + 6 * HOUR_MS)
WORDS = charting.Words("Yield", "by queue", "fraction", "UTC")
RANGE = ("--from", "2026-03-02T08:00", "--to", "2026-03-02T14:00", "--step", "1h")


def _drawn(points: tuple[Point, ...], steps: Steps = STEPS) -> Figure:
    return charting.draw([Series("faces", points)], steps, UTC, WORDS)


def _row(hour: int, value: float | None, n: int) -> dict[str, object]:
    start = datetime.fromtimestamp(START_MS / 1000 + hour * 3600, UTC).replace(tzinfo=None)
    names = {"point_value": value, "point_low": None, "point_high": None, "point_n": n}
    return {"step_start": start, "queue": "faces", **names}


def test_a_step_without_a_row_or_with_an_unknown_value_is_a_gap() -> None:
    (found,) = series([_row(0, 0.5, 4), _row(1, None, 0), _row(4, 0.0, 2)], STEPS)
    assert [point.value for point in found.points] == [0.5, None, None, None, 0.0, None]
    line = _drawn(found.points).axes[0].lines[0]
    drawn = [float(y) for y in line.get_ydata()]  # type: ignore[arg-type, union-attr]  # Floats, as drawn.
    assert [isnan(y) for y in drawn] == [False, True, True, True, False, True]


def test_amounts_of_two_currencies_are_two_lines() -> None:
    rows = [{**_row(0, 9.5, n), "currency": name} for n, name in enumerate(("PHP", "EUR"), 1)]
    assert [each.name for each in series(rows, STEPS)] == ["faces / EUR", "faces / PHP"]


def test_the_subject_with_the_most_observations_comes_first() -> None:
    few, many = _row(0, 0.5, 4), {**_row(1, 0.5, 9), "queue": "text"}
    assert [each.name for each in series([few, many], STEPS)] == ["text", "faces"]


@pytest.mark.parametrize(("known_h", "is_hatched"), [(6, False), (5.5, True)])
def test_a_last_step_that_was_not_over_is_hatched(known_h: float, is_hatched: bool) -> None:
    points = tuple(Point(ms, 0.5, 0.4, 0.6, 3) for ms in STEPS.starts_ms)
    steps = Steps(STEPS.from_ms, STEPS.to_ms, HOUR_MS, int(START_MS + known_h * HOUR_MS))
    figure = _drawn(points, steps)
    hatches = [patch.get_hatch() for axes in figure.axes for patch in axes.patches]
    assert ("///" in hatches) is is_hatched


def test_a_range_that_cuts_its_last_step_off_is_told() -> None:
    steps = Steps(START_MS, START_MS + 5 * HOUR_MS // 2, HOUR_MS, START_MS + 6 * HOUR_MS)
    assert [steps.is_partial(ms) for ms in steps.starts_ms] == [False, False, True]


def test_intervals_are_bands_and_observations_stand_below() -> None:
    points = tuple(Point(ms, 0.5, 0.4, 0.6, 3) for ms in STEPS.starts_ms)
    above, below = _drawn(points).axes
    assert len(above.collections) == 2
    assert [bar.get_height() for bar in below.patches] == [3] * 6  # type: ignore[attr-defined]  # Bars.


def test_nothing_known_is_said() -> None:
    above = _drawn(tuple(Point(ms) for ms in STEPS.starts_ms)).axes[0]
    assert [text.get_text() for text in above.texts] == ["no value is known"]


@pytest.mark.usefixtures("client")
def test_the_picture_names_metric_zone_and_subjects(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "yield.svg"
    asked = ("--metric", "first_pass_yield", "--grouping", "queue", "--tz", "Asia/Manila")
    span = ("--from", "2026-03-02T16:00", "--to", "2026-03-02T22:00", "--step", "1h")
    ran = run("chart", "review_yield", *span, *asked, "--out", str(out))
    assert ran.code == 0, ran.err
    assert "3 series, 15 values" in ran.out
    text = out.read_text()
    for words in ("First-pass yield", "Asia/Manila (UTC+0800", "it&#x27;s", "n 100", "hatched"):
        assert words.replace("&#x27;", "'") in text.replace("&#x27;", "'").replace("&apos;", "'")
    assert ZoneInfo("Asia/Manila").key in text
    first = out.read_bytes()
    assert run("chart", "review_yield", *span, *asked, "--force", "--out", str(out)).code == 0
    assert out.read_bytes() == first


@pytest.mark.usefixtures("client")
def test_a_view_with_a_row_for_each_metric_is_drawn_too(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "t.png"
    ran = run("chart", "metric_values", *RANGE, "--metric", "throughput", "--out", str(out))
    assert ran.code == 0, ran.err
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("client")
def test_a_share_that_may_drift_is_drawn_from_its_moment_on(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "drift.svg"
    asked = ("--metric", "first_pass_yield", "--grouping", "queue", "--at", "2026-03-02T10:00")
    ran = run("chart", "drift", *RANGE, *asked, "--out", str(out))
    assert ran.code == 0, ran.err
    assert "3 series, 9 values" in ran.out


@pytest.mark.usefixtures("client")
def test_bad_input_is_told_and_draws_nothing(run: Run, tmp_path: Path) -> None:
    for arguments, words in (
        (("throughput", "--metric", "moon", *RANGE), "metrics: arrival_rate"),
        (("backlog_now",), "no steps over time"),
        (("drift", *RANGE), "drift needs --at"),
        (("throughput", "--from", "2020-01-01", "--to", "2026-01-01", "--step", "1m"), "at most"),
    ):
        ran = run("chart", *arguments, "--out", str(tmp_path / "x.svg"))
        assert ran.code == 2
        assert words in ran.err
    assert run("chart", "throughput", *RANGE, "--out", str(tmp_path / "x.gif")).code == 2
    assert list(tmp_path.iterdir()) == []
