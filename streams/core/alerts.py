"""One alert's life: a state machine over verdicts, in event time, that knows no rule and no metric.

::

    inactive -> pending -> firing -> recovering -> resolved
                 (for)               (keep_firing_for)

It is told a verdict at each evaluation and answers with the steps it takes. Time in which nothing
is known counts neither for a hold nor for a recovery: missing data is no evidence and no recovery.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import msgspec

from schemas.alerts import AlertTransition, Evidence, State, Transition
from streams.core.plan import DAY_MS, MINUTE_MS

#: An alert without data for this long is stale; one that only waits for its hold is dropped.
STALE_AFTER_MS = 5 * MINUTE_MS
#: An alert that comes back this soon after it resolved keeps its owner.
REMEMBERED_MS = 30 * MINUTE_MS
#: An alert that is over can still be taken back for so long.
CORRECTED_WITHIN_MS = DAY_MS
#: Between two evaluations further apart than this nobody looked, so nothing is known of it.
UNWATCHED_MS = STALE_AFTER_MS


class Verdict(StrEnum):
    """What an evaluation says about the condition of a rule."""

    BREACHED = "breached"
    #: Neither breached nor beyond the ``clear`` threshold.
    BETWEEN = "between"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a condition must hold before its alert fires, and be clear before it resolves."""

    for_ms: int = 0
    keep_firing_for_ms: int = 0


class Basis(msgspec.Struct, frozen=True, array_like=True):
    """What an alert was raised for: ``bad`` things in a window, of which so many are ``left``.

    ``counts_good``: the value is the share of what is not bad.
    """

    start_ms: int
    end_ms: int
    bad: int
    left: int
    value: float
    op: str
    threshold: float
    counts_good: bool


class Alert(msgspec.Struct, omit_defaults=True):
    """One rule about one subject as it stands: all that a restart needs; times in event ms."""

    labels: dict[str, str]
    rule_version: str = ""
    state: State = "inactive"
    #: The episode: when the condition began to hold, and its steps so far.
    starts_at_ms: int = 0
    seq: int = 0
    #: Pending: from when the hold is counted. Recovering: from when the recovery is.
    counted_from_ms: int = 0
    unknown_from_ms: int | None = None
    stale: bool = False
    resolved_ms: int | None = None
    #: When somebody last took it on, or it last resolved: rules may count anew from there.
    changed_ms: int = 0
    owner: str = ""
    note: str = ""
    owned_until_ms: int | None = None
    suppressed_by: tuple[str, ...] = ()
    #: What people were told last, for steps that bring no new evidence.
    evidence: Evidence | None = None
    annotations: dict[str, str] = {}
    #: What the flush that wrote this says; said again by who takes over right after it.
    said: tuple[AlertTransition, ...] = ()
    version: int = 1
    basis: Basis | None = None
    #: Later data took the reason away, and nobody was told so yet.
    withdrawn: bool = False

    @property
    def is_active(self) -> bool:
        """Whether people may have been told of it and it is not over."""
        return self.state in ("firing", "recovering")


def step(alert: Alert, timing: Timing, verdict: Verdict, now_ms: int) -> list[Transition]:
    """Take in one verdict; returns the steps this makes, in order. ``now_ms`` only grows."""
    if verdict is Verdict.UNKNOWN:
        return _without_data(alert, now_ms) + _let_go(alert, now_ms)
    steps = _data_again(alert, now_ms)
    match alert.state:
        case "inactive" | "resolved":
            if verdict is Verdict.BREACHED:
                steps += _begin(alert, timing, now_ms)
        case "pending":
            if verdict is not Verdict.BREACHED:
                alert.state = "inactive"
                steps.append("dropped")
            elif now_ms - alert.counted_from_ms >= timing.for_ms:
                alert.state = "firing"
                steps.append("firing")
        case "firing":
            if verdict is Verdict.CLEAR:
                steps += _recover(alert, timing, now_ms)
        case "recovering":
            if verdict is not Verdict.CLEAR:
                alert.state = "firing"
                steps.append("refired")
            elif now_ms - alert.counted_from_ms >= timing.keep_firing_for_ms:
                steps += resolve(alert, now_ms)
        case _:
            assert_never(alert.state)
    return steps + _let_go(alert, now_ms)


