"""Errors as ClickHouse's HTTP interface reports them: a code, a name, a status."""

import re
from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """The server's codes that this interface raises by itself."""

    BAD_ARGUMENTS = 36
    NOT_IMPLEMENTED = 48
    CANNOT_DECOMPRESS = 271
    SYNTAX_ERROR = 62
    TOO_LARGE_STRING_SIZE = 131
    READONLY = 164
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    INCORRECT_DATA = 117
    AUTHENTICATION_FAILED = 516


# As in the server's exceptionCodeToHTTPStatus; everything else is 500.
_STATUSES = {
    400: (6, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 70, 72, 117, 271, 372, 456, 457),
    403: (516,),
    404: (16, 46, 47, 60, 81, 115),
    413: (131,),
    501: (48,),
}
_STATUS_OF = {code: status for status, codes in _STATUSES.items() for code in codes}
_TEXT = re.compile(r"Code: (\d+)\. DB::Exception: (?:Code: \1\. DB::Exception: )?(.*)", re.DOTALL)
_VERSION = re.compile(r"\s*\(version [^)]*\)[.\s]*(?=\([A-Z_0-9]+\)\s*$)")


@dataclass(frozen=True, slots=True)
class FaultText:
    """What goes on the wire."""

    code: int
    status: int
    text: str


class Fault(Exception):
    """A request that is refused by this interface, not by the engine."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"Code: {code.value}. DB::Exception: {message}. ({code.name})")


def describe(error: Exception) -> FaultText:
    """Code, status and text of an engine's error or of a ``Fault``."""
    found = _TEXT.search(str(error))
    if found is None:
        return FaultText(1001, 500, f"Code: 1001. DB::Exception: {error}. (STD_EXCEPTION)")
    code = int(found.group(1))
    message = _VERSION.sub(" ", found.group(2)).strip()
    text = f"Code: {code}. DB::Exception: {message}\n"
    return FaultText(code, _STATUS_OF.get(code, 500), text)
