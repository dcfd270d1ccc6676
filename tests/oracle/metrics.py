"""Values of the metrics, by plain formulas over one window's tally.

A value is None where its denominator is nothing; whether enough was seen to publish a value,
and the interval around it, is not the oracle's business. Shares are in 0..1, times as named.
"""

from math import ceil

from tests.oracle.measures import M, bin_value
from tests.oracle.scene import MINUTE_MS
from tests.oracle.windows import HOUR_MS, Tally


def values(tally: Tally, length_ms: int, level: Tally) -> dict[str, float | None]:
    """Every metric that one tally gives; ``level`` holds the gauges at the window's end."""

    def n(measure: M) -> int:
        return tally.get(measure << 12, 0)

    hours = length_ms / HOUR_MS
    return {
        **_throughput(tally, hours),
        **_efficiency(tally),
        **_quality(tally),
        **_review(tally),
        **_backlog(tally, length_ms, level),
        "net_drain_rate": (n(M.SUBMITTED) - n(M.ARRIVED)) / hours,
        "net_drain_rate_open": -n(M.OPEN_DELTA) / hours,
        "expiry_rate": ratio(n(M.EXPIRED), n(M.CLAIMED)),
    }


def ratio(above: float, below: float) -> float | None:
    """``above / below``, None when there is nothing below."""
    return above / below if below else None


def quantile_ms(tally: Tally, measure: M, q: float) -> float | None:
    """The value of the bin that holds the ``ceil(q * n)``-th duration, counted from 1.

    The nearest rank, which is also what ClickHouse's quantileExactWeighted takes.
    """
    bins = sorted(
        index
        for key, count in tally.items()
        if key >> 12 == measure
        for index in [key & 0xFFF] * count
    )
    return bin_value(bins[ceil(q * len(bins)) - 1]) if bins else None


def _seconds(value_ms: float | None) -> float | None:
    return None if value_ms is None else value_ms / 1000


def _throughput(tally: Tally, hours: float) -> dict[str, float | None]:
    def n(measure: M) -> int:
        return tally.get(measure << 12, 0)

    return {
        "arrival_rate": n(M.ARRIVED) / hours,
        "requeue_rate": n(M.REQUEUED) / hours,
        "throughput": n(M.SUBMITTED) / hours,
        "completion_rate": n(M.COMPLETED) / hours,
        "completion_rate_unique": n(M.COMPLETED_FIRST) / hours,
        "net_accepted": n(M.ACCEPTED) - n(M.ACCEPT_RETRACTED),
        "units_per_hour": ratio(n(M.UNITS), n(M.UNITS_ACTIVE_MS) / HOUR_MS),
        "items_per_productive_hour": ratio(n(M.SUBMITTED), n(M.PRODUCTIVE_MS) / HOUR_MS),
        "review_rate": n(M.REVIEWED) / hours,
        "review_rate_accept": n(M.ACCEPTED) / hours,
        "review_rate_reject": n(M.REJECTED) / hours,
        "review_rate_fix": n(M.FIXED) / hours,
        "skip_rate": ratio(n(M.SKIPPED), n(M.SKIPPED) + n(M.SUBMITTED)),
        "prelabel_acceptance": ratio(n(M.PRELABEL_UNEDITED), n(M.PRELABEL_SUBMITTED)),
    }


def _efficiency(tally: Tally) -> dict[str, float | None]:
    def n(measure: M) -> int:
        return tally.get(measure << 12, 0)

    quantiles = {
        f"{name}_p{percent}": _seconds(quantile_ms(tally, measure, percent / 100))
        for name, measure, percents in (
            ("handle_time", M.HANDLE_HIST, (50, 90, 95)),
            ("time_to_first_claim", M.CLAIM_FIRST_HIST, (50, 90)),
            ("time_to_last_claim", M.CLAIM_LAST_HIST, (50, 90)),
            ("turnaround", M.TURNAROUND_HIST, (50, 90)),
        )
        for percent in percents
    }
    return quantiles | {
        "handle_time_mean": _seconds(ratio(n(M.HANDLE_MS), n(M.HANDLED))),
        "active_time": n(M.ACTIVE_MS) / HOUR_MS if n(M.ACTIVE_N) else None,
        "active_time_mean": _seconds(ratio(n(M.ACTIVE_MS), n(M.ACTIVE_N))),
        "active_ratio": ratio(n(M.RATIO_ACTIVE_MS), n(M.RATIO_ELAPSED_MS)),
        "touches_per_item": ratio(n(M.CLAIMED), n(M.COMPLETED_FIRST)),
        "rework_effort_share": ratio(n(M.REWORK_ACTIVE_MS), n(M.ACTIVE_MS)),
        "flow_efficiency": ratio(n(M.FLOW_ACTIVE_MS), n(M.FLOW_ELAPSED_MS)),
        "auto_closed_share": ratio(n(M.AUTO_CLOSED), n(M.COMPLETED_FIRST)),
    }


def _quality(tally: Tally) -> dict[str, float | None]:
    tp, fp, fn, tn, fp_known = (
        tally.get(measure << 12, 0)
        for measure in (M.GOLDEN_TP, M.GOLDEN_FP, M.GOLDEN_FN, M.GOLDEN_TN, M.GOLDEN_FP_KNOWN)
    )
    right, answered = tally.get(M.GOLDEN_CORRECT << 12, 0), tally.get(M.GOLDEN_N << 12, 0)
    return {
        "golden_accuracy": ratio(right, answered),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "false_positive_rate": ratio(fp_known, fp_known + tn),
        "false_negative_rate": ratio(fn, fn + tp),
    }


def _review(tally: Tally) -> dict[str, float | None]:
    def n(measure: M) -> int:
        return tally.get(measure << 12, 0)

    return {
        "first_pass_yield": ratio(n(M.FIRST_PASSED), n(M.FIRST_REVIEWED)),
        "first_fix_share": ratio(n(M.FIRST_FIXED), n(M.FIRST_REVIEWED)),
        "acceptance_rate": ratio(n(M.ACCEPTED), n(M.REVIEWED)),
        "rejection_rate": ratio(n(M.REJECTED), n(M.REVIEWED)),
        "fix_rate": ratio(n(M.FIXED), n(M.REVIEWED)),
        "rounds_to_accept": ratio(n(M.ROUNDS), n(M.ROUNDS_N)),
    }


def _backlog(tally: Tally, length_ms: int, level: Tally) -> dict[str, float | None]:
    at_end = {
        "waiting": M.WAITING_DELTA,
        "in_work": M.IN_WORK_DELTA,
        "in_review": M.IN_REVIEW_DELTA,
        "open": M.OPEN_DELTA,
    }
    backlog: dict[str, float | None] = {
        f"backlog_{name}": level.get(measure << 12, 0) for name, measure in at_end.items()
    }
    clear = {"time_to_clear": M.OPEN_DELTA, "time_to_clear_waiting": M.WAITING_DELTA}
    for name, measure in clear.items():
        drained = -tally.get(measure << 12, 0)
        stock = level.get(measure << 12, 0)
        minutes = stock * (length_ms / MINUTE_MS) / drained if drained > 0 else None
        backlog[name] = minutes
    return backlog
