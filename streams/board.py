"""The board's process: reads Redis and ClickHouse, serves pages, and needs neither Kafka nor Faust.

What it serves is ``sinks.board``; here are its settings, its sockets, its clock and its end.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from schemas.principals import Principal
from schemas.targets import Target
from sinks.board.access import LOOPBACK, Door
from sinks.board.active import Active, countable, counted, query
from sinks.board.answers import Failed
from sinks.board.app import Board
from sinks.board.asking import ClickHouse, HistoryAway
from sinks.board.changing import Changing
from sinks.board.desk import Desk
from sinks.board.history import History
from sinks.board.hub import Hub, now_ms
from sinks.board.reader import Reader, connect
from sinks.board.reading import Reading
from streams import logs
from streams.board_settings import Board as BoardSettings
from streams.floor_files import DEPLOY, read_groupings
from streams.health import HealthPage
from streams.kept_files import KeptFile
from streams.meters import Meters
from streams.notify_settings import Alerts, Notify
from streams.principals import owner, read_principals
from streams.refusals import Refusal
from streams.rule_files import read_targets
from streams.settings import Settings
from streams.spaces import Names

log = logs.get(__name__)

RUNBOOKS = DEPLOY / "runbooks"
PING_EVERY_S = 2.0
COUNT_EVERY_S = 10.0
#: A loop that made no turn for so long is to be started anew.
STANDS_S = 60.0


@dataclass(slots=True)
class Parts:
    """What the board is made of."""

    hub: Hub
    clickhouse: ClickHouse
    desk: Desk
    principals: KeptFile[tuple[Principal, ...]]

    def owner(self, token: str) -> Principal | None:
        """Whose a token is."""
        return owner(token, self.principals.look())


@asynccontextmanager
async def parts(settings: Settings, alerts: Alerts) -> AsyncIterator[Parts]:
    """Everything but the page; raises FileRefused for a file that can't be used."""
    names, connections = Names(settings.space.space), settings.connections
    targets: KeptFile[tuple[Target, ...]] = KeptFile(alerts.targets, read_targets)
    redis = connect(connections.redis, connections.redis_password.get_secret_value() or None)
    # No proxy of the environment: it would see tokens.
    async with aiohttp.ClientSession(trust_env=False) as session:
        clickhouse = ClickHouse(
            session,
            connections.clickhouse,
            names.database,
            connections.clickhouse_user,
            connections.clickhouse_password.get_secret_value(),
        )
        hub = Hub(Reader(redis, names.redis_prefix), targets.look)
        principals = KeptFile(alerts.principals, read_principals)
        try:
            yield Parts(hub, clickhouse, Desk(session, alerts.address), principals)
        finally:
            await redis.aclose()


async def look_around(parts: Parts) -> None:
    """Ask now and then what Redis does not know: ClickHouse and the notifier."""
    counted_s = -COUNT_EVERY_S
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.gather(_ping(parts), _ping_notifier(parts))
        if loop.time() - counted_s >= COUNT_EVERY_S:
            counted_s = loop.time()
            await count(parts)
        await asyncio.sleep(PING_EVERY_S)


async def _ping(parts: Parts) -> None:
    facts, database = parts.hub.facts, parts.clickhouse.database
    try:
        rows = await parts.clickhouse.rows(
            "SELECT toUnixTimestamp(max(max_time)) AS until_s FROM system.parts "
            f"WHERE database = '{database}' AND table = 'rollups' AND active",
            timeout_s=PING_EVERY_S,
        )
    except HistoryAway as error:
        facts.clickhouse.failed(now_ms(), str(error))
        parts.hub.active.cause = "history_away"
        return
    facts.clickhouse.heard(now_ms())
    until_s = int(rows[0]["until_s"]) if rows else 0
    facts.history_until_ms = (until_s + 60) * 1000 if until_s else None


async def _ping_notifier(parts: Parts) -> None:
    try:
        await parts.desk.check()
    except Failed as failed:
        parts.hub.facts.notifier.failed(now_ms(), failed.says)
    else:
        parts.hub.facts.notifier.heard(now_ms())


