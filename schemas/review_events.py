"""Events about the judgment of work: review, quality sampling, appeals."""

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from schemas.envelope import OfReview
from schemas.field_types import Attempt, DurationMs, Id, Label, Probability, Word

Outcome = Literal["accept", "fix", "reject"]
AppealOutcome = Literal["uphold", "overturn"]


# A dict in the models too, since the dict types take over the types of their fields.
class Defect(TypedDict):
    """One fault found in a review, by the code that the source gives it."""

    # This is how pydantic configures a TypedDict; mypy takes it for a field.
    __pydantic_config__ = ConfigDict(strict=True, extra="ignore")  # type: ignore[misc]  # no field

    code: Word
    severity: NotRequired[Word | None]


class OneReview(OfReview):
    """An event of one review of one item."""

    review_id: Id
    reviewer_id: Id | None = None


class ReviewQueued(OneReview):
    """The item's work waits for a reviewer."""

    event_type: Literal["review.queued"]


class ReviewAssigned(OneReview):
    """The review was given to a reviewer."""

    event_type: Literal["review.assigned"]


class ReviewStarted(OneReview):
    """The reviewer began."""

    event_type: Literal["review.started"]


class ReviewDecided(OneReview):
    """The reviewer judged the author's work: accepted, repaired it, or sent it back."""

    event_type: Literal["review.decided"]
    reviewer_id: Id
    author_id: Id
    outcome: Outcome
    attempt: Attempt | None = None
    defects: Annotated[list[Defect], Field(max_length=100)] | None = None
    active_ms: DurationMs | None = None


class QaSampled(OfReview):
    """The item was drawn for a blind check, with its probability of being drawn."""

    event_type: Literal["qa.sampled"]
    sample_id: Id
    inclusion_prob: Probability
    stratum: Word


class QaDecided(OfReview):
    """The blind check's verdict on the item."""

    event_type: Literal["qa.decided"]
    sample_id: Id
    correct: bool
    expected: Label | None = None
    actual: Label | None = None


class AppealFiled(OfReview):
    """Somebody objected to a decision."""

    event_type: Literal["appeal.filed"]
    appeal_id: Id
    original_decision_id: Id | None = None
    channel: Word | None = None


class AppealDecided(OfReview):
    """The objection was turned down (uphold) or granted (overturn)."""

    event_type: Literal["appeal.decided"]
    appeal_id: Id
    outcome: AppealOutcome
    original_decision_id: Id | None = None
    channel: Word | None = None
