"""Reads the times that exports write: several formats in order, zones, daylight saving.

All results are UTC milliseconds. A local time that daylight saving skipped, or that happened
twice, is refused rather than guessed, unless the mapping says which one to take.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

Ambiguous = Literal["refuse", "earlier", "later"]
NAMED_FORMATS = ("iso8601", "epoch_s", "epoch_ms")

# Python's own %Z knows only UTC and the machine's zone. PST and PDT are fixed offsets here: the
# name says whether daylight saving holds, so no calendar is needed.
ZONE_OFFSETS_H = {
    "UTC": 0,
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
}
_ZONE_NAME = re.compile(r"(?<![A-Za-z])[A-Z]{3,4}(?![A-Za-z])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEAR_MAX_MS = 4_102_444_800_000  # 2100-01-01: what lies beyond is a wrong unit, not a time.


class BadTime(Exception):
    """No listed format reads the text; the message never repeats it."""


class TimeReader:
    """Reads a text as UTC ms by the first of its formats that fits."""

    def __init__(self, formats: tuple[str, ...], zone: str, ambiguous: Ambiguous) -> None:
        self._readers = tuple(_reader_of(pattern) for pattern in formats)
        self._formats = formats
        self._zone = ZoneInfo(zone)
        self._ambiguous = ambiguous

    def read(self, text: str) -> int:
        """Returns UTC ms; raises :class:`BadTime` when no format fits."""
        for reader in self._readers:
            try:
                found = reader(text)
            except (ValueError, OverflowError):
                continue
            moment = found if isinstance(found, int) else self._utc_ms(found)
            if not 0 <= moment < _YEAR_MAX_MS:
                raise BadTime("the time is before 1970 or after 2099")
            return moment
        raise BadTime("fits none of the formats " + ", ".join(self._formats))

    def _utc_ms(self, moment: datetime) -> int:
        if moment.tzinfo is None:
            moment = self._placed(moment, self._zone)
        return (moment - _EPOCH) // _MS

    def _placed(self, local: datetime, zone: tzinfo) -> datetime:
        first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return first.astimezone(UTC)
        if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            raise BadTime(f"daylight saving skipped this local time in {zone}")
        if self._ambiguous == "refuse":
            raise BadTime(f"this local time happened twice in {zone}; set `ambiguous`")
        return (first if self._ambiguous == "earlier" else second).astimezone(UTC)


def check_format(pattern: str) -> None:
    """Raises ValueError when ``pattern`` can never read a whole date."""
    if pattern in NAMED_FORMATS:
        return
    if "%" not in pattern:
        raise ValueError(f"unknown time format; use {', '.join(NAMED_FORMATS)} or a % pattern")
    needed = (("%d", "%j", "%x", "%c"), ("%Y", "%y", "%x", "%c"))
    if not all(any(part in pattern for part in parts) for parts in needed):
        raise ValueError("a time format needs a day and a year")
    try:
        datetime.strptime("", pattern)
    except ValueError as error:
        if "does not match" not in str(error):
            raise


def _reader_of(pattern: str) -> Callable[[str], datetime | int]:
    if pattern == "iso8601":
        return _iso
    if pattern in ("epoch_s", "epoch_ms"):
        scale = 1000 if pattern == "epoch_s" else 1
        return lambda text: round(float(text) * scale)
    if "%Z" in pattern:
        bare = pattern.replace("%Z", "%z")
        return lambda text: _strptime(_ZONE_NAME.sub(_offset_text, text, count=1), bare)
    return lambda text: _strptime(text, pattern)


def _iso(text: str) -> datetime:
    # `fromisoformat` takes a bare date as midnight; a date is not a time, so it needs a pattern.
    if len(text) < len("2024-01-01T00:00"):
        raise ValueError("not a date with a time")
    return datetime.fromisoformat(text)


def _offset_text(match: re.Match[str]) -> str:
    hours = ZONE_OFFSETS_H.get(match.group())
    if hours is None:
        raise ValueError("unknown zone name")
    return f"{'-' if hours < 0 else '+'}{abs(hours):02d}00"


@lru_cache(maxsize=4096)
def _strptime(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern)
