"""Stage 1's panes: what one source partition counted for one subject in one slice of time."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from schemas.measures import Tally
from streams.core import wire
from streams.core.facts import Delta, Fact, Scope
from streams.core.plan import Plan
from streams.core.subjects import Home, Subjects


class Pane:
    """A tally for one subject in ``[start_ms, start_ms + size_ms)`` of event time.

    Most panes wait for an hour to be sealed and are never touched again, so they rest as bytes.
    """

    __slots__ = ("_open", "_packed", "dirty", "size_ms", "start_ms", "subject")

    def __init__(self, subject: str, start_ms: int, size_ms: int, tally: Tally) -> None:
        self.subject = subject
        self.start_ms = start_ms
        self.size_ms = size_ms
        self._open: Tally | None = tally
        self._packed = b""
        self.dirty = False

    @property
    def tally(self) -> Tally:
        """What was counted; open from now on."""
        if self._open is None:
            self._open = wire.unpack_tally(self._packed)
        return self._open

    def clean(self) -> None:
        """Forget counts that came and were taken back."""
        self.dirty = False
        if 0 in self.tally.values():
            self._open = {key: n for key, n in self.tally.items() if n}

    def rest(self) -> None:
        """Be bytes until it is asked for again."""
        if self._open is not None:
            self._packed, self._open = wire.pack_tally(self._open), None


class Panes:
    """All panes of one source partition that may still change."""

    def __init__(self, plan: Plan, subjects: Subjects) -> None:
        self._plan = plan
        self._subjects = subjects
        #: (start, size) to subject to pane: one look-up per fact, one per subject.
        self._slices: dict[tuple[int, int], dict[str, Pane]] = {}
        self._dirty: list[Pane] = []
        #: What the last flush wrote; it rests unless the next one writes it too.
        self._warm: list[Pane] = []
        #: Panes that time has closed and that a flush has yet to write a last time.
        self._lingering: list[Pane] = []
        #: What was booked since the last flush, by where it counts: facts of one place are added
        #: up before they are spread over its subjects.
        self._cells: dict[Home, dict[tuple[int, int, Scope], Tally]] = {}
        self._cell_count = 0
        #: Slices by when they end, per level, so that a tick costs what it retires.
        self._ends: dict[int, list[int]] = {plan.pane_ms: [], plan.late_pane_ms: []}

    def book(self, home: Home, facts: Iterable[Fact], record_ms: int) -> None:
        """Add signed counts to every subject they belong to.

        The level depends on the Kafka record that caused them (``record_ms``) and on nothing
        that happens here: what it says about long ago goes to a coarse pane of its own.
        """
        plan = self._plan
        late_before_ms = record_ms - plan.late_after_ms
        pane_ms, late_pane_ms = plan.pane_ms, plan.late_pane_ms
        cells = self._cells.get(home)
        if cells is None:
            cells = self._cells[home] = {}
        count = len(cells)
        for t_ms, scope, deltas in facts:
            size_ms = late_pane_ms if t_ms < late_before_ms else pane_ms
            place = (t_ms - t_ms % size_ms, size_ms, scope)
            cell = cells.get(place)
            if cell is None:
                cells[place] = dict(deltas)
                continue
            for key, n in deltas:
                cell[key] = cell.get(key, 0) + n
        self._cell_count += len(cells) - count

    def spread(self) -> None:
        """Bring what was booked into the panes of all subjects that it counts for.

        Broad subjects take sums over people: few cells differ in nothing else.
        """
        split = self._subjects.split
        for home, cells in self._cells.items():
            sums: dict[tuple[int, int, tuple[str, ...]], Tally] = {}
            for (start_ms, size_ms, scope), cell in cells.items():
                # What came and was taken back again must not touch a pane.
                deltas = [delta for delta in cell.items() if delta[1]]
                if not deltas:
                    continue
                broad, narrow = split(home, scope)
                if narrow:
                    self._add(start_ms, size_ms, narrow, deltas)
                if broad:
                    total = sums.get((start_ms, size_ms, broad))
                    if total is None:
                        sums[start_ms, size_ms, broad] = dict(deltas)
                        continue
                    for key, n in deltas:
                        total[key] = total.get(key, 0) + n
            for (start_ms, size_ms, broad), total in sums.items():
                self._add(start_ms, size_ms, broad, [delta for delta in total.items() if delta[1]])
        self._cells.clear()
        self._cell_count = 0

    def _add(
        self, start_ms: int, size_ms: int, subjects: tuple[str, ...], deltas: list[Delta]
    ) -> None:
        """Add signed counts to the panes of subjects."""
        if not deltas:
            return
        panes = self._slice((start_ms, size_ms))
        for subject in subjects:
            pane = panes.get(subject)
            if pane is None:
                pane = panes[subject] = Pane(subject, start_ms, size_ms, dict(deltas))
                self.touch(pane)
                continue
            self.touch(pane)
            tally = pane.tally
            for key, n in deltas:
                tally[key] = tally.get(key, 0) + n

    def _slice(self, at: tuple[int, int]) -> dict[str, Pane]:
        panes = self._slices.get(at)
        if panes is None:
            panes = self._slices[at] = {}
            heappush(self._ends[at[1]], at[0] + at[1])
        return panes

    def put(self, pane: Pane) -> None:
        """Take a pane back in, as recovery found it."""
        pane.rest()
        self._slice((pane.start_ms, pane.size_ms))[pane.subject] = pane

    def find(self, subject: str, start_ms: int, size_ms: int) -> Pane | None:
        """A pane, if it is held."""
        return self._slices.get((start_ms, size_ms), {}).get(subject)

    def drop(self, start_ms: int, size_ms: int, subject: str) -> None:
        """Forget a pane that recovery found deleted."""
        self._slices.get((start_ms, size_ms), {}).pop(subject, None)

    def remove(self, doomed: Callable[[str], bool]) -> list[bytes]:
        """Remove the panes of subjects that are ``doomed``; their changelog keys."""
        self.spread()
        gone = []
        for panes in self._slices.values():
            gone += [panes.pop(subject) for subject in list(panes) if doomed(subject)]
        gone += [pane for pane in self._lingering if doomed(pane.subject)]
        for name in ("_dirty", "_warm", "_lingering"):
            kept = [pane for pane in getattr(self, name) if not doomed(pane.subject)]
            setattr(self, name, kept)
        return [wire.pane_key(pane.subject, pane.start_ms, pane.size_ms) for pane in gone]

    def touch(self, pane: Pane) -> None:
        """Have a pane written and sent again with the next flush."""
        if not pane.dirty:
            pane.dirty = True
            self._dirty.append(pane)

    def take_dirty(self) -> list[Pane]:
        """The panes that changed since the last call; they count as clean from now on."""
        self.spread()
        dirty, self._dirty = self._dirty, []
        for pane in self._warm:
            if not pane.dirty:
                pane.rest()
        for pane in dirty:
            pane.clean()
        self._warm = dirty
        return dirty

    def let_go(self, fine_before_ms: int, late_before_ms: int) -> list[bytes]:
        """Let go of panes that can't change any more; the changelog keys to be deleted now.

        Those that still have to be written are deleted by the call after the next flush.
        """
        due = self._lingering + self.retire(fine_before_ms, late_before_ms)
        self._lingering = [pane for pane in due if pane.dirty]
        return [
            wire.pane_key(pane.subject, pane.start_ms, pane.size_ms)
            for pane in due
            if not pane.dirty
        ]

    def retire(self, fine_before_ms: int, late_before_ms: int) -> list[Pane]:
        """Remove and return panes that ended before the limit of their level."""
        self.spread()
        plan = self._plan
        gone: list[Pane] = []
        for size_ms, before_ms in (
            (plan.pane_ms, fine_before_ms),
            (plan.late_pane_ms, late_before_ms),
        ):
            ends = self._ends[size_ms]
            while ends and ends[0] <= before_ms:
                gone += self._slices.pop((heappop(ends) - size_ms, size_ms)).values()
        return gone

    @property
    def dirty(self) -> int:
        """About how many panes changed since the last flush."""
        return len(self._dirty) + self._cell_count

    def __iter__(self) -> Iterator[Pane]:
        """Every pane held."""
        self.spread()
        for panes in self._slices.values():
            yield from panes.values()

    def __len__(self) -> int:
        self.spread()
        return sum(len(panes) for panes in self._slices.values())
