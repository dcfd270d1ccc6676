"""How good it is, against known answers: numbers 36 to 38."""

from schemas.metrics.declaration import LABELLED, WORK, Direction, Metric, Unit
from schemas.metrics.formulas import Formula, Ratio, Share, total

_REPRESENTATIVE = "True of the golden items; of all items only if these are like the rest."


def _per_label(
    name: str, number: int, title: str, formula: Formula, direction: Direction
) -> Metric:
    return Metric(
        id=name,
        number=number,
        title=title,
        formula=formula,
        unit=Unit.FRACTION,
        direction=direction,
        needs=("golden.answered",),
        dimensions=LABELLED,
        always_by=frozenset({"label"}),
        source="CVAT: quality report",
        caveat=_REPRESENTATIVE,
    )


QUALITY: tuple[Metric, ...] = (
    Metric(
        id="golden_accuracy",
        number=36,
        title="Golden accuracy",
        formula=Share(total("golden_correct"), total("golden_n")),
        unit=Unit.FRACTION,
        direction=Direction.HIGHER_IS_BETTER,
        needs=("golden.answered",),
        dimensions=WORK,
        source="CVAT: honeypots; Label Studio Enterprise: Ground truth",
        caveat="Rank nobody below 30 answers; alert on the interval, not on the point.",
    ),
    _per_label(
        "precision",
        37,
        "Precision of a label",
        Share(total("golden_tp"), total("golden_tp", "golden_fp")),
        Direction.HIGHER_IS_BETTER,
    ),
    _per_label(
        "recall",
        37,
        "Recall of a label",
        Share(total("golden_tp"), total("golden_tp", "golden_fn")),
        Direction.HIGHER_IS_BETTER,
    ),
    _per_label(
        "f1",
        37,
        "F1 of a label",
        Ratio(
            total("golden_tp", "golden_tp"),
            total("golden_tp", "golden_tp", "golden_fp", "golden_fn"),
            n=total("golden_tp", "golden_fp", "golden_fn"),
        ),
        Direction.HIGHER_IS_BETTER,
    ),
    _per_label(
        "false_positive_rate",
        38,
        "Over-enforcement: false positives of what is not the label",
        Share(total("golden_fp_known"), total("golden_fp_known", "golden_tn")),
        Direction.LOWER_IS_BETTER,
    ),
    _per_label(
        "false_negative_rate",
        38,
        "Under-enforcement: misses of what is the label",
        Share(total("golden_fn"), total("golden_fn", "golden_tp")),
        Direction.LOWER_IS_BETTER,
    ),
)
