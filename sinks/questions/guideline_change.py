"""What a change did, as that of a guideline: shares before and after it, and how sure that is.

The interval of the difference is Newcombe's hybrid score interval: it is made of both Wilson
intervals, so it holds for few observations and near 0 and 1, where the usual one fails.
Source: Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.

No row tells when a guideline was published, and other things change as well, so the moment is an
argument; the share of two other weeks says how much it moves by itself.
"""

from collections.abc import Sequence

from schemas.groupings import Grouping
from sinks import flows
from sinks.questions import readings
from sinks.questions.shape import Told, declared
from sinks.views_shape import VALUE, Shape, create

_SIDES = ("before", "after")
_SURE = readings.judged("change_low > 0", "change_high < 0", "'unsure'")


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """The view ``guideline_change``; by every grouping, persons too, for those who may see them."""
    columns: list[Told] = [readings.METRIC, *readings.DIMS]
    for side in _SIDES:
        columns += _side(side)
    columns += [
        ("change", VALUE, "Share after less share before; NULL where either is not known",
         "change"),
        ("change_low", VALUE, "Lower end of its 95 % interval (Newcombe)", "change_low"),
        ("change_high", VALUE, "Upper end of its 95 % interval (Newcombe)", "change_high"),
        ("is_sure", "Nullable(String)",
         "better, worse (rose, fell where neither is) when the interval leaves 0 out, else unsure",
         f"if(isNull(change_low) OR isNull(change_high), NULL, {_SURE})"),
    ]  # fmt: skip
    low = "sqrt(pow(after_value - after_low, 2) + pow(before_high - before_value, 2))"
    high = "sqrt(pow(after_high - after_value, 2) + pow(before_value - before_low, 2))"
    whole = readings.parted(flows.AT, flows.LOCAL.end)
    named = ", ".join(
        f"anyIf({name}, {side}) AS {side_name}_{name}"
        for side_name, side in (("before", "is_before"), ("after", "NOT is_before"))
        for name in ("value", "low", "high", "n", "cause")
    )
    sides = (
        f"SELECT {readings.KEY}, {named}, max(is_before) AS before_is, min(is_before) = 0 "
        f"AS after_is FROM ({readings.read(database, groupings, whole)}) GROUP BY {readings.KEY}"
    )
    source = (
        "SELECT *, after_value - before_value AS change, "
        f"change - {low} AS change_low, change + {high} AS change_high FROM ({sides})"
    )
    about = "Shares before and after a moment, and the interval of what changed (42)"
    shape = Shape("guideline_change", declared(columns), about, readings.checks(groupings))
    return [create(database, shape, source)]


def _side(side: str) -> list[Told]:
    """One side's columns."""
    where = "from `from` to `at`" if side == "before" else "from `at` to `to`"
    cause = f"if({side}_is, {side}_cause, 'too_few')"
    return [
        (side, VALUE, f"Share {where}; NULL is unknown, never zero", f"{side}_value"),
        (f"{side}_low", VALUE, "Lower end of its 95 % Wilson interval", f"{side}_low"),
        (f"{side}_high", VALUE, "Upper end of its 95 % Wilson interval", f"{side}_high"),
        (f"{side}_n", "Int64", "Observations behind it", f"{side}_n"),
        (f"{side}_cause", "Nullable(String)", "Why there is no share", cause),
    ]
