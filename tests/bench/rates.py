"""How fast something reads a topic, measured inside the reader.

Standard library only: the peers run it in environments of their own.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

#: The part of the events that is read before the clock starts: processes that start, first
#: fetches, a group that forms and a JVM that warms up are nobody's rate.
LEAD_IN = 0.1
#: The part of a topic that is read. Whoever fetches ahead holds records when the clock starts that
#: it got before; it must hold as many when the clock stops, or the last ones came for nothing.
READ_SHARE = 0.9
#: Anything shorter is not a rate but what one fetch brought.
WALL_S_MIN = 0.5
#: A JVM translates for some seconds before it is fast.
LEAD_IN_JVM = 0.5


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading of both clocks, in seconds: of the wall, and CPU time of the process."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Rate:
    """So many events in that time of the wall and of the CPU (all threads of the reader)."""

    events: int
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Events a second of the wall."""
        return self.events / self.wall_s

    @property
    def per_cpu_s(self) -> float:
        """Events a second of CPU time."""
        return self.events / self.cpu_s


def now() -> Moment:
    """Both clocks of this process."""
    return Moment(time.perf_counter(), time.process_time())


@dataclass(slots=True)
class Stopwatch:
    """Starts when the lead-in has been read, stops when ``total`` events have.

    A batch came in before anybody could count it, so the one that ends the lead-in belongs to
    it whole: a clock that starts at a batch must not count that batch. ``total`` must leave some
    of the topic unread, see ``READ_SHARE``.
    """

    total: int
    clock: Callable[[], Moment] = now
    seen: int = 0
    _began: Moment | None = None
    _left_out: int = 0
    _next: int = field(init=False)

    def __post_init__(self) -> None:
        self._next = max(1, int(self.total * LEAD_IN))

    def add(self, n: int) -> Rate | None:
        """So many more were processed; the rate once that was the last of them.

        Raises ValueError when it took so short that there is nothing to measure.
        """
        self.seen += n
        if self.seen < self._next:
            return None
        moment = self.clock()
        if self._began is None:
            if self.seen >= self.total:
                raise ValueError(f"{self.seen} events came at once: ask for more")
            self._began, self._left_out, self._next = moment, self.seen, self.total
            return None
        wall_s = moment.wall_s - self._began.wall_s
        if wall_s < WALL_S_MIN:
            raise ValueError(f"{self.seen} events took {wall_s:.3f} s: ask for more")
        return Rate(self.seen - self._left_out, wall_s, moment.cpu_s - self._began.cpu_s)


def count(stopwatch: Stopwatch, n: int) -> None:
    """Add to the stopwatch; when it stops, print the rate as JSON and end the process."""
    rate = stopwatch.add(n)
    if rate is not None:
        # A line of its own: Faust leaves an escape sequence of its spinner behind.
        print("\n" + json.dumps(asdict(rate)), flush=True)
        sys.stderr.flush()
        os._exit(0)


def read(printed: str) -> Rate | None:
    """The rate in what a reader printed; None when it printed none."""
    for line in reversed(printed.splitlines()):
        if line.startswith("{"):
            return Rate(**json.loads(line))
    return None
