"""A simulated hour on a real Redis and ClickHouse, and a board that serves it on a socket."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from schemas.alerts import AlertTransition
from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.topics import Topics
from sinks.alert_feed import AlertFeed
from sinks.clickhouse import ClickHouseSink, connect
from sinks.migrations import migrate
from sinks.redis import RedisSink
from streams import settings, settings_sources
from streams.board import Parts, count, look_around, make_board, parts
from streams.board_settings import Board as BoardSettings
from streams.core.engine import Engine
from streams.core.plan import Plan
from streams.floor_files import read_calendar, read_plan
from streams.notify_settings import Alerts, Notify
from streams.policy_files import read_book
from streams.principals import hashed, new_token
from streams.simulate.history import history
from streams.spaces import Names

OPERATOR, VIEWER, LIMITED, CLIENT, PEOPLE = (new_token() for _ in range(5))
#: A whole minute, so that SQL, which counts in seconds, can speak of the same moment.
NOW_MS = int(time.time()) // 60 * 60_000
SPAN_MS = 80 * 60_000
RATE = 2.0
WRITES = {"X-Watchfloor": "board", "Content-Type": "application/json"}


@dataclass(slots=True)
class Ground:
    """A space of its own with what a worker would have said of a simulated hour."""

    space: str
    redis: RedisSink
    feed: AlertFeed
    engine: Engine
    store: ClickHouseSink
    folder: Path
    variables: dict[str, str]
    principals: list[dict[str, Any]] = field(default_factory=list)

    def publish(self) -> None:
        """Flush the core, and write what it says as the deliverers do."""
        self.engine.flush()
        found = self.engine.found
        assert self.store.write("rollups", list(found.rollups.values())) == []
        assert self.store.write("items", list(found.items.values())) == []
        assert self.store.write("sla_ledger", list(found.sla.values())) == []
        self.redis.write(list(found.snapshots.values()))

    def beat(self, at_ms: int | None = None, **fields: object) -> None:
        """Say what deliver-redis says of a pipeline that is well, or otherwise."""
        now_ms = int(time.time() * 1000) if at_ms is None else at_ms
        well: dict[str, object] = {
            "beat_ms": now_ms, "asked_ms": now_ms, "ticks": {"0": now_ms, "1": now_ms},
            "kafka_away_since_ms": None,
            "lags": {"floor": 3}, "members": {"floor": 1, "deliver-clickhouse": 1},
        }  # fmt: skip
        self.redis.say(well | fields)

    def say(self, *steps: AlertTransition) -> None:
        """Steps of alerts, as deliver-redis writes them."""
        self.feed.write(steps)


def lay_out(variables: dict[str, str], folder: Path) -> Ground:
    """Simulate, and put it all into a space of its own; the environment must name the parts."""
    found = settings.read(f"b{secrets.token_hex(4)}")
    names, connections = Names(found.space.space), found.connections
    client = connect(connections.clickhouse)
    migrate(client, names.database)
    client.close()
    engine = _simulated(found)
    redis = RedisSink(connections.redis, names.redis_prefix)
    feed = AlertFeed(connections.redis, names.redis_prefix)
    store = ClickHouseSink(connections.clickhouse, names.database)
    ground = Ground(found.space.space, redis, feed, engine, store, folder, variables)
    ground.principals = [
        _principal("ada", ["operator"], OPERATOR, ["*"]),
        _principal("vic", ["viewer"], VIEWER, ["*"]),
        _principal("lin", ["operator", "people"], LIMITED, ["moderation"]),
        _principal("northwind", ["client"], CLIENT, ["street"]),
        _principal("pia", ["viewer", "people"], PEOPLE, ["*"]),
    ]
    (folder / "principals.yaml").write_text(yaml.safe_dump({"principals": ground.principals}))
    ground.publish()
    ground.beat()
    return ground


def _simulated(found: settings.Settings) -> Engine:
    plan: Plan = read_plan(found.floor)
    accepted = AcceptedTimes()
    decoder = Decoder(None, DecoderSettings(Topics(found.space.space), accepted=accepted))
    engine = Engine(plan, decoder, read_calendar(), partitions=2, policies=read_book(plan))
    for record in history(7, NOW_MS - SPAN_MS, NOW_MS, RATE):
        engine.put(record.role, record.key, record.value, record.received_ms)
    engine.tick(NOW_MS)
    return engine


def _principal(name: str, roles: list[str], token: str, projects: list[str]) -> dict[str, Any]:
    return {"name": name, "roles": roles, "projects": projects, "token_sha256": hashed(token)}


@dataclass(slots=True)
class Event:
    """One server-sent event."""

    name: str = ""
    id: str = ""
    data: Any = None


@dataclass(slots=True)
class Stand:
    """A board that runs; ``parts`` lets a test turn it by hand."""

    url: str
    parts: Parts
    session: aiohttp.ClientSession

    async def ask(
        self, path: str, token: str = "", method: str = "GET", body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of one request."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body)
        async with self.session.request(
            method, f"{self.url}{path}", data=data, headers=headers
        ) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, path: str, token: str = "") -> Any:
        """The JSON of an answer that is well."""
        status, found = await self.ask(path, token)
        assert status == 200, found
        return found

    async def turn(self) -> None:
        """Let the board look once."""
        await self.parts.hub.turn()

    async def events(self, path: str, token: str = "", last_id: str = "") -> AsyncIterator[Event]:
        """The events of a stream; close it by leaving the loop."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if last_id:
            headers["Last-Event-ID"] = last_id
        async with self.session.get(f"{self.url}{path}", headers=headers) as answer:
            assert answer.status == 200
            event = Event()
            async for raw in answer.content:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if not name:
                    if event.name:
                        yield event
                    event = Event()
                elif name == "event":
                    event.name = value
                elif name == "id":
                    event.id = value
                elif name == "data":
                    event.data = json.loads(value)


@asynccontextmanager
async def open_stand(ground: Ground, *, running: bool = False) -> AsyncIterator[Stand]:
    """A board on a free port; ``running`` lets it turn by itself, once a second."""
    found = settings.read(ground.space)
    board, notify = settings_sources.read(BoardSettings), settings_sources.read(Notify)
    async with parts(found, settings_sources.read(Alerts)) as made:
        page = make_board(made, found, board, notify)
        runner = web.AppRunner(page.application(), access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await made.hub.turn()
        await count(made)
        await made.hub.turn()
        working = [asyncio.create_task(made.hub.run()), asyncio.create_task(look_around(made))]
        if not running:
            for task in working:
                task.cancel()
        # Large snapshots come as one line each.
        try:
            async with aiohttp.ClientSession(read_bufsize=2**24) as session:
                yield Stand(f"http://127.0.0.1:{runner.addresses[0][1]}", made, session)
        finally:
            made.hub.close()
            for task in working:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*working)
            await runner.cleanup()
