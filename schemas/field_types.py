"""The types that fields of events have: bounded, strict, and checked by pydantic's Rust core only.

Python runs for a value only where nothing else will do (a time that is not an integer): these
checks are most of what an event costs.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

ID_CHARS_MAX = 256
WORD_CHARS_MAX = 64
REASON_CHARS_MAX = 256
DAY_MS = 86_400_000
#: 9999-12-31T23:59:59.999Z; a larger "time" is microseconds or nanoseconds by mistake.
TIME_MS_MAX = 253_402_300_799_999
TIME_CHARS_MAX = 40
INTEGER_MAX = 2**63 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

# Control characters separate the parts of our own keys, so no id may hold one.
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"


def iso_to_ms(text: str) -> int:
    """An ISO 8601 time with its zone as UTC ms, cut to whole ms; raises PydanticCustomError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("time_format", "is not an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise PydanticCustomError("time_zone", "has no zone")
    since_ms = (moment - _EPOCH) // _MS
    if not 0 <= since_ms <= TIME_MS_MAX:
        raise PydanticCustomError("time_range", "is before 1970 or after 9999")
    return since_ms


@dataclass(frozen=True, slots=True)
class TextSchema:
    """One line of text, 1 to ``chars_max`` characters; an integer is taken as its digits."""

    chars_max: int

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(max_length=self.chars_max, pattern=_PRINTABLE, strict=True)
        number = core_schema.int_schema(ge=0, le=INTEGER_MAX, strict=True)
        digits = core_schema.chain_schema(
            [number, core_schema.str_schema(coerce_numbers_to_str=True, strict=False)]
        )
        return core_schema.union_schema(
            [text, digits],
            mode="left_to_right",
            custom_error_type="text",
            custom_error_message=f"must be 1 to {self.chars_max} characters without control "
            "characters, or a whole number",
        )


@dataclass(frozen=True, slots=True)
class TimeSchema:
    """A moment: whole UTC ms, or an ISO 8601 text with its zone, which becomes UTC ms."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number = core_schema.int_schema(ge=0, le=TIME_MS_MAX, strict=True)
        text = core_schema.str_schema(max_length=TIME_CHARS_MAX, strict=True)
        iso = core_schema.no_info_after_validator_function(
            iso_to_ms,
            text,
            metadata={"pydantic_js_updates": {"format": "date-time"}},
        )
        return core_schema.union_schema(
            [number, iso],
            mode="left_to_right",
            custom_error_type="time",
            custom_error_message="must be whole UTC milliseconds, or ISO 8601 with its zone",
        )


@dataclass(frozen=True, slots=True)
class VersionSchema:
    """Version 1 of the contract: "1", "1.3", 1 or 1.3; always text afterwards."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(pattern=r"^1(\.[0-9]{1,4})?$", strict=True)
        number = core_schema.float_schema(ge=1, lt=2, strict=True, allow_inf_nan=False)
        digits = core_schema.chain_schema(
            [number, core_schema.str_schema(coerce_numbers_to_str=True, strict=False)]
        )
        return core_schema.union_schema(
            [text, digits],
            mode="left_to_right",
            custom_error_type="version",
            custom_error_message='must be version 1, for example "1.0"',
        )


Id = Annotated[str, TextSchema(ID_CHARS_MAX)]
Label = Annotated[str, TextSchema(ID_CHARS_MAX)]
Word = Annotated[str, TextSchema(WORD_CHARS_MAX)]
Reason = Annotated[str, TextSchema(REASON_CHARS_MAX)]
TimeMs = Annotated[int, TimeSchema()]
Version = Annotated[str, VersionSchema()]

DurationMs = Annotated[int, Field(ge=0, le=366 * DAY_MS)]
DeltaMs = Annotated[int, Field(ge=0, le=DAY_MS)]
SkewMs = Annotated[int, Field(ge=-366 * DAY_MS, le=366 * DAY_MS)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Attempt = Annotated[int, Field(ge=1, le=10_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Probability = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]

Labels = Annotated[list[Label], Field(max_length=1000)]
Words = Annotated[list[Word], Field(max_length=100)]
Ids = Annotated[list[Id], Field(max_length=1000)]
