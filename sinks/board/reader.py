"""Reads Redis once a second for everybody: what moved since the last look, and nothing else.

Two round trips whatever the number of clients. When moves were trimmed or Redis was emptied in
between, everything is read again.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from schemas.groupings import is_of_persons
from sinks.alert_feed import RESOLVED_KEPT_S
from sinks.board.ids import grouping_of
from sinks.board.live import Live, Turn
from sinks.clients import async_redis_client

__all__ = ["Reader", "RedisError", "connect"]

TIMEOUT_S = 2.0
MOVES_MAX = 20_000
STEPS_MAX = 1000
#: Subjects that nobody renews expire quietly: the list is compared this often.
LIST_EVERY_S = 5.0
_AT_ONCE = 200
RESOLVED_KEPT_MS = RESOLVED_KEPT_S * 1000


def connect(url: str, password: str | None) -> "Redis":
    """A client that says at once when Redis is away."""
    return async_redis_client(
        url,
        password,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


@dataclass(slots=True)
class Reader:
    """Brings ``live`` up to date. ``people`` are subjects of persons that somebody looks at."""

    redis: "Redis"
    prefix: str
    live: Live = field(default_factory=Live)
    people: set[str] = field(default_factory=set)
    #: Groupings of persons that somebody lists.
    people_lists: set[str] = field(default_factory=set)
    #: Redis's clock less ours at the last look, in ms.
    clock_ahead_ms: int = 0
    _listed_s: float = -LIST_EVERY_S

    async def look(self) -> Turn:
        """Take in what changed; raises RedisError, and then the next look starts from here."""
        live, turn = self.live, Turn()
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.xrange(self._key("moves"), f"({live.move_id}", "+", MOVES_MAX)
            pipe.xrange(self._key("moves"), "-", "+", 1)
            pipe.xrange(self._key("alerts"), f"({live.step_id}", "+", STEPS_MAX)
            pipe.hgetall(self._key("pipeline"))
            pipe.time()
            moves, first, steps, pipeline, now = await pipe.execute()
        self.clock_ahead_ms = now[0] * 1000 + now[1] // 1000 - time.time_ns() // 1_000_000
        live.pipeline = {k.decode(): msgspec.json.decode(v) for k, v in pipeline.items()}
        # Older moves than ours are still there, or some were trimmed or lost that we never saw.
        if not first or _at(first[0][0]) > _at(live.move_id):
            return await self._everything(turn, moves)
        await self._take_moves(moves, turn)
        self._take_steps(steps, turn)
        if time.monotonic() - self._listed_s >= LIST_EVERY_S:
            turn.gone |= live.keep_only(await self._names())
            live.forget_alerts(now[0] * 1000 - RESOLVED_KEPT_MS)
        return turn

    async def fetch(self, keys: Iterable[str]) -> None:
        """Read subjects whole."""
        wanted = list(keys)
        for at in range(0, len(wanted), _AT_ONCE):
            part = wanted[at : at + _AT_ONCE]
            async with self.redis.pipeline(transaction=False) as pipe:
                for key in part:
                    pipe.hgetall(self._key(f"snapshot:{key}"))
                answers = cast(list[dict[bytes, bytes]], await pipe.execute())
            for key, fields in zip(part, answers, strict=True):
                if fields:
                    self.live.put(key, {name.decode(): raw for name, raw in fields.items()})

    def wants(self, key: str) -> bool:
        """Whether anybody may be looking at a subject: of persons only those asked for."""
        grouping = grouping_of(key)
        # Persons are read only when somebody who may see them looks.
        asked_for = key in self.people or grouping in self.people_lists
        return asked_for or not is_of_persons(grouping)

    async def _everything(self, turn: Turn, moves: list[Any]) -> Turn:
        live = self.live
        newest = moves[-1][0].decode() if moves else "0-0"
        last = cast(list[Any], await self.redis.xrevrange(self._key("alerts"), "+", "-", 1))
        names = await self._names()
        turn.gone = live.keep_only(names)
        await self.fetch(key for key in names if self.wants(key))
        turn.changed, turn.anew = set(live.subjects), True
        async for key in self.redis.scan_iter(match=f"{self.prefix}alert:*", count=500):
            raw = cast(bytes | None, await self.redis.hget(key, "alert"))
            if raw is not None:
                live.step(raw)
        live.move_id = newest
        live.step_id = last[0][0].decode() if last else "0-0"
        return turn

    async def _take_moves(self, moves: list[Any], turn: Turn) -> None:
        fields: dict[str, set[str]] = {}
        for _, entry in moves:
            key = entry[b"s"].decode()
            if self.wants(key):
                fields.setdefault(key, {"dims", "as_of_ms"}).update(entry[b"f"].decode().split())
            self.live.names.add(key)
        known = {key: sorted(names) for key, names in fields.items() if key in self.live.subjects}
        async with self.redis.pipeline(transaction=False) as pipe:
            for key, names in known.items():
                pipe.hmget(self._key(f"snapshot:{key}"), names)
            answers = cast(list[list[bytes | None]], await pipe.execute()) if known else []
        for (key, names), values in zip(known.items(), answers, strict=True):
            self.live.put(key, dict(zip(names, values, strict=True)))
        await self.fetch(fields.keys() - known.keys())
        turn.changed = set(fields)
        if moves:
            self.live.move_id = moves[-1][0].decode()

    def _take_steps(self, steps: list[Any], turn: Turn) -> None:
        for name, entry in steps:
            step = self.live.step(entry[b"alert"])
            if step is not None:
                turn.steps.append(step)
            self.live.step_id = name.decode()

    async def _names(self) -> set[str]:
        found = cast(list[bytes], await self.redis.zrange(self._key("subjects"), 0, -1))
        self._listed_s = time.monotonic()
        return {name.decode() for name in found}

    def _key(self, name: str) -> str:
        return self.prefix + name


def _at(name: bytes | str) -> tuple[int, int]:
    text = name.decode() if isinstance(name, bytes) else name
    ms, _, seq = text.partition("-")
    return int(ms), int(seq)
