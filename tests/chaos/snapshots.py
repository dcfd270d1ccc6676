"""Live snapshots as Redis has them, against sums over the true panes.

A window says itself where it begins; what fell into it since then has to be in it, whenever it
was sent. Long windows are sent once a minute and every subject is whole within five, so what
Redis lost or what is on its way is only asked for at the end (``whole``).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

import redis

from tests.chaos.comparison import Verdict
from tests.chaos.truth import MINUTE_S, Panes, Sent
from tests.oracle.items import standing
from tests.oracle.measures import M
from tests.oracle.metrics import values
from tests.oracle.minutes import GROUPINGS
from tests.oracle.windows import LENGTHS_MS

Snapshot = Mapping[str, Any]
_SEPARATOR = "\x1f"
FINE = ("1m", "5m", "15m", "1h")
_GAUGES = {"waiting": 45, "in_work": 46, "in_review": 47, "open": 48}
#: Of the present, not of the window: compared as gauges.
_OF_GAUGES = ("backlog_", "time_to_clear")


def read(url: str, prefix: str) -> dict[str, Snapshot]:
    """All snapshots of a space by their subject."""
    found: dict[str, Snapshot] = {}
    with redis.Redis.from_url(url, decode_responses=True) as client:
        for key in client.scan_iter(match=f"{prefix}snapshot:*", count=1000):
            fields = client.hgetall(key)
            found[str(key).removeprefix(f"{prefix}snapshot:")] = {
                name: json.loads(text) for name, text in fields.items() if name[:2] != "r:"
            }
    return found


def compare(
    found: Mapping[str, Snapshot], sent: Sent, wanted: Panes, verdict: Verdict, *, whole: bool
) -> None:
    """Every window and every gauge of every snapshot."""
    by_subject: dict[str, list[tuple[int, int, Mapping[int, int]]]] = {}
    for (grouping, dims, start_ms, size_s), tally in wanted.items():
        subject = _SEPARATOR.join((grouping, *dims))
        by_subject.setdefault(subject, []).append((start_ms, size_s, tally))
    levels = _levels(sent)
    for subject, snapshot in found.items():
        panes = by_subject.get(subject, [])
        for name in LENGTHS_MS:
            window = snapshot.get(f"w:{name}")
            if window is not None and (whole or name in FINE):
                for text in _differences(window, _sum(panes, window["start_ms"], name in FINE)):
                    verdict.note(f"snapshot {subject} {name}: {text}")
        if "gauges" in snapshot:
            have = {name: snapshot["gauges"][name] for name in _GAUGES if snapshot["gauges"][name]}
            if have != levels.get(subject, {}):
                verdict.note(f"gauges {subject}: {have}, not {levels.get(subject)}")
    if whole:
        for subject in by_subject:
            missing = {f"w:{name}" for name in LENGTHS_MS} - found.get(subject, {}).keys()
            if missing:
                verdict.note(f"snapshot {subject}: has no {sorted(missing)}")


def _sum(
    panes: list[tuple[int, int, Mapping[int, int]]], start_ms: int, is_fine: bool
) -> dict[int, int]:
    total: Counter[int] = Counter()
    for at_ms, size_s, tally in panes:
        if at_ms >= start_ms and (size_s == MINUTE_S or not is_fine):
            total.update(tally)
    return dict(total)


def _differences(window: Mapping[str, Any], tally: dict[int, int]) -> Iterator[str]:
    """What a window says that its sum does not; an unknown with a cause says nothing."""
    length_ms = round(window["covered"] * (window["end_ms"] - window["start_ms"]))
    if not length_ms:
        return
    for name, value in values(tally, length_ms, {}).items():
        reading = window.get(name)
        if reading is None or name.startswith(_OF_GAUGES):
            continue
        if reading["value"] is None:
            if reading["cause"] is None:
                yield f"{name} is unknown without a cause"
        elif value is None or not isclose(reading["value"], value, rel_tol=1e-6, abs_tol=1e-9):
            yield f"{name} is {reading['value']}, not {value}"


def _levels(sent: Sent) -> dict[str, dict[str, int]]:
    """How many items wait, are worked on, are in review and are open, by subject."""
    names = {measure: name for name, measure in _GAUGES.items()}
    found: dict[str, Counter[str]] = {}
    for row in standing(sent.events.values(), 1 << 60).to_dict("records"):
        for grouping, dims in GROUPINGS.items():
            place = tuple(row[name] for name in dims)
            if None not in place:
                subject = _SEPARATOR.join((grouping, *place))
                found.setdefault(subject, Counter())[names[M(row["gauge"])]] += 1
    return {subject: dict(counted) for subject, counted in found.items()}
