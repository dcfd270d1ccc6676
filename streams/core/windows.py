"""Rolling windows of one subject: sums of panes, kept up to date by what comes and what leaves.

A window ends at the watermark. Windows of up to an hour begin at a whole minute, longer ones at a
whole quarter of an hour, at or before their nominal length: so each is exactly the sum of panes
that ClickHouse has too, and every time zone of the world fits. The span it really covers goes
with it, and rates are per that span.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from schemas.measures import Tally, add, subtract
from streams.core.plan import DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS
from streams.core.resting import Tallies

#: Name and nominal length in ms of the rolling windows.
ROLLING_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "1h": HOUR_MS,
    "8h": 8 * HOUR_MS,
    "24h": DAY_MS,
    "7d": 7 * DAY_MS,
    "28d": 28 * DAY_MS,
}
LONGEST_MS = ROLLING_MS["28d"]
#: Windows up to this length are summed from minutes, longer ones from quarters.
FINE_MS = HOUR_MS
#: Minutes are kept this long before the watermark, so that fine windows can still lose them.
FINE_KEPT_MS = FINE_MS + 2 * MINUTE_MS
#: Longer than stage 1 keeps late panes, so that a restated one always finds its other parts.
COARSE_KEPT_MS = LONGEST_MS + 4 * DAY_MS


def rolling_start_ms(length_ms: int, end_ms: int) -> int:
    """Where a rolling window that ends at ``end_ms`` begins."""
    step_ms = MINUTE_MS if length_ms <= FINE_MS else QUARTER_MS
    start_ms = end_ms - length_ms
    return start_ms - start_ms % step_ms


@lru_cache(maxsize=8)
def _rolling_starts_ms(end_ms: int) -> Mapping[str, int]:
    """All of them by name: every subject asks for the same."""
    return {name: rolling_start_ms(ms, end_ms) for name, ms in ROLLING_MS.items()}


@dataclass(frozen=True, slots=True)
class Window:
    """A window read at a moment: ``[start_ms, end_ms)`` of event time and what fell into it."""

    name: str
    start_ms: int
    end_ms: int
    tally: Mapping[int, int]


#: After every pane: a new window takes all of them from its start on.
_NEVER_MS = 1 << 62


class _Running:
    """One window's sum, where it begins, and where it began when it was last told.

    An empty window that moves on says nothing new, so what was told of it stands for its old
    place: a change there has to be told as well.
    """

    __slots__ = ("fine", "start_ms", "tally", "told_ms")

    def __init__(self, fine: bool) -> None:
        self.fine = fine
        self.start_ms = 0
        self.told_ms = 0
        self.tally: Tally = {}


class Windows:
    """All windows of one subject over its merged panes.

    Windows of up to an hour follow every change; the longer ones, which are read once a minute,
    add up a quarter's changes first (``sum_up``).
    """

    __slots__ = ("_minutes", "_quarters", "_running", "_unsummed", "changed")

    def __init__(self) -> None:
        self._minutes: Tallies[int] = Tallies()
        self._quarters: Tallies[int] = Tallies()
        #: Windows have a beginning, and hence a sum, from the first ``advance`` on.
        self._running: dict[str, _Running] = {}
        #: Changes of quarters that the longer windows have yet to hear of.
        self._unsummed: dict[int, Tally] = {}
        #: Names of windows whose sum changed since they were last read.
        self.changed: set[str] = set()

    @property
    def placed(self) -> bool:
        """Whether windows have a beginning yet."""
        return bool(self._running)

    def change(self, start_ms: int, size_ms: int, delta: Mapping[int, int]) -> None:
        """A pane's merged value changed by ``delta``; quarters contain their minutes."""
        if size_ms == MINUTE_MS:
            self._minutes.add(start_ms, delta)
            for name, running in self._running.items():
                if not running.fine:
                    continue
                if start_ms >= running.start_ms:
                    add(running.tally, delta)
                    self.changed.add(name)
                elif start_ms >= running.told_ms:
                    self.changed.add(name)
        quarter_ms = start_ms - start_ms % QUARTER_MS
        self._quarters.add(quarter_ms, delta)
        if self._running:
            _book(self._unsummed, quarter_ms, delta)
        else:
            # A recovery brings weeks of them.
            self._quarters.rest()
            self._minutes.rest()

    def sum_up(self) -> bool:
        """Let the longer windows have what changed; whether any window changed at all."""
        for name, running in self._running.items():
            if running.fine:
                continue
            for quarter_ms, delta in self._unsummed.items():
                if quarter_ms >= running.start_ms:
                    add(running.tally, delta)
                    self.changed.add(name)
                elif quarter_ms >= running.told_ms:
                    self.changed.add(name)
        self._unsummed.clear()
        return bool(self.changed)

    def advance(self, end_ms: int, named_starts_ms: Mapping[str, int]) -> None:
        """Let windows end at ``end_ms``; ``named_starts_ms`` are shift and business day starts.

        Panes behind every window's start are forgotten.
        """
        self.sum_up()
        starts_ms = {**_rolling_starts_ms(end_ms), **named_starts_ms}
        for name in [name for name in self._running if name not in starts_ms]:
            del self._running[name]
            self.changed.discard(name)
        moves = [self._move(name, start_ms) for name, start_ms in starts_ms.items()]
        for panes, fine in ((self._minutes, True), (self._quarters, False)):
            _carry_out(panes, [move for move in moves if move and move.running.fine is fine])
        self.changed.update(move.name for move in moves if move and move.has_changed)
        if not any(moves):
            return
        for panes, kept_ms in ((self._minutes, FINE_KEPT_MS), (self._quarters, COARSE_KEPT_MS)):
            for start_ms in [ms for ms in panes if ms < end_ms - kept_ms]:
                panes.drop(start_ms)
        self._minutes.rest(lambda start_ms: start_ms < end_ms - 2 * MINUTE_MS)
        self._quarters.rest(lambda start_ms: start_ms < end_ms - 2 * QUARTER_MS)

    def _move(self, name: str, start_ms: int) -> "_Move | None":
        """Let a window begin elsewhere; None when it does already."""
        running = self._running.get(name)
        if running is not None and running.start_ms == start_ms:
            return None
        if running is None:
            fine = ROLLING_MS.get(name, FINE_MS + 1) <= FINE_MS
            running = self._running[name] = _Running(fine)
            old_ms = _NEVER_MS
        else:
            old_ms = running.start_ms
        running.start_ms = start_ms
        return _Move(name, running, old_ms, start_ms, has_changed=old_ms == _NEVER_MS)

    def read(self, name: str, end_ms: int) -> Window:
        """One window as it stands; KeyError when the subject has no such window."""
        if self._unsummed:
            self.sum_up()
        running = self._running[name]
        return Window(name, running.start_ms, end_ms, running.tally)

    def tell(self, name: str, end_ms: int) -> Window:
        """The same, to be published: from now on this is what everybody knows of it."""
        running = self._running[name]
        running.told_ms = running.start_ms
        return self.read(name, end_ms)

    @property
    def names(self) -> list[str]:
        """The windows the subject has: the rolling ones, and shift and business day if known."""
        return list(self._running)

    @property
    def empty(self) -> bool:
        """Whether nothing is left in any window."""
        return not self._minutes and not self._quarters


@dataclass(slots=True)
class _Move:
    """A window that begins elsewhere from now on."""

    name: str
    running: _Running
    from_ms: int
    to_ms: int
    has_changed: bool


def _carry_out(panes: Tallies[int], moves: list[_Move]) -> None:
    """Bring windows what they moved over; each pane is opened once for all of them."""
    for at_ms in panes if moves else ():
        tally: Tally | None = None
        for move in moves:
            leaves, comes = move.from_ms <= at_ms < move.to_ms, move.to_ms <= at_ms < move.from_ms
            if not leaves and not comes:
                continue
            if tally is None:
                tally = panes[at_ms]
            (subtract if leaves else add)(move.running.tally, tally)
            move.has_changed = True


def _book(panes: dict[int, Tally], start_ms: int, delta: Mapping[int, int]) -> None:
    known = panes.get(start_ms)
    if known is None:
        panes[start_ms] = dict(delta)
    else:
        add(known, delta)
