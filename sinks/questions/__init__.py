"""Ready questions: views that answer what analysts ask beyond the metrics, one file for each."""

from collections.abc import Sequence

from schemas.groupings import Grouping
from sinks.questions import (
    agreement,
    costs,
    data_quality,
    drift,
    golden,
    guideline_change,
    hard_items,
    items_behind,
    pair_agreement,
    people,
    promises,
)


def statements(database: str, groupings: Sequence[Grouping]) -> list[str]:
    """What puts every question in place; each statement can be run again."""
    each = (agreement, promises, hard_items, people, pair_agreement)
    ready = [statement for question in each for statement in question.statements(database)]
    grouped = (costs, items_behind, data_quality, guideline_change, drift, golden)
    return [
        *ready,
        *(it for question in grouped for it in question.statements(database, groupings)),
    ]
