"""A metric over time as a picture. Needs matplotlib: the extra ``charts``.

Intervals are bands, observations stand below, the zone stands on the axis. What is unknown is a
gap in the line, and a last step that was not over is hatched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from math import nan
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinks.view_series import Series, Steps, last_known

SERIES_MAX = 8
#: Colours that people with any colour vision tell apart. Source: Okabe and Ito, 2008.
_COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#8A7A00",
)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Words:
    """What is written on a chart."""

    title: str
    subtitle: str
    unit: str
    zone_name: str
    notes: tuple[str, ...] = ()


def draw(found: Sequence[Series], steps: Steps, zone: tzinfo, words: Words) -> Figure:
    """The picture of at most ``SERIES_MAX`` series, those with the most observations."""
    # Text as text, and the same bytes for the same numbers.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "watchfloor"})
    figure = Figure(figsize=(10, 6), layout="constrained")
    above, below = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": (4, 1)}, squeeze=True
    )
    known = [each for each in found if any(point.value is not None for point in each.points)]
    shown = known[:SERIES_MAX]
    for each, colour in zip(shown, _COLOURS, strict=False):
        _line(above, each, steps, colour)
    _observations(below, shown, steps)
    notes = [*words.notes, *_hatch((above, below), found, steps)]
    if len(known) > len(shown):
        notes.append(f"{len(known) - len(shown)} more with fewer observations are left out")
    if len(found) > len(known):
        notes.append(f"{len(found) - len(known)} without any known value")
    _write(figure, (above, below), words, notes)
    if shown:
        above.legend(loc="best", frameon=False, fontsize="small")
    else:
        above.text(0.5, 0.5, "no value is known", transform=above.transAxes, ha="center")
    _time_axis(below, steps, zone, words)
    return figure


def save(figure: Figure, path: Path, shape: Literal["svg", "png"]) -> None:
    """Write the picture; raises OSError."""
    # Without a date, so that the same numbers give the same file.
    metadata = {"Date": None} if shape == "svg" else {}
    figure.savefig(path, format=shape, dpi=150, metadata=metadata)


def _days(t_ms: float) -> float:
    """Matplotlib's dates are days since 1970."""
    return t_ms / _DAY_MS


def _line(axes: Axes, each: Series, steps: Steps, colour: str) -> None:
    middles = [_days(point.start_ms + steps.step_ms / 2) for point in each.points]
    values = [nan if point.value is None else point.value for point in each.points]
    axes.plot(middles, values, color=colour, marker="o", markersize=3, linewidth=1.4)
    axes.lines[-1].set_label(f"{each.name} (n {each.n})")
    low = [nan if point.low is None else point.low for point in each.points]
    high = [nan if point.high is None else point.high for point in each.points]
    if any(point.low is not None for point in each.points):
        axes.fill_between(middles, low, high, color=colour, alpha=0.15, linewidth=0)
        # A band needs two neighbours: a lonely point shows its interval as a line.
        axes.vlines(middles, low, high, color=colour, alpha=0.35, linewidth=1)


def _observations(axes: Axes, shown: Sequence[Series], steps: Steps) -> None:
    starts = [_days(ms) for ms in steps.starts_ms]
    bottom = [0] * len(starts)
    for each, colour in zip(shown, _COLOURS, strict=False):
        counts = [point.n for point in each.points]
        axes.bar(
            starts, counts, width=_days(steps.step_ms), bottom=bottom, color=colour, align="edge"
        )
        bottom = [low + n for low, n in zip(bottom, counts, strict=True)]
    axes.set_ylabel("n")


def _hatch(both: Sequence[Axes], found: Sequence[Series], steps: Steps) -> list[str]:
    last_ms = last_known(found)
    if last_ms is None or not steps.is_partial(last_ms):
        return []
    for axes in both:
        axes.axvspan(
            _days(last_ms),
            _days(last_ms + steps.step_ms),
            facecolor="none",
            edgecolor="#999999",
            hatch="///",
            linewidth=0,
        )
    return ["hatched: the step was not over"]


def _write(figure: Figure, both: Sequence[Axes], words: Words, notes: Sequence[str]) -> None:
    above, _ = both
    figure.suptitle(words.title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    above.set_title(words.subtitle, loc="left", fontsize=9, color="#555555")
    above.set_ylabel(words.unit)
    if notes:
        figure.supxlabel("; ".join(notes), x=0.01, ha="left", fontsize=8, color="#555555")
    for axes in both:
        axes.grid(visible=True, color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)


def _time_axis(axes: Axes, steps: Steps, zone: tzinfo, words: Words) -> None:
    axes.set_xlim(_days(steps.from_ms), _days(steps.to_ms))
    locator = dates.AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]  # matplotlib types half of itself.
    axes.xaxis.set_major_locator(locator)
    formatter = dates.ConciseDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]  # The same.
    axes.xaxis.set_major_formatter(formatter)
    at = datetime.fromtimestamp(steps.from_ms / 1000, UTC).astimezone(zone)
    axes.set_xlabel(f"{words.zone_name} (UTC{at:%z} at the start)")
