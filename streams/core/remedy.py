"""When the next deadline will be missed at the present pace, and what would save it.

Running clocks are served in the order of their deadlines (no order misses fewer) at the pace of
the window. The k-th is done when ``k`` are; the first whose deadline comes before is the next
breach. The remedy is the least number of people for whom no deadline comes too early, and how long
they are needed. Backlog queues only: where people wait for work, use Erlang C.

Integers up to the last division, so SQL says the same to the last digit.
"""

from bisect import bisect_right
from typing import Literal, NamedTuple, assert_never

from schemas.deadlines import DueLine

#: Share of the time at work that goes into items: 17 of 20. More of it for long wears people out.
OCCUPANCY = (17, 20)


class Pace(NamedTuple):
    """How work goes: ``done`` clocks were stopped in ``span_ms``, ``effort_ms`` went into items."""

    done: int
    span_ms: int
    effort_ms: int
    efforts: int


def foretell(
    tells: Literal["next_breach", "breaches", "people", "people_for"], line: DueLine, pace: Pace
) -> float | None:
    """What a metric says: minutes, clocks or people.

    None: there will be no breach, or nobody knows what an item takes.
    """
    done, span_ms, effort_ms, efforts = pace
    match tells:
        case "next_breach":
            breach_ms = next_breach_ms(line, done, span_ms)
            return None if breach_ms is None else float(breach_ms) / 60_000
        case "breaches":
            return float(breaches(line, done, span_ms))
        case "people_for":
            return float(people_for_ms(line)) / 60_000
        case "people":
            if not line.steeper:
                return 0.0
            known = effort_ms > 0 and efforts > 0
            return float(people(line, effort_ms // efforts)) if known else None
        case _:
            assert_never(tells)


def at_risk(line: DueLine, within_ms: float) -> int:
    """Clocks whose deadline comes within the time that one item takes: who begins now is late.

    ``within_ms`` is the present p90 of handle time. Known to the minute.
    """
    n = bisect_right(line.left_ms, within_ms)
    return line.upto[n - 1] if n else 0


def next_breach_ms(line: DueLine, done: int, span_ms: int) -> int | None:
    """Time to the next breach; 0 within this minute, None when all deadlines will be met."""
    if line.passing:
        return 0
    for left_ms, queued in line.steeper:
        if queued * span_ms > done * left_ms:
            return left_ms
    return None


def breaches(line: DueLine, done: int, span_ms: int) -> int:
    """How many clocks will miss their deadline; those of this minute are not among them."""
    if not line.steeper or line.steeper[-1][1] * span_ms <= done * line.steeper[-1][0]:
        return 0
    late = before = 0
    for left_ms, upto in zip(line.left_ms, line.upto, strict=True):
        if left_ms > 0:
            queued = upto - line.passing
            late += max(0, queued - max(done * left_ms // span_ms, before))
            before = queued
    return late


def people(line: DueLine, handle_ms: int) -> int:
    """The least number of people, in all, who save every clock that can still be saved.

    ``handle_ms`` is the time that one item takes one person.
    """
    if not line.steeper:
        return 0
    left_ms, queued = line.steeper[-1]
    part, whole = OCCUPANCY
    return -(-queued * handle_ms * whole // (left_ms * part))


def people_for_ms(line: DueLine) -> int:
    """How long they are needed: up to the deadline that asks for most."""
    return line.steepest_ms
