"""Why an event was not taken, in words that repeat nothing of it.

``Refused`` is raised only inside ``schemas``; what leaves the decoder is a dead letter.
"""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from schemas.dead_letters import Reason
from schemas.events import EVENT_MODELS, wire_names
from schemas.review_events import Defect

#: How deep JSON may nest. The parser's own limit: it counts while it reads, before any recursion.
DEPTH_MAX: Final = 200

_FIELD_NAMES: Final = frozenset(Defect.__annotations__).union(
    *(wire_names(model) for model in EVENT_MODELS)
)

#: Errors whose text names limits only. Any other kind is told by its name, since texts of
#: pydantic may quote the input.
_PLAIN_KINDS: Final = frozenset(
    {
        "text",
        "time",
        "version",
        "literal_error",
        "int_type",
        "int_from_float",
        "float_type",
        "bool_type",
        "list_type",
        "dict_type",
        "too_long",
        "greater_than",
        "greater_than_equal",
        "less_than_equal",
    }
)


class Refused(Exception):
    """An event that is not taken; ``field`` is '' when no single one is to blame.

    ``event_type`` is '' as long as it is not known to be one of the contract's.
    """

    def __init__(self, reason: Reason, field: str, message: str, event_type: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.message = message
        self.event_type = event_type


def not_utf8(payload: bytes) -> bool:
    """Whether the bytes are no UTF-8 text."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return True
    return False


def explain_json(payload: bytes, problem: str) -> Refused:
    """Why the parser did not take the bytes, from its complaint."""
    if not_utf8(payload):
        return Refused(Reason.NOT_UTF8, "", "the value is not UTF-8")
    if "recursion limit" in problem:
        return Refused(Reason.TOO_DEEP, "", f"the JSON nests deeper than {DEPTH_MAX} levels")
    if holds_not_finite(payload):
        return Refused(Reason.NOT_FINITE, "", "NaN and Infinity are not JSON")
    return Refused(Reason.NOT_JSON, "", "the value is not JSON")


def holds_not_finite(payload: bytes) -> bool:
    """Whether the bytes would be JSON without their literal NaN or Infinity."""
    if b"NaN" not in payload and b"Infinity" not in payload:
        return False
    try:
        from_json(payload)
    except ValueError:
        return False
    try:
        from_json(payload, allow_inf_nan=False)
    except ValueError:
        return True
    return False


def refuse_not_finite(payload: bytes) -> None:
    """Raise Refused for a literal NaN or Infinity; the validator overlooks extra fields."""
    if holds_not_finite(payload):
        raise Refused(Reason.NOT_FINITE, "", "NaN and Infinity are not JSON")


def explain(error: ValidationError, payload: bytes) -> Refused:
    """The first thing that is wrong with an event, by its field."""
    first = error.errors(include_url=False, include_input=False)[0]
    kind, loc = first["type"], first["loc"]
    if kind == "json_invalid":
        return explain_json(payload, first["msg"])
    if kind == "dict_type" and not loc:
        return Refused(Reason.NOT_AN_OBJECT, "", "the value is JSON, but not an object")
    if kind == "union_tag_not_found":
        return Refused(Reason.MISSING_FIELD, "event_type", "event_type: is missing")
    if kind == "union_tag_invalid":
        return Refused(Reason.UNKNOWN_TYPE, "event_type", "event_type: is none of the contract's")
    # From here on the first part of the place is the event's type.
    reason, message = _explain_field(first, payload)
    field = field_path(loc[1:])
    return Refused(reason, field, f"{field}: {message}", str(loc[0]))


def _explain_field(first: ErrorDetails, payload: bytes) -> tuple[Reason, str]:
    kind = first["type"]
    if kind == "missing":
        return Reason.MISSING_FIELD, "is missing"
    if kind == "version" and _is_other_version(from_json(payload).get("schema_version")):
        return Reason.UNSUPPORTED_VERSION, "this major version is not read"
    if kind == "finite_number":
        return Reason.NOT_FINITE, "is not a finite number"
    return Reason.WRONG_FIELD, first["msg"] if kind in _PLAIN_KINDS else f"is wrong ({kind})"


def field_path(loc: Iterable[int | str]) -> str:
    """Where an error lies, such as ``defects[2].code``; only names of the contract appear."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in _FIELD_NAMES:
            path += f".{part}" if path else part
    return path


def _is_other_version(version: Any) -> bool:
    major = str(version).split(".")[0]
    return not isinstance(version, bool) and major.isascii() and major.isdigit() and major != "1"
