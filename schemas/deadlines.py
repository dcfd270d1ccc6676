"""Running SLA clocks in the order of their deadlines, as metrics look at them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DueLine:
    """How long is left to each deadline (ms, ascending), and how many clocks are due up to it.

    Deadlines are known to the minute they lie in, so 0 and less is within this minute: so many
    clocks are ``passing``. ``steeper`` are the deadlines ahead that ask for a faster pace than all
    before them, each with its time left and how many clocks ahead are due up to it; the last of
    them asks for most, and ``steepest_ms`` is left to the last deadline that asks for as much.
    """

    left_ms: tuple[int, ...] = ()
    upto: tuple[int, ...] = ()
    passing: int = 0
    steeper: tuple[tuple[int, int], ...] = ()
    steepest_ms: int = 0

    @property
    def n(self) -> int:
        """How many clocks run and may still be kept."""
        return self.upto[-1] if self.upto else 0

    @classmethod
    def of(cls, deadlines: Mapping[int, int], now_ms: int) -> "DueLine":
        """From clocks by the minute (UTC ms of its start) of their deadline."""
        if not deadlines:
            return NOTHING_DUE
        left, upto, steeper = [], [], []
        queued = passing = steepest_ms = 0
        steep_ms, steep = 1, 0
        for at_ms in sorted(deadlines):
            left_ms, n = at_ms - now_ms, deadlines[at_ms]
            left.append(left_ms)
            if left_ms <= 0:
                passing += n
                upto.append(passing)
                continue
            queued += n
            upto.append(passing + queued)
            if queued * steep_ms < steep * left_ms:
                continue
            if queued * steep_ms > steep * left_ms:
                steep_ms, steep = left_ms, queued
                steeper.append((left_ms, queued))
            steepest_ms = left_ms
        return cls(tuple(left), tuple(upto), passing, tuple(steeper), steepest_ms)


NOTHING_DUE = DueLine()
