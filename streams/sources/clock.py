"""Gives times to logs that have none: a fixed rate, or gaps drawn from the durations.

Both depend on nothing but the settings and the rows before, so the same log always gets the same
times. Such times are marked ``estimated`` in the events.
"""

import random
from dataclasses import dataclass, field
from typing import Protocol

RESERVOIR_MAX = 1024
GAP_MS_WITHOUT_DURATIONS = 10_000


class Clock(Protocol):
    """Called once per row, in file order, with the row's duration when it has one."""

    def tick(self, duration_ms: int | None) -> int:
        """Returns the UTC ms at which this row was submitted."""
        ...


@dataclass(slots=True)
class FixedRate:
    """Row ``n`` of the log was submitted ``n / rows_per_s`` seconds after the start."""

    start_ms: int
    rows_per_s: float
    _rows: int = 0

    def tick(self, duration_ms: int | None) -> int:
        moment = self.start_ms + int(self._rows * 1000 / self.rows_per_s)
        self._rows += 1
        return moment


@dataclass(slots=True)
class DrawnGaps:
    """The gap to the next row is a duration seen so far, shared by ``people`` at work at once.

    The last ``RESERVOIR_MAX`` durations are drawn from; before the first one, and in a log
    without any, a gap is ``GAP_MS_WITHOUT_DURATIONS / people``.
    """

    start_ms: int
    people: int
    seed: int
    _moment_ms: float = 0.0
    _seen: list[int] = field(default_factory=list)
    _count: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def tick(self, duration_ms: int | None) -> int:
        if duration_ms is not None:
            if len(self._seen) < RESERVOIR_MAX:
                self._seen.append(duration_ms)
            else:
                self._seen[self._count % RESERVOIR_MAX] = duration_ms
            self._count += 1
        gap_ms = self._random.choice(self._seen) if self._seen else GAP_MS_WITHOUT_DURATIONS
        self._moment_ms += gap_ms / self.people
        return self.start_ms + int(self._moment_ms)


def parse_clock(text: str, start_ms: int) -> Clock:
    """Reads ``rate:20`` (rows per second) or ``gaps:50`` / ``gaps:50:SEED`` (people at work).

    Raises ValueError with the accepted forms.
    """
    kind, _, rest = text.partition(":")
    first, _, seed = rest.partition(":")
    try:
        if kind == "rate" and not seed and float(first) > 0:
            return FixedRate(start_ms, float(first))
        if kind == "gaps" and int(first) > 0:
            return DrawnGaps(start_ms, int(first), int(seed or 0))
    except ValueError:
        pass
    raise ValueError(f"clock {text!r}: use rate:ROWS_PER_SECOND or gaps:PEOPLE[:SEED]")
