"""Tests of rules as they are written, in promtool's vocabulary."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictInt, StrictStr

from schemas.rules import DurationMs, Name, Part

_SERIES = re.compile(r"([a-z_][a-z0-9_]*)(?:\{(.*)\})?")
_LABEL = re.compile(r'\s*([a-z_]+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_VALUE = re.compile(r"(-?[0-9.]+(?:e-?\d+)?)(?:([+-][0-9.]+(?:e-?\d+)?))?(?:x(\d+))?|_(?:x(\d+))?")

SAMPLES_MAX = 100_000


def expanded(text: str) -> list[float | None]:
    """Promtool's notation of values: ``1 2x3 0+10x5 _x4``; ``axn`` has n + 1 values, ``_`` none.

    Raises ValueError for anything else.
    """
    values: list[float | None] = []
    for word in text.split():
        match = _VALUE.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no value: write 1, 1x5, 0+10x5, _ or _x5")
        start, by, times, gaps = match.groups()
        if start is None:
            values += [None] * int(gaps or 1)
        else:
            step, count = float(by or 0), int(times or 0)
            values += [float(start) + step * number for number in range(count + 1)]
        if len(values) > SAMPLES_MAX:
            raise ValueError(f"more than {SAMPLES_MAX} values")
    return values


def series_of(text: str) -> tuple[str, dict[str, str]]:
    """The name and dimensions of ``throughput{org="acme", queue="q1"}``; ValueError else."""
    match = _SERIES.fullmatch(text.strip())
    inside = (match.group(2) or "") if match else ""
    labels, at = {}, 0
    while match and at < len(inside):
        label = _LABEL.match(inside, at)
        if label is None:
            break
        labels[label.group(1)] = re.sub(r"\\(.)", r"\1", label.group(2))
        at = label.end()
    if match is None or at < len(inside.rstrip()):
        raise ValueError(f'{text!r} is no series: write throughput{{org="acme", queue="q1"}}')
    return match.group(1), labels


def _is_series(text: str) -> str:
    series_of(text)
    return text


def _are_values(text: str) -> str:
    expanded(text)
    return text


def _has_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone: 2026-03-02T00:00:00Z")
    return moment


Values = Annotated[StrictStr, AfterValidator(_are_values)]
Moment = Annotated[datetime, AfterValidator(_has_zone)]
START = datetime(2026, 3, 2, tzinfo=UTC)


class InputSeries(Part):
    """What is known over time: a metric's or signal's value, or how much a measure counts.

    A value of a metric is over the rule's window as it stands then, ``n`` the observations behind
    it. A measure counts its values, one per interval, and windows are made from them.
    """

    series: Annotated[StrictStr, AfterValidator(_is_series)]
    values: Values
    n: StrictInt | Values = 100


class ExpectedAlert(Part):
    """One alert that fires; annotations that are not named are not compared."""

    exp_labels: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    exp_annotations: dict[StrictStr, StrictStr] = Field(default_factory=dict)


class AlertTest(Part):
    """What fires of one rule at a time after the start; nothing when ``exp_alerts`` is empty."""

    eval_time: DurationMs
    alertname: Name
    exp_alerts: tuple[ExpectedAlert, ...] = ()


class RuleTest(Part):
    """One story: what comes in, and what fires when. ``events`` go through the whole core."""

    name: StrictStr = ""
    interval: DurationMs = Field(60_000, gt=0)
    start: Moment = START
    input_series: tuple[InputSeries, ...] = ()
    events: tuple[dict[StrictStr, Any], ...] = ()
    alert_rule_test: tuple[AlertTest, ...] = Field(min_length=1)


class TestsFile(Part):
    """A whole file of tests; the rules lie beside it."""

    __test__ = False

    rule_files: tuple[StrictStr, ...] = Field(("rules.yaml",), min_length=1, max_length=1)
    evaluation_interval: DurationMs = Field(60_000, ge=1000)
    tests: tuple[RuleTest, ...] = Field(min_length=1)
