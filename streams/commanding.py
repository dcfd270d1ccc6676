"""What the floor reads of ``ops.commands`` beside what alerts are told."""

import msgspec

from schemas.forgetting import Forget, decode_forget
from streams import logs

log = logs.get(__name__)


def read_forget(value: bytes | None) -> Forget | None:
    """The person to be forgotten; None when a record asks for something else, or is broken."""
    try:
        return decode_forget(value or b"")
    except msgspec.DecodeError:
        log.warning("command_unreadable", kind="forget")
        return None
