"""The gateway's process: its parts, its socket, its signals and its end."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from schemas.codec import Decoder, DecoderSettings
from schemas.partitioner import Partitioner
from schemas.topics import Topics
from sinks.board.access import LOOPBACK
from streams import logs, spaces
from streams.admin import Kafka
from streams.alert_access import Gate
from streams.gateway.app import Gateway
from streams.gateway.bodies import BodyLimits
from streams.gateway.budget import Budget
from streams.gateway.guard import Guard
from streams.gateway.hook_parts import make_hooks
from streams.gateway.intake import Intake
from streams.gateway.writer import Writer, producer_at
from streams.gateway_settings import Gateway as GatewaySettings
from streams.health import HealthPage
from streams.kept_files import KeptFile
from streams.meters import Meters
from streams.notify_settings import Alerts
from streams.plans import accepted_times
from streams.principals import read_principals
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Terms

log = logs.get(__name__)

_OBSERVE_EVERY_S = 1.0
_BACKLOG = 1024
#: A signature is known to be wrong only when all of a body is held, so whoever sends no more than
#: bodies of webhooks may hold a quarter, and takes no place from events.
_HOOKS_SHARE = 4


def terms_of(settings: Settings) -> Terms:
    """What the space's workers agreed on; raises Refusal where it was never set up."""
    connections = settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        found = spaces.read_terms(kafka, Topics(settings.space.space))
    if found is None:
        raise Refusal(
            f"the space {settings.space.space} was never set up", "run `watchfloor setup` first"
        )
    return found


def make_gateway(
    settings: Settings, gateway: GatewaySettings, alerts: Alerts, terms: Terms
) -> Gateway:
    """The application's parts; raises FileRefused, and Refusal for an address that is not safe."""
    principals = KeptFile(alerts.principals, read_principals)
    if gateway.host not in LOOPBACK and not any(each.may_send for each in principals.current):
        raise Refusal(
            f"the gateway would take events from everybody who reaches {gateway.host}",
            "name a sender in WATCHFLOOR_ALERTS_PRINCIPALS (`watchfloor alerts token NAME --role "
            "sender` makes the entry), or leave WATCHFLOOR_GATEWAY_HOST as it is",
        )
    topics = Topics(settings.space.space)
    decoder = Decoder(None, DecoderSettings(topics, accepted=accepted_times(settings, terms)))
    connect = producer_at(settings.connections.kafka)
    gate, intake = Gate(principals, gateway.host), Intake(decoder)
    return Gateway(
        gate=gate,
        intake=intake,
        hooks=make_hooks(gateway, gate, intake),
        writer=Writer(connect, topics, Partitioner(terms.partitioner), gateway.broker_s),
        budget=Budget(gateway.inflight_bytes_max - gateway.inflight_bytes_max // _HOOKS_SHARE),
        hook_budget=Budget(gateway.inflight_bytes_max // _HOOKS_SHARE),
        limits=BodyLimits(gateway.body_bytes_max, gateway.body_s),
        events_max=gateway.events_max,
        guard=Guard(gateway.silent_s, gateway.connections_max),
        meters=Meters(),
    )


@contextlib.asynccontextmanager
async def listening(page: Gateway, gateway: GatewaySettings) -> AsyncIterator[int]:
    """Serve meanwhile; the port. At the end requests may finish. Raises Refusal."""
    runner = web.AppRunner(
        page.application(),
        logger=_http_log(page.meters),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=gateway.silent_s,
        lingering_time=2.0,
        shutdown_timeout=gateway.drain_s,
    )
    await runner.setup()
    served = runner.server
    assert served is not None
    loop, guard = asyncio.get_running_loop(), page.guard
    try:
        server = await loop.create_server(
            lambda: guard.protocol(served), gateway.host, gateway.port, backlog=_BACKLOG
        )
    except OSError as error:
        await runner.cleanup()
        raise Refusal(
            f"the gateway can't listen on {gateway.host}:{gateway.port}: {error.strerror}",
            "set WATCHFLOOR_GATEWAY_PORT to a free port, or to 0 for any",
        ) from error
    watching = asyncio.create_task(guard.watch(served))
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        page.stopping = True
        server.close()
        watching.cancel()
        await runner.cleanup()


class _Malformed(logging.Filter):
    """Counts requests that are no HTTP instead of logging them: anybody can send thousands."""

    def __init__(self, meters: Meters) -> None:
        super().__init__()
        self._meters = meters

    def filter(self, record: logging.LogRecord) -> bool:
        """False for what was wrong with a request; its text would repeat what was sent."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            self._meters.count("gateway_requests_total", 1, "400")
            return False
        return True


def _http_log(meters: Meters) -> logging.Logger:
    found = logging.getLogger("aiohttp.server.gateway")
    found.filters[:] = [_Malformed(meters)]
    return found


async def serve(settings: Settings, gateway: GatewaySettings, alerts: Alerts) -> None:
    """Run until told to stop; raises Refusal when it may not, or can't."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    terms = await asyncio.to_thread(terms_of, settings)
    page = make_gateway(settings, gateway, alerts, terms)
    await page.writer.start(settings.connections.kafka)
    health = HealthPage(settings.health, page.meters, page.writer.why_dead, page.why_not_ready)
    try:
        log.info("health_page", address=await health.start())
        async with listening(page, gateway) as port:
            log.info("gateway_opened", address=f"http://{gateway.host}:{port}")
            observing = asyncio.create_task(observe(page))
            await stop.wait()
            observing.cancel()
    finally:
        await page.writer.stop()
        page.hooks.memory.close()
        await health.stop()
    log.info("gateway_closed", held_bytes=page.held_bytes)


async def observe(page: Gateway) -> None:
    """Bring the meters up to date."""
    while True:
        page.meters.set("gateway_held_bytes", page.held_bytes)
        page.meters.set("gateway_connections", page.guard.connections)
        page.meters.set("gateway_broker_owes_s", page.writer.away_s())
        await asyncio.sleep(_OBSERVE_EVERY_S)
