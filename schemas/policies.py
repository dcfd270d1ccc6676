"""SLA policies as they are written in ``deploy/policies.yaml``.

A policy is ServiceNow's six conditions (start, pause, resume, stop, cancel, reset) over events, an
anchor that the clock counts from (left out: the event that starts it), targets, and a calendar.
Its versions stay in the file: which of them holds follows from event time alone, so a replay runs
every clock under the terms of its day.

Shapes only: whether names lead somewhere is the business of ``schemas.policies_checks``.
"""

from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.calendars import BusinessCalendar
from schemas.field_types import Id, TimeMs
from schemas.rules_amounts import duration_ms

#: The calendar of clocks that never close.
ALWAYS = "always"
Anchor = Literal["created", "queued", "first_claim", "last_claim"]
Contract = Literal["SLA", "OLA", "vendor"]
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9-]{0,63}$")]


def _several(value: Any) -> Any:
    """One value may be written without brackets."""
    return value if isinstance(value, list | tuple) else [value]


Words = Annotated[tuple[Id, ...], BeforeValidator(_several), Field(min_length=1)]


def _some_time(text: str) -> str:
    if duration_ms(text) <= 0:
        raise ValueError(f"{text!r} is no time to do anything in: write more than 0s")
    return text


Duration = Annotated[str, AfterValidator(_some_time)]


class Part(BaseModel):
    """Every part of a policy file: closed, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ItemMatch(Part):
    """What an item has to be: each field given is one of its values, as last heard."""

    queue: Words | None = None
    team: Words | None = None
    site: Words | None = None
    vendor: Words | None = None
    language: Words | None = None
    stage: Words | None = None
    priority: Words | None = None
    severity: Words | None = None
    category: Words | None = None
    guideline: Words | None = None


class Condition(ItemMatch):
    """An event that moves a clock: its type, what the item is then, and what the event says."""

    event: Words
    reason: Words | None = None
    outcome: Words | None = None
    terminal_state: Words | None = None
    actor_type: Words | None = None
    to_queue: Words | None = None


class PolicyTarget(ItemMatch):
    """How long items that match may take."""

    target: Duration

    @property
    def target_ms(self) -> int:
        """The target in ms of the calendar's open time."""
        return duration_ms(self.target)


class PolicyVersion(Part):
    """The terms from ``valid_from`` on (event time).

    ``applies: open`` puts them in force for clocks that run then, unless they have breached:
    what has burned has burned, and the new target counts from there.
    """

    version: int = Field(ge=1, strict=True)
    valid_from: TimeMs = 0
    applies: Literal["new", "open"] = "new"
    anchor: Anchor | None = None
    calendar: str = ALWAYS
    start: tuple[Condition, ...] = Field(min_length=1)
    pause: tuple[Condition, ...] = ()
    resume: tuple[Condition, ...] = ()
    stop: tuple[Condition, ...] = Field(min_length=1)
    cancel: tuple[Condition, ...] = ()
    reset: tuple[Condition, ...] = ()
    targets: tuple[PolicyTarget, ...] = Field(min_length=1)
    at_risk: float = Field(0.8, gt=0, lt=1)


class Policy(Part):
    """One promise and its terms; a clock ``repeats`` when its start comes again after its end."""

    id: Name
    title: str = Field(min_length=1, max_length=200)
    contract: Contract = "SLA"
    repeats: bool = True
    versions: tuple[PolicyVersion, ...] = Field(min_length=1)


class PolicyFile(Part):
    """The whole file."""

    calendars: dict[Name, BusinessCalendar] = {}
    policies: tuple[Policy, ...] = ()

    def fingerprint(self) -> str:
        """Changes whenever a clock might run differently."""
        return blake2b(self.model_dump_json().encode(), digest_size=8).hexdigest()


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a part of the file may have."""
    return list(model.model_fields)
