"""A body into the JSON objects inside it: one, an array, lines, or CloudEvents. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json, to_json

from schemas import cloudevents
from schemas.dead_letters import Reason
from schemas.refusals import Refused, explain_json

_ATTRIBUTE = "ce-"
_TYPES = (
    "application/json, application/x-ndjson, application/cloudevents+json or "
    "application/cloudevents-batch+json"
)


class Kind(StrEnum):
    """What a body is, by its content type and headers."""

    JSON = "json"
    LINES = "lines"
    STRUCTURED = "structured"
    BATCH = "batch"
    BINARY = "binary"


_KINDS = {
    "application/json": Kind.JSON,
    "application/x-ndjson": Kind.LINES,
    "application/ndjson": Kind.LINES,
    "application/jsonl": Kind.LINES,
    "application/cloudevents+json": Kind.STRUCTURED,
    "application/cloudevents-batch+json": Kind.BATCH,
}


class NoKind(ValueError):
    """A content type that is not read; the text says which are."""

    def __init__(self) -> None:
        super().__init__(f"send {_TYPES}")


class TooMany(ValueError):
    """More events than one request may have."""


class Misshapen(ValueError):
    """What is wrong with the event at ``index``, or, with -1, the body as a whole."""

    def __init__(self, index: int, refused: Refused) -> None:
        super().__init__(refused.message)
        self.index, self.refused = index, refused


def kind_of(content_type: str, attributes: Mapping[str, str]) -> Kind:
    """What a body is; raises NoKind."""
    found = _KINDS.get(content_type)
    if found is None:
        raise NoKind
    return Kind.BINARY if found is Kind.JSON and attributes else found


def attributes_in(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a binary CloudEvent, which are percent-encoded in headers."""
    return {
        name[len(_ATTRIBUTE) :].lower(): unquote(value)
        for name, value in headers.items()
        if name[: len(_ATTRIBUTE)].lower() == _ATTRIBUTE
    }


def objects(
    body: bytes, kind: Kind, attributes: Mapping[str, str], events_max: int
) -> list[dict[str, Any]]:
    """The events as they were sent, unwrapped; raises Misshapen and TooMany."""
    if kind is Kind.BINARY:
        return [_event(0, lambda: cloudevents.from_binary(body, attributes))]
    if kind is Kind.LINES:
        lines = [line for line in body.split(b"\n") if line.strip()]
        _limit(len(lines), events_max)
        return [_parsed(index, line) for index, line in enumerate(lines)]
    whole = _json(body)
    if kind is Kind.STRUCTURED or not isinstance(whole, list):
        if kind is Kind.BATCH:
            raise Misshapen(-1, Refused(Reason.BAD_CLOUDEVENT, "", "a batch is a JSON array"))
        whole = [whole]
    _limit(len(whole), events_max)
    wrapped = kind in (Kind.STRUCTURED, Kind.BATCH)
    return [_unwrapped(index, each, wrapped=wrapped) for index, each in enumerate(whole)]


def _limit(count: int, events_max: int) -> None:
    if count > events_max:
        raise TooMany(f"{count} events; one request has at most {events_max}")


def _json(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Misshapen(-1, explain_json(body, str(error))) from None


def _parsed(index: int, line: bytes) -> dict[str, Any]:
    try:
        return _unwrapped(index, from_json(line, allow_inf_nan=False), wrapped=False)
    except Misshapen:
        raise
    except ValueError as error:
        raise Misshapen(index, explain_json(line, str(error))) from None


def _unwrapped(index: int, found: Any, *, wrapped: bool) -> dict[str, Any]:
    """A plain event; ``wrapped`` says that it has to be a CloudEvent, which it may be anyway."""
    if not isinstance(found, dict):
        says = "an event is a JSON object"
        raise Misshapen(index, Refused(Reason.NOT_AN_OBJECT, "", says))
    if wrapped or ("specversion" in found and "event_type" not in found):
        return _event(index, lambda: cloudevents.from_structured(to_json(found)))
    return found


def _event(index: int, unwrap: Any) -> dict[str, Any]:
    try:
        return cloudevents.parse_object(unwrap())
    except Refused as refused:
        raise Misshapen(index, refused) from None
