"""The board's one loop: a turn a second reads Redis, judges the parts, and tells every view.

What a turn costs depends on how many views are looked at, not on how many look.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.groupings import is_of_persons
from schemas.targets import Target
from sinks.board.active import Active
from sinks.board.channels import Channel
from sinks.board.facts import Facts
from sinks.board.health import health, pipeline
from sinks.board.ids import grouping_of
from sinks.board.live import WHOLE, Turn, firing
from sinks.board.reader import Reader, RedisError
from sinks.board.view import Scenery, Wish

TURN_S = 1.0
#: A turn that comes so late was no turn: the board stood still.
STALLED_S = 3.0
#: How long it is told that the board or its clock stood still, after it has passed.
TOLD_MS = 30_000
CHANNELS_MAX = 200
_JUMP_MS = 1_500

Targets = Callable[[], tuple[Target, ...]]


class TooManyViews(RuntimeError):
    """More different views are looked at than a board works out."""


def now_ms() -> int:
    """Wall clock, UTC ms."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Hub:
    """Everything that all clients share."""

    reader: Reader
    targets: Targets
    facts: Facts = field(default_factory=Facts)
    active: Active = field(default_factory=Active)
    channels: dict[Wish, Channel] = field(default_factory=dict)
    #: Views whose people are being read: a turn between must not forget them.
    opening: list[Wish] = field(default_factory=list)
    bye: asyncio.Event = field(default_factory=asyncio.Event)
    turns: int = 0
    began_ms: int = field(default_factory=now_ms)
    #: How long the last turn took, in s.
    turn_s: float = 0.0
    _clocks: tuple[int, float] | None = None

    async def run(self) -> None:
        """Turn after turn, until cancelled."""
        while True:
            began_s = time.monotonic()
            await self.turn()
            self.turn_s = time.monotonic() - began_s
            await asyncio.sleep(max(0.05, TURN_S - self.turn_s))

    def close(self) -> None:
        """Let every client go."""
        self.bye.set()
        for channel in self.channels.values():
            channel.turn.set()

    async def turn(self) -> None:
        """Look, judge, tell."""
        self._compare_clocks()
        turn = await self._look()
        self.reader.live.places.clear()
        self.turns += 1
        scenery = self.scenery()
        at = self._id()
        for wish, channel in list(self.channels.items()):
            if channel.is_over:
                del self.channels[wish]
                continue
            channel.advance(scenery, at, turn.steps)
        self._forget_people()

    async def open(self, wish: Wish) -> Channel:
        """The channel of a view, made when nobody looked at it before; raises TooManyViews."""
        channel = self.channels.get(wish)
        if channel is None:
            if len(self.channels) >= CHANNELS_MAX:
                raise TooManyViews
            self.opening.append(wish)
            try:
                await self._bring_people(wish)
            finally:
                self.opening.remove(wish)
            channel = self.channels.get(wish)  # Somebody else may have been quicker.
        if channel is None:
            channel = self.channels[wish] = Channel(wish)
            channel.advance(self.scenery(), self._id(), [])
        return channel

    async def bring(self, key: str) -> None:
        """Hold a subject of a person for this turn, for one answer; others are held anyway."""
        reader = self.reader
        if _is_person(key) and key in reader.live.names and key not in reader.live.subjects:
            await reader.fetch([key])

    def scenery(self) -> Scenery:
        """What views are made from, as of now."""
        live, facts = self.reader.live, self.facts
        facts.now_ms, facts.as_of_ms = now_ms(), live.as_of_ms
        facts.pipeline, facts.redis_ahead_ms = live.pipeline, self.reader.clock_ahead_ms
        whole = live.subjects.get(WHOLE)
        facts.last_event_ms = None if whole is None else whole.last_seen_ms
        facts.sources = None if whole is None else whole.sources
        return Scenery(
            live=live,
            targets=self.targets(),
            active=self.active,
            health=health(facts),
            pipeline=pipeline(facts),
            now_ms=facts.now_ms,
            firing=firing(live.alerts.values()),
        )

    async def _look(self) -> Turn:
        try:
            turn = await self.reader.look()
        except RedisError as error:
            self.facts.redis.failed(now_ms(), type(error).__name__)
            return Turn()
        self.facts.redis.heard(now_ms())
        return turn

    def _compare_clocks(self) -> None:
        """Notice that we stood still, or that our clock did not go as time went."""
        wall_ms, monotonic_s = now_ms(), time.monotonic()
        if self._clocks is not None:
            before_ms, before_s = self._clocks
            passed_ms = int((monotonic_s - before_s) * 1000)
            if passed_ms > STALLED_S * 1000:
                self.facts.stalled = (wall_ms - passed_ms, wall_ms)
            off_ms = wall_ms - before_ms - passed_ms
            if abs(off_ms) > _JUMP_MS:
                self.facts.jumped = (wall_ms, off_ms)
        self._clocks = (wall_ms, monotonic_s)
        if self.facts.stalled and wall_ms - self.facts.stalled[1] > TOLD_MS:
            self.facts.stalled = None
        if self.facts.jumped and abs(wall_ms - self.facts.jumped[0]) > TOLD_MS:
            self.facts.jumped = None

    async def _bring_people(self, wish: Wish) -> None:
        """Read subjects of persons that a view needs; others are never read."""
        reader = self.reader
        wanted = {wish.place} if _is_person(wish.place) else set()
        reader.people |= wanted
        if wish.groupings:
            reader.people_lists |= wish.groupings
            wanted |= {name for name in reader.live.names if reader.wants(name)}
        missing = wanted - reader.live.subjects.keys()
        if missing:
            await reader.fetch(missing)

    def _forget_people(self) -> None:
        wishes = [*self.channels, *self.opening]
        reader = self.reader
        reader.people = {wish.place for wish in wishes if _is_person(wish.place)}
        reader.people_lists = {name for wish in wishes for name in wish.groupings}
        for key in [key for key in reader.live.subjects if not reader.wants(key)]:
            del reader.live.subjects[key]

    def _id(self) -> str:
        return f"{self.reader.live.move_id}.{self.began_ms}.{self.turns}"


def _is_person(key: str) -> bool:
    return is_of_persons(grouping_of(key))
