"""Should this receiver be told of this alert now? Pure; the answer is the reason, or None."""

import msgspec

from schemas.alerts import AlertTransition
from schemas.notices import Reason
from schemas.receivers import Receiver

ACTIVE = frozenset({"firing", "recovering"})


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What a receiver was last told of an episode: which step, when (wall clock), and as what.

    ``n`` counts its notices, so that a repeat has an id of its own.
    """

    seq: int
    at_ms: int
    standing: Reason
    n: int


def is_active(alert: AlertTransition) -> bool:
    """Whether subscribers see it as firing."""
    return alert.state in ACTIVE


def should_notify(
    told: Mark | None, alert: AlertTransition, receiver: Receiver, now_ms: int, *, caught_up: bool
) -> Reason | None:
    """Why a receiver that wants an alert is told of it at ``now_ms`` (wall clock), else None.

    Once per episode: firing, and resolved for those who were told. Suppressed and acknowledged
    alerts wake nobody until that ends, nor do those raised while catching up: these are told
    together, as a digest, once ``caught_up``. A correction goes to everybody who was told, once.
    """
    if alert.transition == "corrected":
        was_told = told is not None and told.standing != "corrected"
        return "corrected" if was_told else None
    if not is_active(alert):
        return _when_over(told, alert, receiver, caught_up)
    if alert.suppressed_by or alert.acknowledged_by:
        return None
    if told is None or told.standing == "resolved":
        if alert.late:
            return "digest" if caught_up else None
        if told is not None:
            return "refired"
        return "watchdog" if receiver.watchdog else "firing"
    silence_ended = alert.transition == "unsuppressed" and told.seq < alert.seq
    if silence_ended or now_ms - told.at_ms >= receiver.repeat_interval_ms:
        return "watchdog" if receiver.watchdog else "repeat"
    return None


def _when_over(
    told: Mark | None, alert: AlertTransition, receiver: Receiver, caught_up: bool
) -> Reason | None:
    if alert.state != "resolved" or not receiver.send_resolved:
        return None
    if told is None:
        # What came and went while catching up is part of the digest; what nobody heard of is not.
        quiet = alert.suppressed_by or alert.acknowledged_by
        return "digest" if alert.late and caught_up and not quiet else None
    return "resolved" if told.standing not in ("resolved", "corrected") else None


def standing_after(reason: Reason, alert: AlertTransition) -> Reason:
    """How the receiver sees the episode after a notice."""
    if reason == "corrected":
        return "corrected"
    return "firing" if is_active(alert) else "resolved"
