"""Events about people at work: presence, shifts, breaks, exposure, training."""

from typing import Literal

from pydantic import Field

from schemas.envelope import OfPerson
from schemas.field_types import Count, DurationMs, Reason, Score, TimeMs, Word


class PresenceChanged(OfPerson):
    """From now on the person is in this status; ``productive`` says whether it is working time."""

    event_type: Literal["presence.changed"]
    status: Word
    productive: bool | None = None
    reason: Reason | None = None


class Shift(OfPerson):
    """A span of planned or worked time; on the wire ``from`` and ``to``."""

    from_: TimeMs = Field(alias="from")
    to: TimeMs
    activity: Word | None = None
    productive: bool | None = None


class ShiftScheduled(Shift):
    """The person is planned to work."""

    event_type: Literal["shift.scheduled"]


class ShiftStarted(Shift):
    """The person's shift began; ``from`` and ``to`` are its planned span."""

    event_type: Literal["shift.started"]


class ShiftEnded(Shift):
    """The person's shift ended; ``from`` and ``to`` are its worked span."""

    event_type: Literal["shift.ended"]


class BreakStarted(OfPerson):
    """The person went on a break of this kind."""

    event_type: Literal["break.started"]
    kind: Word | None = None


class BreakEnded(OfPerson):
    """The person came back from a break."""

    event_type: Literal["break.ended"]
    kind: Word | None = None


class ExposureLimitSet(OfPerson):
    """How much harmful content of this kind the person may see in a shift."""

    event_type: Literal["exposure.limit_set"]
    kind: Word | None = None
    limit_ms: DurationMs | None = None


class TrainingScored(OfPerson):
    """The result of a training, over ``n`` answers."""

    event_type: Literal["training.scored"]
    score: Score
    n: Count


class CalibrationScored(OfPerson):
    """The result of a calibration against others, over ``n`` answers."""

    event_type: Literal["calibration.scored"]
    score: Score
    n: Count
