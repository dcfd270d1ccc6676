"""What producers put around an event: CloudEvents and Confluent's frame. Plain JSON comes out."""

from collections.abc import Sequence
from typing import Final

from schemas import cloudevents
from schemas.dead_letters import Header, Reason
from schemas.refusals import Refused

#: A zero byte and the schema's id, four bytes.
_FRAME: Final = b"\x00"
_FRAME_BYTES: Final = 5
#: How Avro marks a single object and a file of its own.
_AVRO_MARKS: Final = (b"\xc3\x01", b"Obj\x01")
_CONTENT_TYPE: Final = "content-type"
_UNREAD_TYPES: Final = ("avro", "protobuf", "cloudevents-batch")


def unwrap(value: bytes, headers: Sequence[Header]) -> bytes:
    """The event's own JSON, or at least what should be it; raises Refused."""
    content_type = _content_type(headers)
    if any(unread in content_type for unread in _UNREAD_TYPES):
        raise _unsupported()
    payload = _unframed(value)
    if content_type == cloudevents.STRUCTURED_TYPE:
        return cloudevents.from_structured(payload)
    attributes = cloudevents.attributes_in(headers)
    return cloudevents.from_binary(payload, attributes) if attributes else payload


def _unframed(value: bytes) -> bytes:
    if value.startswith(_AVRO_MARKS):
        raise _unsupported()
    if not value.startswith(_FRAME):
        return value
    payload = value[_FRAME_BYTES:]
    # Neither an Avro string nor Protobuf's message index can begin with a brace.
    if not payload.lstrip().startswith(b"{"):
        raise _unsupported()
    return payload


def _content_type(headers: Sequence[Header]) -> str:
    for name, value in headers:
        if name.lower() == _CONTENT_TYPE and value is not None:
            return value.decode(errors="replace").partition(";")[0].strip().lower()
    return ""


def _unsupported() -> Refused:
    message = "only JSON is read, not Avro, Protobuf or batches"
    return Refused(Reason.UNSUPPORTED_FORMAT, "", message)
