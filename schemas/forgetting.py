"""The command to forget a person, as it lies on ``ops.commands``: one copy to each partition."""

import msgspec

_BEGINS = b'{"type":"forget"'


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """Everything that is kept about a pseudonym is let go, and nothing new is kept.

    ``at_ms`` is wall clock, UTC.
    """

    id: str
    person: str
    at_ms: int


_decode = msgspec.json.Decoder(Forget).decode


def encode(command: Forget) -> bytes:
    """The command as JSON bytes."""
    return msgspec.json.encode(command)


def decode_forget(data: bytes) -> Forget | None:
    """The command; None when it is another one. Raises msgspec.DecodeError when it is broken."""
    return _decode(data) if data.startswith(_BEGINS) else None
