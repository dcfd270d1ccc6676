"""Whether a share drifts, step by step: a CUSUM against what it was before ``at`` (42).

Each step's share is told in standard errors off the share before ``at``: what a binomial of as
many observations has. Small shifts in one direction add up, chance cancels out, and ``K`` of each
step is let go. A sum of ``H`` tells of a shift of one standard error within ten steps or so, and of
none about once in 465 steps.
Source: Montgomery, Introduction to Statistical Quality Control, tabular CUSUM (k 1/2, h 5).

Steps of few observations neither add nor take away, for a binomial of few is no normal.
"""

from collections.abc import Sequence

from schemas.groupings import Grouping
from schemas.readings import TOO_FEW
from sinks import flows, views_arguments
from sinks.questions import readings
from sinks.questions.people import N_MIN
from sinks.questions.shape import Told, declared
from sinks.views_shape import VALUE, Shape, create

#: What is let go of each step, and the sum that is a signal; both in standard errors.
K, H = 0.5, 5.0
FEW_BEFORE, NO_SPREAD = "baseline_too_few", "baseline_without_spread"

_STEP_S = "{step_s:UInt32}"
_A_DAY = f"if({_STEP_S} = 0, 86400, {_STEP_S})"
#: Of both sides: the sum, and the number of the step with which it left zero; 0: it is zero.
_SUMS = "Array(Tuple(down Float64, up Float64, down_since UInt32, up_since UInt32))"
_NULL = "CAST(NULL, 'Nullable(Float64)')"


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """The view ``drift``; by every grouping, persons too, for those who may see them."""
    known = "isNull(why)"
    signal = readings.judged(f"sums.up > {H}", f"sums.down > {H}", "'none'")
    since = (
        "multiIf(signal IS NULL OR signal = 'none', NULL, "
        f"toNullable(steps[if(sums.up > {H}, sums.up_since, sums.down_since)].1))"
    )
    columns: list[Told] = [
        readings.METRIC,
        ("step_start", "DateTime('UTC')", "Start of the step, event time", "step.1"),
        ("step_end", "DateTime('UTC')", "End of the step, not part of it", "step.2"),
        *readings.DIMS,
        ("value", VALUE, "Share in the step; NULL is unknown, never zero", "step.3"),
        ("low", VALUE, "Lower end of its 95 % Wilson interval", "step.4"),
        ("high", VALUE, "Upper end of its 95 % Wilson interval", "step.5"),
        ("n", "Int64", "Observations behind it", "step.6"),
        ("baseline", VALUE, "Share from `from` to `at`, what the steps are held against",
         "baseline"),
        ("baseline_n", "Int64", "Observations behind it", "baseline_n"),
        ("off", VALUE, "How many standard errors the share is above the baseline",
         f"if({known}, z, {_NULL})"),
        ("cusum_down", VALUE, f"What it fell in sum, less {K} a step; above {H:g} is a signal",
         f"if({known}, sums.down, {_NULL})"),
        ("cusum_up", VALUE, f"What it rose in sum, less {K} a step; above {H:g} is a signal",
         f"if({known}, sums.up, {_NULL})"),
        ("signal", "Nullable(String)",
         "better or worse (rose, fell where neither is) than the baseline for a while now, or none",
         f"if({known}, {signal}, NULL)"),
        ("since", "Nullable(DateTime('UTC'))", "Of a signal: the step with which that began",
         since),
        ("cause", "Nullable(String)",
         "Why the sums are not known: of the share, the step's too_few, or the baseline's", "why"),
    ]  # fmt: skip
    about = "Whether a share drifts away from what it was before a moment: a CUSUM by steps (42)"
    checks = (*readings.checks(groupings), views_arguments.step())
    shape = Shape("drift", declared(columns), about, checks)
    return [create(database, shape, _source(database, groupings))]


def _source(database: str, groupings: Sequence[Grouping]) -> str:
    """A row for each step: ``step``, ``z``, the sums after it, and ``why`` they are not known."""
    days = flows.local_frame("at")
    frame = readings.parted(
        *(it.replace(_STEP_S, _A_DAY) for it in (days.step_start, days.step_end))
    )
    of_step = "(step_start, step_end, value, low, high, n, cause)"
    subjects = (
        f"SELECT {readings.KEY}, anyIf(value, is_before) AS baseline, "
        "anyIf(n, is_before) AS baseline_n, arraySort(step -> step.1, "
        f"groupArrayIf({of_step}, NOT is_before)) AS steps, "
        f"multiIf(isNull(baseline) OR baseline_n < {N_MIN}, '{FEW_BEFORE}', "
        f"baseline <= 0 OR baseline >= 1, '{NO_SPREAD}', '') AS unfit, "
        "ifNull(baseline, 0.) AS p "
        f"FROM ({readings.read(database, groupings, frame)}) GROUP BY {readings.KEY}"
    )
    why = (
        f"multiIf(isNull(step.3), toNullable(ifNull(step.7, '{TOO_FEW}')), "
        f"step.6 < {N_MIN}, '{TOO_FEW}', unfit != '', unfit, NULL)"
    )
    z = f"if(isNull({why}), (ifNull(step.3, 0.) - p) / sqrt(p * (1 - p) / step.6), nan)"
    down, up = f"greatest(0., last.down - z - {K})", f"greatest(0., last.up + z - {K})"
    started = "if({0} > 0, if(last.{1} = 0, at, last.{1}), 0)"
    after = (
        f"if(isNaN(z), last, ({down} AS down, {up} AS up, "
        f"{started.format('down', 'down_since')}, {started.format('up', 'up_since')}))"
    )
    fold = (
        f"arrayFold((told, z, at) -> CAST(arrayPushBack(told, (told[-1] AS last, {after}).2), "
        f"'{_SUMS}'), zs, arrayEnumerate(zs), CAST([(0, 0, 0, 0)], '{_SUMS}'))"
    )
    summed = (
        f"SELECT *, arrayMap(step -> {z}, steps) AS zs, arrayPopFront({fold}) AS all_sums "
        f"FROM ({subjects})"
    )
    return (
        f"SELECT *, told.1 AS step, told.2 AS z, told.3 AS sums, {why} AS why "
        f"FROM (SELECT *, arrayJoin(arrayZip(steps, zs, all_sums)) AS told FROM ({summed}))"
    )
