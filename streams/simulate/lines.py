"""Waiting lines of the simulated floor, and the people who stand idle beside them."""

from collections import deque
from dataclasses import dataclass, field

from streams.simulate.config import QueueConfig
from streams.simulate.roster import Stint
from streams.simulate.work import Item


@dataclass(slots=True)
class Waiting:
    """An item that waits, and for a review line the review that is wanted."""

    item: Item
    since_ms: int
    review_id: str | None = None


@dataclass(slots=True)
class Desk:
    """One person at work; ``spell`` numbers their idle spells, so that old ones can be told."""

    stint: Stint
    lines: tuple["Line", ...]
    breaks_taken: int = 0
    spell: int = 0
    idle: bool = False


@dataclass(slots=True)
class Line:
    """What waits for annotation, or for review, in one queue: first come, first served."""

    queue: QueueConfig
    review: bool
    waiting: deque[Waiting] = field(default_factory=deque)
    _idle: deque[tuple[Desk, int]] = field(default_factory=deque)

    def stand_idle(self, desk: Desk) -> None:
        """Lets this person be called when something comes."""
        self._idle.append((desk, desk.spell))

    def call_idle(self) -> Desk | None:
        """The person who has been idle longest, no longer idle now; None when all are busy."""
        while self._idle:
            desk, spell = self._idle.popleft()
            if desk.idle and desk.spell == spell:
                desk.idle = False
                return desk
        return None
