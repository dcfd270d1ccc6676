"""Messages as producers write them: the examples of the contract, plain and wrapped."""

import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemas
from schemas.codec import Decoder
from schemas.dead_letters import DeadLetter, Headers
from schemas.events import MODELS, Event

EXAMPLES = Path(schemas.__file__).parent / "examples"
KEY = b"a key of thirty-two bytes length"
TYPES = tuple(MODELS)


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as the transport hands it over."""

    value: bytes | None
    key: bytes | None
    timestamp: int
    headers: Headers = ()
    offset: int = 41


def example(event_type: str) -> dict[str, Any]:
    """The contract's example of a type, as it was written."""
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{event_type}.json").read_bytes())
    return loaded


def as_bytes(event: Any) -> bytes:
    """Compact JSON; Python writes NaN and Infinity as such."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def plain(event: dict[str, Any]) -> Sent:
    """An event as most producers send it."""
    key = str(event[MODELS[event["event_type"]].key_field]).encode()
    return Sent(as_bytes(event), key, event["received_at"] + 20)


def _attributes(event: dict[str, Any]) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": event["event_id"],
        "source": "/floor/eu",
        "type": event["event_type"],
        "time": "1999-01-01T00:00:00Z",
    }


def framed(event: dict[str, Any]) -> Sent:
    """Behind Confluent's magic byte and schema id."""
    sent = plain(event)
    assert sent.value is not None
    return Sent(b"\x00\x00\x00\x01\x2c" + sent.value, sent.key, sent.timestamp)


def structured(event: dict[str, Any]) -> Sent:
    """A structured CloudEvent that its header announces."""
    sent = plain(event)
    body = _attributes(event) | {"datacontenttype": "application/json", "data": event}
    headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
    return Sent(as_bytes(body), sent.key, sent.timestamp, headers)


def structured_unannounced(event: dict[str, Any]) -> Sent:
    """A structured CloudEvent of a producer that sets no header."""
    sent = structured(event)
    return Sent(sent.value, sent.key, sent.timestamp)


def structured_base64(event: dict[str, Any]) -> Sent:
    """A structured CloudEvent whose producer passed bytes as its data."""
    sent = structured(event)
    body = _attributes(event) | {"data_base64": b64encode(as_bytes(event)).decode()}
    return Sent(as_bytes(body), sent.key, sent.timestamp, sent.headers)


def binary(event: dict[str, Any]) -> Sent:
    """A binary CloudEvent: the attributes are headers."""
    sent = plain(event)
    headers = tuple((f"ce_{name}", text.encode()) for name, text in _attributes(event).items())
    content = (("content-type", b"application/json"),)
    return Sent(sent.value, sent.key, sent.timestamp, content + headers)


def decoded(decoder: Decoder, sent: Sent, event_type: str) -> Event:
    """What the decoder makes of a sound message."""
    event = decoder.decode(MODELS[event_type].role, 3, sent)
    assert not isinstance(event, DeadLetter), (event.reason, event.message)
    return event


def refused(decoder: Decoder, sent: Sent, role: str = "annotations") -> DeadLetter:
    """What the decoder makes of an unsound message."""
    letter = decoder.decode(role, 3, sent)
    assert isinstance(letter, DeadLetter)
    return letter
