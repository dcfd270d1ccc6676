"""The shape of a mapping file: which column is which field, and which events a row yields.

Every class forbids unknown keys, so that a misspelt one is refused instead of ignored. The
language is explained, with examples, in ``deploy/mappings/README.md``.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from streams.sources.records import Scalar
from streams.sources.times import Ambiguous, check_format

Quality = Literal["exact", "server", "estimated"]
DURATION_UNITS_MS = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
DurationUnit = Literal["milliseconds", "seconds", "minutes", "hours"]
Kind = Literal["text", "integer", "number", "boolean", "duration", "list"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"unknown time zone {name}") from error
    return name


def _known_format(pattern: str) -> str:
    check_format(pattern)
    return pattern


Zone = Annotated[str, AfterValidator(_known_zone)]
Format = Annotated[str, AfterValidator(_known_format)]
Condition = Literal["empty", "not_empty"] | list[str]
Conditions = dict[str, Condition]


class Part(BaseModel):
    """What all parts of a mapping share: frozen, and no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reached(Part):
    """Whether one named time is at or after another one: ``true`` or ``false``."""

    time: str
    limit: str


class Value(Part):
    """Where a field's value comes from: exactly one of the first seven keys."""

    column: str | None = None
    constant: Scalar | list[str] | None = None
    first_of: tuple["ValueSpec", ...] | None = None
    answer: str | None = None
    equal: tuple[str, str] | None = None
    reached: Reached | None = None
    time: str | None = None
    row_id: bool | None = None
    lookup: dict[str, Scalar] | None = None
    default: Scalar | None = None
    split: str | None = Field(None, min_length=1)
    kind: Kind = "text"
    unit: DurationUnit = "seconds"

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = ("column", "constant", "first_of", "answer", "equal", "reached", "time", "row_id")
        given = [name for name in origins if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of " + ", ".join(origins))
        return self


def _bare_text_is_a_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


ValueSpec = Annotated[Value, BeforeValidator(_bare_text_is_a_column)]


class Shift(Part):
    """A duration that is taken from or added to a time."""

    column: str
    unit: DurationUnit = "seconds"


class TimeSource(Part):
    """One way to get a time: a column, another named time, or the clock."""

    column: str | None = None
    time: str | None = None
    clock: bool = False
    formats: tuple[Format, ...] | None = None
    zone: Zone | None = None
    minus: Shift | None = None
    plus: Shift | None = None
    when: Conditions = {}
    quality: Quality = "exact"

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is not None) + (self.time is not None) + self.clock != 1:
            raise ValueError("give exactly one of column, time, clock")
        return self


class Answer(Part):
    """A cell that holds a label, or JSON from which only the labels' names are taken."""

    column: str
    split: str | None = Field(None, min_length=1)
    chars_max: int = Field(40, gt=0, le=200)


class EventSpec(Part):
    """One event that a row may yield.

    ``name`` makes the event id, so it must not change once events were sent. An event about the
    item repeats on each of its rows: ``identity: content`` gives equal events equal ids.
    """

    name: str
    type: str
    at: str
    received: str | None = None
    identity: Literal["row", "content"] = "row"
    when: Conditions = {}
    required_when: Conditions | None = None
    each: str | None = None
    fields: dict[str, ValueSpec] = {}


class Options(Part):
    """The labels that could be chosen, for true negatives: listed, or observed in the file.

    ``observed`` reads the file once more beforehand, and takes the distinct answers per value of
    ``by``; a group with more than ``count_max`` of them has no options.
    """

    observed: tuple[str, ...] = Field(min_length=1)
    by: ValueSpec
    count_max: int = Field(64, gt=1, le=1000)


class Mapping(Part):
    """A whole mapping file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    about: str = ""
    format: Literal["csv", "jsonl"] = "csv"
    delimiter: str = Field(",", min_length=1, max_length=1)
    optional_columns: frozenset[str] = frozenset()
    row_id: tuple[tuple[str, ...], ...] = ()
    allowed: dict[str, list[str]] = {}
    formats: tuple[Format, ...] = ("iso8601",)
    zone: Zone = "UTC"
    ambiguous: Ambiguous = "refuse"
    durations: Shift | None = None
    times: dict[str, tuple[TimeSource, ...]]
    answers: dict[str, Answer] = {}
    options: Options | None = None
    fields: dict[str, ValueSpec]
    events: tuple[EventSpec, ...] = Field(min_length=1)

    def columns(self) -> frozenset[str]:
        """Every column that the mapping reads, optional ones included."""
        return frozenset(_columns_in(self)) | {c for group in self.row_id for c in group}

    def needed_columns(self) -> frozenset[str]:
        """The columns without which a file is refused."""
        return self.columns() - self.optional_columns


def _columns_in(part: object) -> Iterator[str]:
    """Walks the mapping: the ``column`` keys, and the keys of conditions."""
    if isinstance(part, BaseModel):
        for name, value in part:
            if name == "column" and isinstance(value, str):
                yield value
            elif name in ("when", "required_when", "allowed") and value:
                yield from value
            else:
                yield from _columns_in(value)
    elif isinstance(part, dict):
        for value in part.values():
            yield from _columns_in(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from _columns_in(value)
