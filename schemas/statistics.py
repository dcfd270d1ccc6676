"""Statistics over whole numbers: the same operations, in the same order, as the SQL functions.

``None`` means that the numbers don't say. Nothing here is an estimate of an estimate: quantiles
come from merged histograms, intervals from counts, survival from closed and open items together.
"""

from collections.abc import Callable, Mapping
from math import ceil, inf, lgamma, log, log1p, sqrt

from schemas.measures import BIN_MASK, bin_value_ms

#: The standard normal's 97.5 % point: intervals hold the truth 95 times in 100.
Z_95 = 1.959963984540054

#: Open items are kept by the quarter of an hour in which they were opened.
BUCKET_MS = 15 * 60_000


def wilson_low(successes: int, n: int) -> float | None:
    """Lower 95 % Wilson bound of a proportion, in [0, 1]; None when it is no proportion.

    Used where nine of ten must not outrank nine hundred of a thousand.
    Source: Wilson 1927, JASA 22(158), the score interval.
    """
    if not 0 <= successes <= n or n == 0:
        return None
    return max(0.0, _wilson_centre(successes, n) - _wilson_half(successes, n))


def wilson_high(successes: int, n: int) -> float | None:
    """Upper 95 % Wilson bound of a proportion, in [0, 1]; None when it is no proportion."""
    if not 0 <= successes <= n or n == 0:
        return None
    return min(1.0, _wilson_centre(successes, n) + _wilson_half(successes, n))


def _wilson_centre(successes: int, n: int) -> float:
    p = successes / n
    return (p + Z_95 * Z_95 / (2 * n)) / (1 + Z_95 * Z_95 / n)


def _wilson_half(successes: int, n: int) -> float:
    p = successes / n
    spread = sqrt(p * (1 - p) / n + Z_95 * Z_95 / (4 * float(n) * float(n)))
    return Z_95 * spread / (1 + Z_95 * Z_95 / n)


#: The value of each bin in ms, to the microsecond: two engines' ``pow`` differ in the last bit,
#: but to the microsecond they are equal for all durations up to fifty years.
_BIN_VALUES_MS = tuple(
    float(round(bin_value_ms(index) * 1000)) / 1000 for index in range(BIN_MASK + 1)
)


def duration_of_bin_ms(index: int) -> float:
    """The duration that stands for a histogram's bin, in ms, to the microsecond."""
    return _BIN_VALUES_MS[index]


def quantile_ms(bins: Mapping[int, int], q: float) -> float | None:
    """The value of the bin that holds rank ``ceil(q * n)`` of ``n``; None when all are empty.

    Within 1 % of the true quantile of that rank. Bins that came to less than one are left out.
    Source: the rule of DDSketch (Masson, Rim and Lee, VLDB 2019) and of ClickHouse's
    quantileExactWeighted.
    """
    present = sorted([(index, n) for index, n in bins.items() if n > 0])
    rank = ceil(sum([n for _, n in present]) * q)
    for index, n in present:
        rank -= n
        if rank <= 0:
            return _BIN_VALUES_MS[index]
    return None


def ages_ms(open_since: Mapping[int, int], as_of_ms: int) -> dict[int, int]:
    """Ages of open items in ms, each taken from the middle of its bucket: age to count.

    ``open_since`` maps the start of a quarter of an hour, in minutes since 1970, to a count.
    """
    ages: dict[int, int] = {}
    for start_min, count in open_since.items():
        age_ms = max(0, as_of_ms - start_min * 60_000 - BUCKET_MS // 2)
        ages[age_ms] = ages.get(age_ms, 0) + count
    return ages


def survival_quantile_ms(
    closed: Mapping[int, int], open_ages_ms: Mapping[int, int], q: float
) -> float | None:
    """The time by which a share ``q`` of items is closed, open items counted with their ages.

    The least t of the closed bins with S(t) <= 1 - q; None when so few are closed that the
    curve stays above. Between two open ages the product telescopes and is one division, so
    without open items this is ``quantile_ms`` exactly. Source: Kaplan and Meier 1958, JASA
    53(282); ties: a closed item comes before an open one of the same age.
    """
    steps = [(duration_of_bin_ms(index), 0, n) for index, n in closed.items() if n > 0]
    steps += [(float(age), 1, n) for age, n in open_ages_ms.items() if n > 0]
    tail = round(1 - q, 9)
    at_risk = block_n = sum(n for _, _, n in steps)
    block_share = 1.0
    for time_ms, is_open, n in sorted(steps):
        at_risk -= n
        if is_open:
            block_share = block_share * (at_risk + n) / block_n
            block_n = at_risk
        elif block_share * at_risk / block_n <= tail:
            return time_ms
    return None


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def sequence_log_evidence(successes: int, n: int, p: float) -> float:
    """How much ``successes`` of ``n`` speak against a rate of ``p``, as a logarithm.

    Under the rate ``p`` its exponential is a martingale that begins at 1, so it reaches
    ``1 / alpha`` with a probability of at most ``alpha``, however often one looks: but only when
    counting began at a moment that does not depend on what is counted, and went on since.
    Source: Robbins 1970, Ann. Math. Stat. 41(5), with a uniform mixture; Ville's inequality.
    """
    failures = n - successes
    if not 0 <= successes <= n:
        return 0.0
    if (p <= 0 and successes) or (p >= 1 and failures):
        return inf
    mixture = _log_beta(successes + 1, failures + 1)
    given = (successes * log(p) if successes else 0.0) + (failures * log1p(-p) if failures else 0.0)
    return mixture - given


def sequence_interval(successes: int, n: int, alpha: float) -> tuple[float, float] | None:
    """The confidence sequence: rates that the counts do not speak against enough, in [0, 1].

    Valid at all times at once with probability 1 - ``alpha``; None when it is no proportion.
    """
    if not 0 <= successes <= n or n == 0:
        return None
    limit, best = -log(alpha), successes / n
    low = _edge(lambda p: sequence_log_evidence(successes, n, p) < limit, best, 0.0)
    high = _edge(lambda p: sequence_log_evidence(successes, n, p) < limit, best, 1.0)
    return low, high


def _edge(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where a condition that holds at ``inside`` ceases towards ``outside``."""
    if holds(outside):
        return outside
    for _ in range(50):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
