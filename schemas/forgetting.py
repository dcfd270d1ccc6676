"""The command to forget a person, and how one who was forgotten is known again.

It lies on ``ops.commands``, one copy in each partition, and for the notifier on ``ops.alerts``.
"""

from hashlib import blake2b

import msgspec

_BEGINS = b'{"type":"forget"'


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """Everything that is kept about a pseudonym is let go, and nothing new is kept.

    ``at_ms`` is wall clock, UTC.
    """

    id: str
    person: str
    at_ms: int


_FINGERPRINT_BYTES = 16


def fingerprint(person: str) -> str:
    """What lists hold of a pseudonym: 32 hex digits, which say nothing without it."""
    return blake2b(person.encode(), digest_size=_FINGERPRINT_BYTES).hexdigest()


_decode = msgspec.json.Decoder(Forget).decode


def encode(command: Forget) -> bytes:
    """The command as JSON bytes."""
    return msgspec.json.encode(command)


def decode_forget(data: bytes) -> Forget | None:
    """The command; None when it is another one. Raises msgspec.DecodeError when it is broken."""
    return _decode(data) if data.startswith(_BEGINS) else None
