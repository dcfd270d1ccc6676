"""The story of all SLA clocks of one item, told up to a time.

It is a function of the item's moments, the policies and ``now_ms``: what is dated before
``now_ms`` has happened, in the order of event time, and nothing else has. Telling it as moments
come and time passes, or all at the end, gives the same story.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from streams.core.clocks import Clock
from streams.core.custody import CODES
from streams.core.known import Known
from streams.core.moments import Moment
from streams.core.terms import Book
from streams.core.transitions import Transition


@dataclass(frozen=True, slots=True)
class Story:
    """What happened before ``now_ms``, and when something happens next if no event comes."""

    transitions: tuple[Transition, ...]
    #: The first time (UTC ms) up to which the story has to be told to say more; None: never.
    next_ms: int | None


class Clocks:
    """The clocks of one item, fed with its moments in order."""

    __slots__ = ("_clocks", "_known", "_moved", "_transitions")

    def __init__(self, book: Book) -> None:
        self._transitions: list[Transition] = []
        self._known = Known(book.extra_count)
        self._clocks = [Clock(each, self._known, self._transitions) for each in book.promises]
        self._moved = book.moved

    def step(self, moment: Moment) -> None:
        """Live through one moment; none before it may come afterwards."""
        moved = self._moved.get(moment.code, ())
        if moment.code not in CODES and not moved and not moment.extras:
            return
        t_ms = moment.t_ms
        for clock in self._clocks:
            if clock.next_ms is not None and clock.next_ms < t_ms:
                clock.pass_to(t_ms)
        self._known.step(moment)
        for at in moved:
            self._clocks[at].step(moment)

    def pass_to(self, now_ms: int) -> None:
        """Let time pass up to, and without, ``now_ms``."""
        for clock in self._clocks:
            clock.pass_to(now_ms)

    def story(self) -> Story:
        """What has been told so far."""
        marks = [mark for clock in self._clocks if (mark := clock.next_ms) is not None]
        return Story(tuple(self._transitions), min(marks) + 1 if marks else None)


def tell(book: Book, history: Sequence[Moment], now_ms: int) -> Story:
    """The story up to ``now_ms`` of an item with this history (in order)."""
    clocks = Clocks(book)
    told = bisect_left(history, now_ms, key=_time)
    for moment in history[:told]:
        clocks.step(moment)
    clocks.pass_to(now_ms)
    story = clocks.story()
    # What is dated ahead of time has its turn when time has reached it.
    for moment in history[told:]:
        if moment.code in book.moved:
            turn_ms = moment.t_ms + 1
            return Story(story.transitions, min(turn_ms, story.next_ms or turn_ms))
    return story


def _time(moment: Moment) -> int:
    return moment.t_ms
