"""What a metric counts, out of a tally: numerator, denominator and n as whole numbers."""

from schemas.measures import Tally, histogram, key_of
from schemas.metrics import Metric
from schemas.metrics.formulas import Amount, PerHour, Quantile, Ratio, Share, Sum

Counts = tuple[int | None, int | None, int]


def _sum(tally: Tally, what: Sum) -> int:
    plus = sum(tally.get(key_of(name), 0) for name in what.plus)
    return plus - sum(tally.get(key_of(name), 0) for name in what.minus)


def counts_of(metric: Metric, tally: Tally) -> Counts:
    """Numerator, denominator and n of a metric, from the sums of the rows."""
    match formula := metric.formula:
        case Amount():
            return _sum(tally, formula.what), None, _sum(tally, formula.n)
        case PerHour():
            counted = Sum(formula.what.plus + formula.what.minus)
            return _sum(tally, formula.what), None, _sum(tally, counted)
        case Share():
            whole = _sum(tally, formula.whole)
            return _sum(tally, formula.part), whole, whole
        case Ratio():
            return (
                _sum(tally, formula.top), _sum(tally, formula.bottom), _sum(tally, formula.n)
            )  # fmt: skip
        case Quantile():
            return None, None, sum(histogram(tally, formula.histogram).values())
    raise AssertionError(metric.id)
