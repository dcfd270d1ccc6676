"""What was taken back: changes of panes in which something became less."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.wire import PaneState


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Within ``[start_ms, end_ms)`` a subject's counts changed, and some of them fell."""

    subject: str
    start_ms: int
    end_ms: int
    delta: Mapping[int, int]


class Guard:
    """Notes what is taken back of the subjects of which that matters."""

    def __init__(self) -> None:
        self.subjects: frozenset[str] = frozenset()
        self._taken: list[TakenBack] = []

    def note(self, pane: PaneState, delta: Mapping[int, int]) -> None:
        """A pane changed."""
        if pane.subject in self.subjects and any(n < 0 for n in delta.values()):
            end_ms = pane.start_ms + pane.size_ms
            self._taken.append(TakenBack(pane.subject, pane.start_ms, end_ms, delta))

    def take(self) -> list[TakenBack]:
        """What was noted since the last call."""
        taken, self._taken = self._taken, []
        return taken
