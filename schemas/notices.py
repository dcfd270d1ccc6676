"""What became of a notice, for the log: one record per notice and alert it told of."""

from typing import Literal

import msgspec

from schemas.alerts import AlertTransition, Silence, decode_transition
from schemas.forgetting import Forget, decode_forget

#: Why somebody is told.
Reason = Literal["firing", "resolved", "corrected", "refired", "repeat", "digest", "watchdog"]

#: ``pending`` is tried again, ``refused`` and ``abandoned`` are not, ``stopped`` is a 410.
Outcome = Literal["pending", "sent", "refused", "abandoned", "stopped"]


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One alert's part in one notice, named by the alert's step, the receiver and ``notice_id``.

    ``at_ms`` is wall clock. ``detail`` is ours (a status, a kind of error), never what a receiver
    answered.
    """

    notice_id: str
    receiver: str
    reason: Reason
    fingerprint: str
    starts_at_ms: int
    seq: int
    outcome: Outcome
    attempts: int
    at_ms: int
    detail: str = ""
    rule: str = ""
    rule_version: str = ""
    labels: dict[str, str] = {}


def decode_record(data: bytes) -> AlertTransition | Silence | Forget:
    """A record of ``ops.alerts``: a transition, a silence that changed, or whom to forget.

    Raises msgspec.DecodeError or ValidationError when it is none of these.
    """
    if not data.startswith(b'{"type":'):
        return decode_transition(data)
    if (forget := decode_forget(data)) is not None:
        return forget
    return msgspec.json.decode(data, type=Silence)
