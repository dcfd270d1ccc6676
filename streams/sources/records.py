"""What reading a log yields: events, rejects, and the errors that stop the reading."""

from dataclasses import dataclass
from enum import StrEnum

Scalar = str | int | float | bool
FieldValue = Scalar | list[str]
EventDict = dict[str, object]


class RejectReason(StrEnum):
    """Why one row gave no event; a closed list, so that rejects can be counted by reason."""

    BAD_TIME = "bad_time"
    TIME_MISSING = "time_missing"
    BAD_NUMBER = "bad_number"
    FIELD_MISSING = "field_missing"
    VALUE_UNKNOWN = "value_unknown"
    VALUE_REFUSED = "value_refused"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    ROW_SHAPE = "row_shape"
    NO_EVENT = "no_event"


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """One event as a plain dict (times in UTC ms), and the line of the file that it came from."""

    event: EventDict
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that became no event at all; ``message`` never repeats what a cell held."""

    file: str
    line: int
    field: str
    reason: RejectReason
    message: str


class SourceError(Exception):
    """The file or the mapping as a whole can't be used; says where and which field."""

    def __init__(self, file: str, line: int, field: str, message: str) -> None:
        super().__init__(
            f"{file}:{line}: {field}: {message}" if field else f"{file}:{line}: {message}"
        )
        self.file = file
        self.line = line
        self.field = field
        self.message = message


class RowRefused(Exception):
    """Raised while one row is mapped; the reader turns it into a :class:`Reject`."""

    def __init__(self, field: str, reason: RejectReason, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.reason = reason
        self.message = message
