"""What every event carries, and the three kinds of key that events travel under."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from schemas.field_types import Attempt, Id, SkewMs, TimeMs, Version, Word
from schemas.topics import Role

#: Fields that name a person; decoding turns each of them into a pseudonym.
PEOPLE_FIELDS: tuple[str, ...] = (
    "actor_id",
    "reviewer_id",
    "author_id",
    "assigned_by",
    "from_actor",
    "to_actor",
)


class Envelope(BaseModel):
    """Fields of every event. Ids only: no content, no names, no e-mail addresses.

    ``occurred_at`` is event time, ``received_at`` when the source's server took it in. A source's
    own ids are enough: (org_id, source, project_id, item_id) together name an item.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    role: ClassVar[Role]
    key_field: ClassVar[str]

    event_id: Id
    schema_version: Version
    occurred_at: TimeMs
    received_at: TimeMs
    source: Word
    org_id: Id
    project_id: Id | None = None
    item_id: Id | None = None
    queue_id: Id | None = None
    stage: Word | None = None
    attempt: Attempt | None = None
    assignment_id: Id | None = None
    unit_id: Id | None = None
    actor_id: Id | None = None
    actor_type: Literal["human", "model", "system"] | None = None
    actor_role: Word | None = None
    team_id: Id | None = None
    vendor_id: Id | None = None
    site: Word | None = None
    language: Word | None = None
    priority: Word | None = None
    severity: Word | None = None
    category: Id | None = None
    guideline_version: Word | None = None
    model_version: Word | None = None
    source_event_id: Id | None = None
    correlation_id: Id | None = None
    occurred_at_quality: Literal["exact", "server", "estimated", "missing"] | None = None
    client_clock_skew_ms: SkewMs | None = None
    trace: Id | None = None


class OfItem(Envelope):
    """An event in the life of one item; keyed by ``item_id``."""

    role = Role.ANNOTATIONS
    key_field = "item_id"

    project_id: Id
    item_id: Id


class OfReview(OfItem):
    """An event about the judgment of one item's work; keyed by ``item_id``."""

    role = Role.REVIEWS


class OfPerson(Envelope):
    """An event about one person at work; keyed by ``actor_id``."""

    role = Role.WORKFORCE
    key_field = "actor_id"

    actor_id: Id
