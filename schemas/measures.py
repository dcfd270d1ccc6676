"""What a pane counts: every measure with the number that stands for it on the wire.

A *tally* is a flat ``dict[int, int]``: ``measure id << 12 | bin`` to a whole number. Counters use
bin 0; a histogram has one key for each logarithmic bin. One shape makes merging, subtracting,
storing and restating the same few lines for everything that Watchfloor counts.

Numbers are part of the state and wire format: they are never reused and never change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log

BIN_BITS = 12
BIN_MASK = (1 << BIN_BITS) - 1

#: Relative error of a histogram's quantiles: a bin's value is within 1 % of all it holds.
ALPHA = 0.01
GAMMA = (1 + ALPHA) / (1 - ALPHA)
_LOG_GAMMA = log(GAMMA)

Tally = dict[int, int]


class Kind(StrEnum):
    """How the values of a measure are kept."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that panes count; ``comment`` becomes the column's comment in ClickHouse."""

    id: int
    name: str
    comment: str
    kind: Kind = Kind.COUNTER

    @property
    def key(self) -> int:
        """The tally key of a counter, or of a histogram's bin 0."""
        return self.id << BIN_BITS


def _histogram(number: int, name: str, comment: str) -> Measure:
    return Measure(number, name, comment, Kind.HISTOGRAM)


MEASURES: tuple[Measure, ...] = (
    Measure(1, "arrived", "item.queued for the first time (reason new or none)"),
    Measure(2, "requeued", "item.queued again: rework, appeal, escalation, expiry"),
    Measure(3, "submitted", "item.submitted events"),
    Measure(4, "completed", "item.completed events, repeats included"),
    Measure(5, "completed_first", "items that were completed for the first time"),
    Measure(6, "accepted", "reviews that accepted"),
    Measure(7, "accept_retracted", "accepts taken back by a later review or an appeal, when so"),
    Measure(8, "units", "units in submissions that also carry active time"),
    Measure(9, "units_active_ms", "active ms of submissions that carry units"),
    Measure(10, "productive_ms", "ms of productive presence, by presence.changed"),
    Measure(11, "skipped", "item.skipped events"),
    Measure(12, "prelabel_submitted", "submissions that started from a prediction"),
    Measure(13, "prelabel_unedited", "of these, submitted without one edit"),
    Measure(14, "handled", "submissions whose handle time is known"),
    Measure(15, "handle_ms", "sum of handle times in ms: start to submission, holds included"),
    _histogram(16, "handle_hist", "handle times in ms, log bins"),
    Measure(17, "active_ms", "active ms of submissions"),
    Measure(18, "active_n", "submissions whose active time is known"),
    Measure(19, "ratio_active_ms", "active ms of submissions whose elapsed time is known too"),
    Measure(20, "ratio_elapsed_ms", "elapsed ms (start to submission) of the same submissions"),
    Measure(21, "claimed", "item.claimed and item.assigned events"),
    Measure(22, "rework_active_ms", "active ms of submissions of attempt 2 and later"),
    Measure(23, "flow_active_ms", "active ms spent on items until their first completion"),
    Measure(24, "flow_elapsed_ms", "ms from creation to first completion of the same items"),
    _histogram(25, "claim_first_hist", "ms from first queueing to first claim, log bins"),
    _histogram(26, "claim_last_hist", "ms from first queueing to the latest claim, log bins"),
    _histogram(27, "turnaround_hist", "ms from creation to first completion, log bins"),
    Measure(28, "auto_closed", "first completions by a system, kept out of turnaround"),
    Measure(29, "expired", "assignment.expired events"),
    Measure(30, "reviewed", "review.decided events"),
    Measure(31, "rejected", "reviews that rejected"),
    Measure(32, "fixed", "reviews that fixed and accepted"),
    Measure(33, "first_reviewed", "items with a first review"),
    Measure(34, "first_passed", "items whose first review accepted without an edit"),
    Measure(35, "first_fixed", "items whose first review fixed"),
    Measure(36, "rounds", "sum of review rounds up to an item's first accept or fix"),
    Measure(37, "rounds_n", "items that reached their first accept or fix"),
    Measure(38, "golden_n", "golden items answered"),
    Measure(39, "golden_correct", "golden items answered correctly"),
    Measure(40, "golden_tp", "golden answers with this label expected and given"),
    Measure(41, "golden_fp", "golden answers with this label given, another expected"),
    Measure(42, "golden_fn", "golden answers with this label expected, another given"),
    Measure(43, "golden_tn", "golden answers that rightly did not choose this option"),
    Measure(44, "golden_fp_known", "of golden_fp, those whose options are known"),
    Measure(45, "waiting_delta", "items that began to wait less those that ceased"),
    Measure(46, "in_work_delta", "items that came into work less those that left it"),
    Measure(47, "in_review_delta", "items that came into review less those that left it"),
    Measure(48, "open_delta", "items opened less items closed"),
    Measure(49, "labelled", "labels given in submissions"),
    Measure(50, "sla_activated", "SLA clocks started, anew after a reset included"),
    Measure(51, "sla_at_risk", "SLA clocks that came at risk"),
    Measure(52, "sla_breached", "SLA clocks that ran at their deadline, counted there"),
    Measure(53, "sla_breached_cancelled", "of these, cancelled later; counted at the deadline"),
    Measure(54, "sla_fulfilled", "SLA clocks stopped in time"),
    Measure(55, "sla_fulfilled_late", "SLA clocks stopped after their breach"),
    Measure(56, "sla_cancelled", "SLA clocks cancelled by their policy's condition"),
    Measure(57, "sla_superseded", "SLA clocks ended by a reset, another claim or a new version"),
    Measure(58, "sla_overdue_ms", "ms beyond the target of clocks stopped late"),
    Measure(59, "sla_elapsed_ms", "ms that SLA clocks ran, told when they pause or end"),
    Measure(60, "sla_paused_ms", "ms that SLA clocks were paused, told when they go on or end"),
)

