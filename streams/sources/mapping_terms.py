"""The small parts that a mapping file is built from, and what it may remember of past records."""

import re
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from streams.sources.times import check_format

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


def _known_pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return text


Zone = Annotated[str, AfterValidator(_known_zone)]
Format = Annotated[str, AfterValidator(_known_format)]
#: ``present`` and ``absent`` ask for the key itself, so that a null can be told from nothing.
Condition = Literal["empty", "not_empty", "present", "absent"] | list[str]
Conditions = dict[str, Condition]
#: A way to a list or an object's values inside a record: ``a.b[]``, ``a.*``, ``a.*[]``.
Path = Annotated[str, Field(pattern=r"^[^.\[\]]+(\[\])?(\.[^.\[\]]+(\[\])?)*$", max_length=200)]
Pattern = Annotated[str, Field(max_length=100), AfterValidator(_known_pattern)]
MEMORY = "memory."


class Part(BaseModel):
    """What all parts of a mapping share: frozen, and no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shift(Part):
    """A duration that is taken from or added to a time, or that a source counts up."""

    column: str
    unit: DurationUnit = "seconds"


class Kept(Part):
    """A cell that is remembered, when the conditions hold; an empty one changes nothing."""

    column: str
    when: Conditions = {}


def _bare_text_is_a_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Memo(Part):
    """What a record tells about something that later records speak of by its key.

    ``version`` names the time that orders what is told. ``count`` counts records from 1;
    ``total`` is a duration that the source adds up, of which ``delta_ms`` is what is new.
    """

    key: str
    over: Path | None = None
    version: str | None = None
    when: Conditions = {}
    keep: dict[str, Annotated[Kept, BeforeValidator(_bare_text_is_a_column)]] = {}
    count: dict[str, Conditions] = {}
    total: Shift | None = None

    @model_validator(mode="after")
    def _has_an_order(self) -> Self:
        if self.version is None and (self.keep or self.count or self.total):
            raise ValueError("what is remembered needs `version`, the time that orders it")
        return self

    def names(self) -> set[str]:
        """What can be asked as ``memory.TABLE.name``."""
        return {"known", "delta_ms", *self.keep, *self.count}
