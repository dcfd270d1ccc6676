"""Numbers of the measures and the bins of durations, written from the definitions alone.

Nothing here is imported from the product: the oracle must be able to disagree with it.
"""

from enum import IntEnum
from math import ceil, log

GAMMA = 1.01 / 0.99


class M(IntEnum):
    """Every measure of a tally, by its number on the wire."""

    ARRIVED = 1
    REQUEUED = 2
    SUBMITTED = 3
    COMPLETED = 4
    COMPLETED_FIRST = 5
    ACCEPTED = 6
    ACCEPT_RETRACTED = 7
    UNITS = 8
    UNITS_ACTIVE_MS = 9
    PRODUCTIVE_MS = 10
    SKIPPED = 11
    PRELABEL_SUBMITTED = 12
    PRELABEL_UNEDITED = 13
    HANDLED = 14
    HANDLE_MS = 15
    HANDLE_HIST = 16
    ACTIVE_MS = 17
    ACTIVE_N = 18
    RATIO_ACTIVE_MS = 19
    RATIO_ELAPSED_MS = 20
    CLAIMED = 21
    REWORK_ACTIVE_MS = 22
    FLOW_ACTIVE_MS = 23
    FLOW_ELAPSED_MS = 24
    CLAIM_FIRST_HIST = 25
    CLAIM_LAST_HIST = 26
    TURNAROUND_HIST = 27
    AUTO_CLOSED = 28
    EXPIRED = 29
    REVIEWED = 30
    REJECTED = 31
    FIXED = 32
    FIRST_REVIEWED = 33
    FIRST_PASSED = 34
    FIRST_FIXED = 35
    ROUNDS = 36
    ROUNDS_N = 37
    GOLDEN_N = 38
    GOLDEN_CORRECT = 39
    GOLDEN_TP = 40
    GOLDEN_FP = 41
    GOLDEN_FN = 42
    GOLDEN_TN = 43
    GOLDEN_FP_KNOWN = 44
    WAITING_DELTA = 45
    IN_WORK_DELTA = 46
    IN_REVIEW_DELTA = 47
    OPEN_DELTA = 48
    LABELLED = 49


def bin_of(duration_ms: int) -> int:
    """The bin of a duration in ms: 1 for zero, else ``ceil(log_gamma(x)) + 2``."""
    return 1 if duration_ms == 0 else ceil(log(duration_ms) / log(GAMMA)) + 2


def bin_value(index: int) -> float:
    """The duration in ms that a bin stands for."""
    return 0.0 if index == 1 else 2 * GAMMA ** (index - 2) / (GAMMA + 1)


def key_of(measure: M, duration_ms: int | None = None) -> int:
    """The tally key: ``measure << 12 | bin``, bin 0 unless a duration is given."""
    return measure << 12 | (0 if duration_ms is None else bin_of(duration_ms))
