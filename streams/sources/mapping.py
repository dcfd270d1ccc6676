"""The shape of a mapping file: which column is which field, and which events a row yields.

Every class forbids unknown keys, so that a misspelt one is refused instead of ignored. The
language is explained, with examples, in ``deploy/mappings/README.md``.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from streams.sources.mapping_terms import (
    MEMORY,
    Conditions,
    DurationUnit,
    Format,
    Kind,
    Memo,
    Part,
    Path,
    Pattern,
    Quality,
    Shift,
    Zone,
)
from streams.sources.records import Scalar
from streams.sources.times import Ambiguous

_ORIGINS = (
    "column", "join", "count", "constant", "first_of",
    "answer", "equal", "reached", "time", "row_id",
)  # fmt: skip


class Reached(Part):
    """Whether one named time is at or after another one: ``true`` or ``false``."""

    time: str
    limit: str


class Value(Part):
    """Where a field's value comes from: exactly one of the first keys, down to ``row_id``."""

    column: str | None = None
    join: tuple["ValueSpec", ...] | None = Field(None, min_length=1)
    count: str | None = None
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
        given = [name for name in _ORIGINS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of " + ", ".join(_ORIGINS))
        return self


def _bare_text_is_a_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


ValueSpec = Annotated[Value, BeforeValidator(_bare_text_is_a_column)]


class TimeSource(Part):
    """One way to get a time: a column, another named time, the clock, or the record's arrival."""

    column: str | None = None
    time: str | None = None
    clock: bool = False
    arrived: bool = False
    formats: tuple[Format, ...] | None = None
    zone: Zone | None = None
    minus: Shift | None = None
    plus: Shift | None = None
    when: Conditions = Field(default_factory=dict)
    quality: Quality = "exact"

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        named = (self.column is not None) + (self.time is not None)
        if named + self.clock + self.arrived != 1:
            raise ValueError("give exactly one of column, time, clock, arrived")
        return self


class Answer(Part):
    """A cell that holds a label, or JSON from which only the labels' names are taken.

    A name that ``pattern`` does not fit as a whole becomes a hash.
    """

    column: str
    split: str | None = Field(None, min_length=1)
    chars_max: int = Field(40, gt=0, le=200)
    pattern: Pattern | None = None


class EventSpec(Part):
    """One event that a row may yield.

    ``name`` makes the event id, so it must not change once events were sent. An event about the
    item repeats on each of its rows: ``identity: content`` gives equal events equal ids; a list
    of columns names what happened for good. ``over`` repeats the event for each element.
    """

    name: str
    type: str
    at: str
    received: str | None = None
    identity: Literal["row", "content"] | Annotated[list[str], Field(min_length=1)] = "row"
    over: Path | None = None
    when: Conditions = Field(default_factory=dict)
    required_when: Conditions | None = None
    each: str | None = None
    fields: dict[str, ValueSpec] = Field(default_factory=dict)


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
    ids_as: str | None = Field(None, pattern=r"^[a-z][a-z0-9_.-]*$")
    format: Literal["csv", "json", "jsonl"] = "csv"
    json_columns: frozenset[str] = frozenset()
    delimiter: str = Field(",", min_length=1, max_length=1)
    optional_columns: frozenset[str] = frozenset()
    row_id: tuple[tuple[str, ...], ...] = ()
    content_without: frozenset[str] = frozenset()
    ignore: tuple[Conditions, ...] = ()
    may_be_empty: tuple[Conditions, ...] = ()
    allowed: dict[str, list[str]] = Field(default_factory=dict)
    formats: tuple[Format, ...] = ("iso8601",)
    zone: Zone = "UTC"
    ambiguous: Ambiguous = "refuse"
    durations: Shift | None = None
    times: dict[str, tuple[TimeSource, ...]]
    answers: dict[str, Answer] = Field(default_factory=dict)
    options: Options | None = None
    memory: dict[str, tuple[Memo, ...]] = Field(default_factory=dict)
    fields: dict[str, ValueSpec]
    events: tuple[EventSpec, ...] = Field(min_length=1)

    def columns(self) -> frozenset[str]:
        """Every column that the mapping reads, optional ones included."""
        return frozenset(_columns_in(self)) | {c for group in self.row_id for c in group}

    def needed_columns(self) -> frozenset[str]:
        """The columns without which a file is refused."""
        inside = tuple(f"{column}." for column in self.json_columns)
        named = {c for c in self.columns() if not c.startswith((MEMORY, *inside))}
        return frozenset(named | self.json_columns) - self.optional_columns


def _columns_in(part: object) -> Iterator[str]:
    """Walks the mapping: the ``column`` keys, and the keys of conditions."""
    if isinstance(part, BaseModel):
        for name, value in part:
            if name in ("column", "key") and isinstance(value, str):
                yield value
            elif name == "count" and isinstance(part, Value):
                yield from () if value is None else (value,)
            elif (name == "identity" and isinstance(value, list)) or (
                name in ("when", "required_when", "allowed") and value
            ):
                yield from value
            elif name in ("ignore", "may_be_empty", "count") and value:
                every = value.values() if isinstance(value, dict) else value
                yield from (column for conditions in every for column in conditions)
            else:
                yield from _columns_in(value)
    elif isinstance(part, dict):
        for value in part.values():
            yield from _columns_in(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from _columns_in(value)
