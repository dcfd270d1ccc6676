"""A metric's formula as a sentence of its measures, for people who ask what a number means."""

from typing import assert_never

from schemas.metrics.formulas import (
    Age,
    Amount,
    Clearing,
    DueSoon,
    Foresight,
    Formula,
    Level,
    LevelShare,
    PerHour,
    Quantile,
    Ratio,
    Share,
    Sum,
    Survival,
)


def formula_text(formula: Formula) -> str:
    """The formula in words; names are those of the columns of ``rollups``."""
    match formula:
        case Amount():
            return _sum(formula.what) + ("" if formula.by == 1 else f" / {formula.by:,}")
        case PerHour():
            return f"{_sum(formula.what)} per hour of the window that is covered"
        case Share():
            return f"{_sum(formula.part)} / {_sum(formula.whole)}"
        case Ratio():
            top = _sum(formula.top) + ("" if formula.times == 1 else f" * {formula.times:,}")
            bottom = _sum(formula.bottom) + ("" if formula.by == 1 else f" * {formula.by:,}")
            return f"{top} / {bottom}"
        case Quantile():
            return f"{formula.q:.0%} quantile of {formula.histogram}, in seconds"
        case Survival():
            return (
                f"{formula.q:.0%} quantile (Kaplan-Meier) of {formula.histogram} and of the ages "
                "of open items, in seconds"
            )
        case Level() | Age():
            return f"{formula.gauge} now"
        case LevelShare():
            return f"{formula.part} / {formula.whole} now"
        case Clearing():
            return f"{formula.gauge} now / (- {formula.delta} per minute of the window)"
        case DueSoon():
            return f"running clocks due within the {formula.q:.0%} quantile of {formula.histogram}"
        case Foresight():
            return f"{formula.tells} of running clocks, at {_sum(formula.done)} of the window"
        case _:
            assert_never(formula)


def _sum(what: Sum) -> str:
    text = " + ".join(what.plus) or "0"
    text = " - ".join((text, *what.minus))
    return f"({text})" if len(what.plus) + len(what.minus) > 1 else text
