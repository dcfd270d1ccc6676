"""What is said about a metric, once, for the stream, for SQL and for people."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.metrics.formulas import Formula, Share

#: What stage 1 says by itself when an SLA clock starts; a metric may need it like an event.
SLA_ACTIVATE = "sla.activate"


class Unit(StrEnum):
    """What a value is counted in."""

    ITEMS = "items"
    PEOPLE = "people"
    PER_HOUR = "per hour"
    HOURS = "h"
    MINUTES = "min"
    SECONDS = "s"
    FRACTION = "fraction"
    PER_ITEM = "per item"
    TIMES = "times"


class Direction(StrEnum):
    """Which way is good news."""

    HIGHER_IS_BETTER = "higher_is_better"
    LOWER_IS_BETTER = "lower_is_better"
    NEITHER = "neither"


class Interval(StrEnum):
    """How sure a value is."""

    WILSON = "wilson"
    NONE = "none"


#: Where an item is and what it is; says nothing about who did what to it.
PLACE = frozenset(
    {
        "org",
        "source",
        "project",
        "queue",
        "team",
        "site",
        "vendor",
        "language",
        "stage",
        "priority",
        "severity",
        "category",
        "guideline",
    }
)
#: What somebody did who annotates.
WORK = PLACE | {"annotator"}
#: What somebody did who annotates, told label by label.
LABELLED = WORK | {"label"}
#: What a reviewer decided about an annotator's work.
REVIEW = WORK | {"reviewer"}
#: Where a person was present; presence belongs to no project or queue and is told no further.
PRESENCE = frozenset({"org", "source", "team", "site", "annotator"})


@dataclass(frozen=True, slots=True)
class Metric:
    """One declaration; ``number`` is its row in the design's table of metrics.

    ``needs`` are event types (or ``SLA_ACTIVATE``) without which the value is unknown and not
    zero; ``a|b`` is either. ``min_n``: with fewer observations the value is withheld.
    ``dimensions`` are those it may be grouped by; ``always_by`` those without which it makes no
    sense.
    """

    id: str
    number: int
    title: str
    formula: Formula
    unit: Unit
    direction: Direction
    needs: tuple[str, ...]
    source: str
    caveat: str
    dimensions: frozenset[str] = PLACE
    always_by: frozenset[str] = frozenset()
    min_n: int = 0
    version: int = 1

    @property
    def interval(self) -> Interval:
        """Shares of independent decisions have an interval, nothing else has."""
        return Interval.WILSON if isinstance(self.formula, Share) else Interval.NONE

    def makes_sense_by(self, dimensions: tuple[str, ...]) -> bool:
        """Whether the metric may be grouped by these dimensions."""
        given = frozenset(dimensions)
        return given <= self.dimensions and self.always_by <= given
