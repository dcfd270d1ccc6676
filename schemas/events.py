"""All event types as one union, twice: pydantic models, and dicts for the hot path.

The models are the contract. The dict types are made from them field by field, so both take and
refuse the same events (a test holds this); validating into a dict costs about 15 % less, and what
was not sent is an absent key.
"""

from typing import Annotated, Any, Final, NotRequired, Required, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, TypeAdapter
from typing_extensions import TypedDict

from schemas import item_events, review_events, workforce_events
from schemas.envelope import PEOPLE_FIELDS, Envelope
from schemas.topics import Role

Event = dict[str, Any]

EVENT_MODELS: Final[tuple[type[Envelope], ...]] = (
    item_events.ItemCreated,
    item_events.ItemQueued,
    item_events.ItemAssigned,
    item_events.ItemClaimed,
    item_events.WorkStarted,
    item_events.WorkResumed,
    item_events.WorkHeartbeat,
    item_events.WorkPaused,
    item_events.ItemSubmitted,
    item_events.ItemSkipped,
    item_events.ItemReleased,
    item_events.AssignmentExpired,
    item_events.AssignmentReassigned,
    item_events.ItemEscalated,
    item_events.ItemEdited,
    item_events.ItemCancelled,
    item_events.ItemDeleted,
    item_events.ItemCompleted,
    item_events.LabelRecorded,
    item_events.GoldenAnswered,
    item_events.GuidelinePublished,
    item_events.SnapshotBacklog,
    item_events.SourceHeartbeat,
    review_events.ReviewQueued,
    review_events.ReviewAssigned,
    review_events.ReviewStarted,
    review_events.ReviewDecided,
    review_events.QaSampled,
    review_events.QaDecided,
    review_events.AppealFiled,
    review_events.AppealDecided,
    workforce_events.PresenceChanged,
    workforce_events.ShiftScheduled,
    workforce_events.ShiftStarted,
    workforce_events.ShiftEnded,
    workforce_events.BreakStarted,
    workforce_events.BreakEnded,
    workforce_events.ExposureLimitSet,
    workforce_events.TrainingScored,
    workforce_events.CalibrationScored,
)


def event_type_of(model: type[Envelope]) -> str:
    """The ``event_type`` that a model stands for."""
    (name,) = get_args(model.model_fields["event_type"].annotation)
    return str(name)


def wire_names(model: type[BaseModel]) -> frozenset[str]:
    """A model's field names as they are written in JSON."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def people_fields(model: type[Envelope]) -> tuple[str, ...]:
    """Which of the model's fields name a person."""
    return tuple(name for name in PEOPLE_FIELDS if name in model.model_fields)


def _dict_type(model: type[BaseModel]) -> Any:
    """The TypedDict with the same fields, types and bounds as the model."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        presence = Required if field.is_required() else NotRequired
        fields[field.alias or name] = presence[field.rebuild_annotation()]
    # Called through Any, since a type checker knows only TypedDicts that are written out.
    make: Any = TypedDict
    made = make(model.__name__, fields)
    made.__pydantic_config__ = ConfigDict(strict=True, extra="ignore")
    return made


def _union(members: list[Any]) -> Any:
    joined = members[0]
    for member in members[1:]:
        joined = joined | member
    return Annotated[joined, Discriminator("event_type")]


#: Models by event type, in the order of the documentation.
MODELS: Final[dict[str, type[Envelope]]] = {event_type_of(m): m for m in EVENT_MODELS}
#: Where each event type travels: its topic and the field that is its Kafka key.
ROUTES: Final[dict[str, tuple[Role, str]]] = {
    name: (model.role, model.key_field) for name, model in MODELS.items()
}
#: The event as an instance of its model.
MODEL_UNION: Final[TypeAdapter[Envelope]] = TypeAdapter(_union(list(EVENT_MODELS)))
#: The event as a plain dict.
DICT_UNION: Final[TypeAdapter[Event]] = TypeAdapter(_union([_dict_type(m) for m in EVENT_MODELS]))
