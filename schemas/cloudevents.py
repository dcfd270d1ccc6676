"""CloudEvents 1.0 around our events, as its Kafka binding writes them: structured and binary.

The event itself is the ``data``. What it leaves out is filled from the attributes: ``id``,
``type``, ``time`` and ``source`` become ``event_id``, ``event_type``, ``occurred_at`` and
``source``; where both speak, ``data`` is right, since ``source`` there is our short name and not
a URI. The result is plain JSON again, so there is one validation for every wrapping.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json, to_json

from schemas.dead_letters import Header, Reason
from schemas.refusals import Refused, explain_json

STRUCTURED_TYPE: Final = "application/cloudevents+json"
_PREFIX: Final = "ce_"
_REQUIRED: Final = ("specversion", "id", "source", "type")
_FILLS: Final = {"id": "event_id", "type": "event_type", "time": "occurred_at", "source": "source"}


def attributes_in(headers: Sequence[Header]) -> dict[str, str]:
    """The attributes of a binary CloudEvent by name; empty when the message is none."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name[:3].lower() == _PREFIX and value is not None:
            try:
                found[name[3:].lower()] = value.decode()
            except UnicodeDecodeError:
                raise _refused("a ce_ header is not UTF-8") from None
    return found


def from_structured(payload: bytes) -> bytes:
    """The event inside a structured CloudEvent, as plain JSON; raises Refused."""
    body = parse_object(payload)
    if "data_base64" in body:
        data = parse_object(_from_base64(body["data_base64"]))
    elif isinstance(body.get("data"), dict):
        data = body["data"]
    else:
        raise _refused("data: must be a JSON object", "data")
    return _filled(data, body)


def from_binary(payload: bytes, attributes: Mapping[str, str]) -> bytes:
    """The event of a binary CloudEvent, as plain JSON; raises Refused."""
    return _filled(parse_object(payload), attributes)


def parse_object(payload: bytes) -> dict[str, Any]:
    """A JSON object; raises Refused with what is wrong."""
    try:
        parsed = from_json(payload, allow_inf_nan=False)
    except ValueError as error:
        raise explain_json(payload, str(error)) from None
    if not isinstance(parsed, dict):
        raise Refused(Reason.NOT_AN_OBJECT, "", "the value is JSON, but not an object")
    return parsed


def _filled(data: Mapping[str, Any], attributes: Mapping[str, Any]) -> bytes:
    for name in _REQUIRED:
        given = attributes.get(name)
        if not isinstance(given, str) or not given:
            raise _refused(f"{name}: a CloudEvent has it, as text", name)
    if not attributes["specversion"].startswith("1."):
        raise _refused("specversion: only CloudEvents 1.x are read", "specversion")
    filling = {ours: attributes[name] for name, ours in _FILLS.items() if name in attributes}
    return to_json({**filling, **data})


def _from_base64(text: Any) -> bytes:
    if isinstance(text, str):
        try:
            return b64decode(text, validate=True)
        except (Base64Error, ValueError):
            pass
    raise _refused("data_base64: is not base64", "data_base64")


def _refused(message: str, field: str = "") -> Refused:
    return Refused(Reason.BAD_CLOUDEVENT, field, message)
