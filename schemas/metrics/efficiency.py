"""What it costs in time: numbers 10 to 13 and 17 to 19."""

from schemas.metrics.declaration import WORK, Direction, Metric, Unit
from schemas.metrics.formulas import Amount, Quantile, Ratio, total

#: A handle time is known when its start is: work.started, or else the claim.
_START = "work.started|item.claimed|item.assigned"
_ACTIVE = "item.submitted"


def _handle_time_quantile(suffix: str, q: float, min_n: int) -> Metric:
    return Metric(
        id=f"handle_time_{suffix}",
        number=11,
        title=f"Handle time {suffix}",
        formula=Quantile("handle_hist", q),
        unit=Unit.SECONDS,
        direction=Direction.LOWER_IS_BETTER,
        needs=("item.submitted", _START),
        dimensions=WORK,
        min_n=min_n,
        source="DSA transparency reports ask for medians; DDSketch bins",
        caveat="Within 1 %. Never average quantiles: merge the histograms, as the views do.",
    )


EFFICIENCY: tuple[Metric, ...] = (
    Metric(
        id="handle_time_mean",
        number=10,
        title="Average handle time (AHT)",
        formula=Ratio(total("handle_ms"), total("handled"), n=total("handled"), by=1000),
        unit=Unit.SECONDS,
        direction=Direction.LOWER_IS_BETTER,
        needs=("item.submitted", _START),
        dimensions=WORK,
        source="Amazon Connect: Average handle time",
        caveat="From start to submission, holds included. Skewed: read it beside p50 and p90.",
    ),
    _handle_time_quantile("p50", 0.5, 2),
    _handle_time_quantile("p90", 0.9, 10),
    _handle_time_quantile("p95", 0.95, 20),
    Metric(
        id="active_time",
        number=12,
        title="Active time",
        formula=Amount(total("active_ms"), n=total("active_n"), by=3_600_000),
        unit=Unit.HOURS,
        direction=Direction.NEITHER,
        needs=(_ACTIVE,),
        dimensions=WORK,
        min_n=1,
        source="CVAT: working time; INCEpTION #5909",
        caveat="As the source measures it: its rule for pauses decides what is active.",
    ),
    Metric(
        id="active_time_mean",
        number=12,
        title="Active time per submission",
        formula=Ratio(total("active_ms"), total("active_n"), n=total("active_n"), by=1000),
        unit=Unit.SECONDS,
        direction=Direction.LOWER_IS_BETTER,
        needs=(_ACTIVE,),
        dimensions=WORK,
        source="CVAT: working time; INCEpTION #5909",
        caveat="Over submissions whose active time is known.",
    ),
    Metric(
        id="active_ratio",
        number=13,
        title="Active share of handle time",
        formula=Ratio(
            total("ratio_active_ms"), total("ratio_elapsed_ms"), n=total("ratio_elapsed_ms")
        ),
        unit=Unit.FRACTION,
        direction=Direction.HIGHER_IS_BETTER,
        needs=("item.submitted", _START),
        dimensions=WORK,
        source="cvat #7656",
        caveat="Above 1 is a fault of clocks or of several tabs. n is the elapsed ms.",
    ),
    Metric(
        id="touches_per_item",
        number=17,
        title="Claims per completed item",
        formula=Ratio(total("claimed"), total("completed_first"), n=total("completed_first")),
        unit=Unit.PER_ITEM,
        direction=Direction.LOWER_IS_BETTER,
        needs=("item.claimed|item.assigned", "item.completed"),
        source="Amazon Connect: missed contacts count repeats",
        caveat="Claims and completions of the same window, not of the same items.",
    ),
    Metric(
        id="rework_effort_share",
        number=18,
        title="Effort that went into rework",
        formula=Ratio(total("rework_active_ms"), total("active_ms"), n=total("active_n")),
        unit=Unit.FRACTION,
        direction=Direction.LOWER_IS_BETTER,
        needs=("item.submitted",),
        dimensions=WORK,
        source="Labelbox: rework time",
        caveat="Active time of attempt 2 and later; sources that send no attempt show 0.",
    ),
    Metric(
        id="flow_efficiency",
        number=19,
        title="Flow efficiency",
        formula=Ratio(
            total("flow_active_ms"), total("flow_elapsed_ms"), n=total("flow_elapsed_ms")
        ),
        unit=Unit.FRACTION,
        direction=Direction.HIGHER_IS_BETTER,
        needs=("item.created", "item.completed", "item.submitted"),
        source="Lean manufacturing",
        caveat="Usually tiny; its trend is what matters. n is the elapsed ms.",
    ),
)
