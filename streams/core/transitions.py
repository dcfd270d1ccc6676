"""What happens to an SLA clock, in words that a dispute can be settled by.

Times are UTC ms of event time; elapsed, paused, target and burned times are ms of the clock's own
calendar. Names and positions are part of the state format.
"""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """The transitions of a clock."""

    ACTIVATE = "activate"
    PAUSE = "pause"
    RESUME = "resume"
    AT_RISK = "at_risk"
    BREACH = "breach"
    #: What was told as a breach was none: an event came late that is dated before the deadline.
    BREACH_WITHDRAWN = "breach_withdrawn"
    FULFIL = "fulfil"
    CANCEL = "cancel"


class Cause(StrEnum):
    """Why a transition happened: a condition of the policy, or none of them."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CANCEL = "cancel"
    RESET = "reset"
    #: Another claim, where the clock counts from the last one.
    ANCHOR = "anchor"
    #: A new version of the policy took over.
    POLICY = "policy"
    #: Time passed.
    TIME = "time"
    #: An event came late and changed the story.
    LATE_EVENT = "late_event"


#: State, queue, team, and the ms that burned there.
Burned = tuple[str, str, str, int]
#: Policy, cycle, kind, and its number among those of its kind in the cycle.
Key = tuple[str, int, str, int]


class Transition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One step of one clock.

    ``deadline_ms`` is None while the clock is paused. ``burned`` comes with the ends and with a
    breach: whose the time was since the anchor. ``event_id`` is that of the event which caused
    the step, "" when none did.
    """

    policy: str
    contract: str
    version: int
    cycle: int
    kind: Kind
    n: int
    at_ms: int
    cause: Cause
    event_id: str
    anchor_ms: int
    target_ms: int
    deadline_ms: int | None
    elapsed_ms: int
    paused_ms: int
    breached: bool
    queue: str
    team: str
    site: str
    extras: tuple[str, ...] = ()
    burned: tuple[Burned, ...] = ()

    @property
    def key(self) -> Key:
        """What names the step for good, whatever is said about it later."""
        return (self.policy, self.cycle, self.kind.value, self.n)

    @property
    def remaining_ms(self) -> int:
        """What was left of the target; negative beyond it."""
        return self.target_ms - self.elapsed_ms
