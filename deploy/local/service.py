"""What the stack must know of a part in order to run it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.local.places import Part


@dataclass(frozen=True, slots=True)
class Service:
    """One part, ready to be started.

    ``healthy`` asks the part itself, over its own protocol, and never raises.
    ``hints`` maps a text of its log to what it means and what to do: ``(problem, remedy)``.
    """

    part: Part
    argv: Sequence[str]
    healthy: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    start_s_max: float = 60.0


DISK_FULL = ("the disk is full", "free some space, then start again")
PORT_TAKEN = (
    "another process took its port in the meantime",
    "start again: another port is chosen then",
)