BY_NAME: Mapping[str, Measure] = {m.name: m for m in MEASURES}
BY_ID: Mapping[int, Measure] = {m.id: m for m in MEASURES}


def key_of(name: str) -> int:
    """The tally key of a counter (of bin 0 of a histogram); KeyError for an unknown name."""
    return BY_NAME[name].key


def bin_of(duration_ms: int) -> int:
    """The logarithmic bin of a duration in ms; negative durations count as 0.

    Bin 1 holds zero; bin ``i + 2`` holds (gamma^(i-1), gamma^i]. Source: Masson, Rim and Lee,
    DDSketch, VLDB 2019, with alpha = 1 %.
    """
    if duration_ms <= 0:
        return 1
    return ceil(log(duration_ms) / _LOG_GAMMA) + 2


def bin_value_ms(index: int) -> float:
    """The duration that stands for a bin, in ms, within ``ALPHA`` of all that it holds."""
    if index <= 1:
        return 0.0
    return float(2 * GAMMA ** (index - 2) / (GAMMA + 1))


def add(into: Tally, other: Mapping[int, int]) -> None:
    """Add ``other`` to ``into`` in place; keys that come to zero are dropped."""
    for key, n in other.items():
        total = into.get(key, 0) + n
        if total:
            into[key] = total
        else:
            into.pop(key, None)


def subtract(into: Tally, other: Mapping[int, int]) -> None:
    """Take ``other`` away from ``into`` in place; keys that come to zero are dropped."""
    for key, n in other.items():
        total = into.get(key, 0) - n
        if total:
            into[key] = total
        else:
            into.pop(key, None)


def merged(tallies: Iterable[Mapping[int, int]]) -> Tally:
    """The sum of tallies, as a new tally."""
    total: Tally = {}
    for tally in tallies:
        add(total, tally)
    return total


def histogram(tally: Mapping[int, int], name: str) -> dict[int, int]:
    """The bins of one histogram measure in a tally: bin to count."""
    number = BY_NAME[name].id
    return {key & BIN_MASK: n for key, n in tally.items() if key >> BIN_BITS == number}