def _begin(alert: Alert, timing: Timing, now_ms: int) -> list[Transition]:
    """A new episode; who had the last one keeps this one when it follows soon."""
    resolved_ms = alert.resolved_ms
    if resolved_ms is None or now_ms - resolved_ms > REMEMBERED_MS:
        alert.owner, alert.note, alert.owned_until_ms = "", "", None
    alert.starts_at_ms = alert.counted_from_ms = now_ms
    alert.seq, alert.resolved_ms, alert.suppressed_by = 0, None, ()
    alert.basis, alert.withdrawn = None, False
    alert.state = "firing" if timing.for_ms == 0 else "pending"
    return ["firing" if timing.for_ms == 0 else "pending"]


def _recover(alert: Alert, timing: Timing, now_ms: int) -> list[Transition]:
    if timing.keep_firing_for_ms == 0:
        return resolve(alert, now_ms)
    alert.state, alert.counted_from_ms = "recovering", now_ms
    return ["recovering"]


def resolve(alert: Alert, now_ms: int) -> list[Transition]:
    """End the episode, whatever its state; nothing when there is none."""
    was_active = alert.is_active
    if alert.state == "pending":
        alert.state = "inactive"
        return ["dropped"]
    if not was_active:
        return []
    alert.state, alert.resolved_ms, alert.changed_ms = "resolved", now_ms, now_ms
    alert.unknown_from_ms, alert.stale = None, False
    return ["resolved"]


def correct(alert: Alert, now_ms: int) -> list[Transition]:
    """Take back what was told of the episode, over or not: its reason turned out to be none."""
    alert.basis, alert.withdrawn = None, False
    was_active = alert.is_active
    if was_active:
        resolve(alert, now_ms)
    return ["corrected"] if was_active or alert.state == "resolved" else []


def _without_data(alert: Alert, now_ms: int) -> list[Transition]:
    if alert.unknown_from_ms is None:
        alert.unknown_from_ms = now_ms
    if now_ms - alert.unknown_from_ms < STALE_AFTER_MS or alert.stale:
        return []
    if alert.state == "pending":
        alert.state, alert.unknown_from_ms = "inactive", None
        return ["dropped"]
    if not alert.is_active:
        return []
    alert.stale = True
    return ["stale"]


def _data_again(alert: Alert, now_ms: int) -> list[Transition]:
    if alert.unknown_from_ms is None:
        return []
    pause(alert, now_ms - alert.unknown_from_ms)
    alert.unknown_from_ms = None
    was_stale, alert.stale = alert.stale, False
    return ["fresh"] if was_stale and alert.is_active else []


def pause(alert: Alert, length_ms: int) -> None:
    """Don't count so much time, in which nobody looked, for a hold or a recovery."""
    if alert.state in ("pending", "recovering"):
        alert.counted_from_ms += length_ms


def _let_go(alert: Alert, now_ms: int) -> list[Transition]:
    """An acknowledgement until a time ends with it."""
    if alert.owned_until_ms is None or now_ms < alert.owned_until_ms:
        return []
    return unacknowledge(alert)


def acknowledge(alert: Alert, owner: str, note: str, until_ms: int | None) -> list[Transition]:
    """Somebody takes care of it until it resolves, or until a time; the same again is nothing."""
    said = (owner, note, until_ms)
    if not alert.is_active or (alert.owner, alert.note, alert.owned_until_ms) == said:
        return []
    alert.owner, alert.note, alert.owned_until_ms = said
    return ["acknowledged"]


def unacknowledge(alert: Alert) -> list[Transition]:
    """Nobody takes care of it any more."""
    was_owned = bool(alert.owner)
    alert.owner, alert.note, alert.owned_until_ms = "", "", None
    return ["unacknowledged"] if was_owned and alert.is_active else []


def suppress(alert: Alert, by: tuple[str, ...]) -> list[Transition]:
    """Note who keeps it quiet; a step when that begins or ends while people may know of it."""
    was_quiet, alert.suppressed_by = bool(alert.suppressed_by), by
    if was_quiet == bool(by) or not alert.is_active:
        return []
    return ["suppressed" if by else "unsuppressed"]


def is_over(alert: Alert, now_ms: int) -> bool:
    """Whether nothing has to be remembered of it."""
    if alert.state == "resolved":
        assert alert.resolved_ms is not None
        remembered_ms = REMEMBERED_MS if alert.basis is None else CORRECTED_WITHIN_MS
        return now_ms - alert.resolved_ms > remembered_ms
    return alert.state == "inactive"
