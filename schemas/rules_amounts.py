"""Durations and thresholds as people write them: ``5m``, ``1h30m``, ``95%``, ``30m`` of waiting.

A number alone is in the metric's own unit; a duration alone is never taken for seconds.
"""

import re

from schemas.metrics import Unit

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d+)(ms|[smhdw])")
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdw]))+")
#: Units of time that a metric may be counted in, in ms.
_TIME_UNIT_MS = {Unit.SECONDS: 1000, Unit.MINUTES: 60_000, Unit.HOURS: 3_600_000}

DURATION_MS_MAX = 400 * 86_400_000


def duration_ms(text: object) -> int:
    """A duration such as ``90s``, ``5m`` or ``1h30m`` in ms; ValueError when it is none."""
    if type(text) is int and text == 0:
        return 0
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write 30s, 5m, 1h30m or 2d")
    total = sum(int(n) * _UNIT_MS[unit] for n, unit in _PART.findall(text))
    if total > DURATION_MS_MAX:
        raise ValueError(f"{text} is longer than 400 days")
    return total


def duration_text(length_ms: int) -> str:
    """A duration as ``duration_ms`` reads it, in the largest units that fit."""
    parts, rest = [], length_ms
    for unit in ("d", "h", "m", "s", "ms"):
        n, rest = divmod(rest, _UNIT_MS[unit])
        if n:
            parts.append(f"{n}{unit}")
    return "".join(parts) or "0s"


def amount(raw: float | str, unit: Unit) -> float:
    """A threshold in a metric's unit.

    A plain number is in that unit; ``95%`` is for fractions, a duration for metrics of time.
    Raises ValueError, with what would be accepted, for anything else.
    """
    if not isinstance(raw, str):
        return float(raw)
    if raw.endswith("%") and unit is Unit.FRACTION:
        return _number(raw[:-1], unit) / 100
    if unit in _TIME_UNIT_MS and _DURATION.fullmatch(raw):
        return duration_ms(raw) / _TIME_UNIT_MS[unit]
    return _number(raw, unit)


def _number(text: str, unit: Unit) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no amount of {unit.value}: {_accepted(unit)}") from None


def _accepted(unit: Unit) -> str:
    if unit is Unit.FRACTION:
        return "write 0.95 or 95%"
    if unit in _TIME_UNIT_MS:
        return f"write a number of {unit.value}, or 90s, 30m, 2h"
    return "write a plain number"