async def count(parts: Parts) -> None:
    """Count people at work, and what was refused in the last hour."""
    hub, database = parts.hub, parts.clickhouse.database
    groupings = read_groupings()
    as_of_ms = hub.reader.live.as_of_ms or now_ms()
    try:
        rows = await parts.clickhouse.rows(query(database, groupings, as_of_ms))
        dead = await parts.clickhouse.rows(
            f"SELECT toInt64(count()) AS n FROM {database}.dead_letters FINAL "
            "WHERE at > now() - INTERVAL 1 HOUR"
        )
    except HistoryAway:
        return
    hub.active = Active(
        as_of_ms, counted(rows), frozenset(each.name for each in countable(groupings)), None
    )
    hub.facts.dead_letters_1h = int(dead[0]["n"])


def make_board(parts: Parts, settings: Settings, board: BoardSettings, notify: Notify) -> Board:
    """The application's parts put together; raises Refusal for an address that is not safe."""
    if board.host not in LOOPBACK and not parts.principals.current:
        raise Refusal(
            f"the board would show everything to everybody who reaches {board.host}",
            "name somebody in WATCHFLOOR_ALERTS_PRINCIPALS (`watchfloor alerts token NAME` makes "
            "the entry), or leave WATCHFLOOR_BOARD_HOST as it is",
        )
    door = Door(parts.owner, board.host, notify.public_url)
    groupings = read_groupings()
    history = History(parts.clickhouse, groupings)
    by_name = {each.name: each for each in groupings}
    reading = Reading(parts.hub, history, door, by_name, RUNBOOKS, board.clients_max)
    changing = Changing(parts.hub, history, door, parts.desk)
    return Board(reading, changing, door, settings.space.space, notify.public_url)


def health_page(made: Parts, settings: Settings, meters: Meters) -> HealthPage:
    """``/livez`` fails when the loop stands, ``/readyz`` while Redis is away."""
    hub = made.hub

    def why_dead() -> str | None:
        if now_ms() - hub.facts.now_ms > STANDS_S * 1000:
            return "the board stands still"
        return None

    def why_not() -> str | None:
        return None if hub.facts.redis.error is None else "Redis does not answer"

    return HealthPage(settings.health, meters, why_dead, why_not)


async def observe(hub: Hub, meters: Meters) -> None:
    """Bring the meters up to date."""
    while True:
        meters.set("board_clients", sum(each.clients for each in hub.channels.values()))
        meters.set("board_views", len(hub.channels))
        meters.set("board_turn_s", hub.turn_s)
        await asyncio.sleep(PING_EVERY_S)


@asynccontextmanager
async def listening(page: Board, board: BoardSettings) -> AsyncIterator[int]:
    """Serve meanwhile; the port. Raises Refusal when it can't listen."""
    runner = web.AppRunner(
        page.application(), access_log=None, shutdown_timeout=2.0, handler_cancellation=True
    )
    await runner.setup()
    try:
        await _listen(runner, board)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, board: BoardSettings) -> None:
    try:
        await web.TCPSite(runner, board.host, board.port).start()
    except OSError as error:
        raise Refusal(
            f"the board can't listen on {board.host}:{board.port}: {error.strerror}",
            "set WATCHFLOOR_BOARD_PORT to a free port, or to 0 for any",
        ) from error


async def serve(settings: Settings, board: BoardSettings, notify: Notify, alerts: Alerts) -> None:
    """Run until told to stop; raises Refusal when it may not, or can't, listen."""
    stop, meters = asyncio.Event(), Meters()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with parts(settings, alerts) as made:
        page = make_board(made, settings, board, notify)
        async with listening(page, board) as port:
            health = health_page(made, settings, meters)
            log.info("board_opened", address=f"http://{board.host}:{port}")
            log.info("health_page", address=await health.start())
            try:
                await _work(made, meters, stop)
            finally:
                await health.stop()


async def _work(made: Parts, meters: Meters, stop: asyncio.Event) -> None:
    """All that goes on beside answering, until told to stop or one of it fails."""
    loops = (made.hub.run(), look_around(made), observe(made.hub, meters), stop.wait())
    working = [asyncio.create_task(each) for each in loops]
    done, left = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
    made.hub.close()
    for task in left:
        task.cancel()
    await asyncio.wait(left)
    for task in done:
        task.result()
