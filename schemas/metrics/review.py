"""What reviewers make of the work: numbers 52 and 53."""

from schemas.metrics.declaration import REVIEW, Direction, Metric, Unit
from schemas.metrics.formulas import Formula, Ratio, Share, total


def _review(name: str, number: int, title: str, formula: Formula, caveat: str) -> Metric:
    better = {"first_pass_yield", "acceptance_rate"}
    is_count = isinstance(formula, Ratio)
    return Metric(
        id=name,
        number=number,
        title=title,
        formula=formula,
        unit=Unit.PER_ITEM if is_count else Unit.FRACTION,
        direction=Direction.HIGHER_IS_BETTER if name in better else Direction.LOWER_IS_BETTER,
        needs=("review.decided",),
        dimensions=REVIEW,
        source={52: "V7: review pass rate; Roboflow: approvalRate", 53: "cvat #3872"}[number],
        caveat=caveat,
    )


REVIEWS: tuple[Metric, ...] = (
    _review(
        "first_pass_yield",
        52,
        "First-pass yield",
        Share(total("first_passed"), total("first_reviewed")),
        "Accepted in the first review without an edit; fix-and-accept is no pass.",
    ),
    _review(
        "first_fix_share",
        52,
        "Fixed in the first review",
        Share(total("first_fixed"), total("first_reviewed")),
        "What first-pass yield leaves out and some tools count in.",
    ),
    _review(
        "acceptance_rate",
        53,
        "Acceptance rate",
        Share(total("accepted"), total("reviewed")),
        "Of decisions, not of items.",
    ),
    _review(
        "rejection_rate",
        53,
        "Rejection rate",
        Share(total("rejected"), total("reviewed")),
        "Of decisions, not of items.",
    ),
    _review(
        "fix_rate",
        53,
        "Fix rate",
        Share(total("fixed"), total("reviewed")),
        "Of decisions, not of items.",
    ),
    _review(
        "rounds_to_accept",
        53,
        "Review rounds to acceptance",
        Ratio(total("rounds"), total("rounds_n"), n=total("rounds_n")),
        "Items that were accepted in the window; those still going round are not in it.",
    ),
)
