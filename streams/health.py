"""Liveness, readiness and metrics of a process, over HTTP; on 127.0.0.1 unless told otherwise.

``/livez`` fails when the process should be started anew, ``/readyz`` while it does not yet (or
no longer) do its work, ``/metrics`` is Prometheus' text. Any other path is 404.
"""

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from resource import getpagesize

from aiohttp import web

from streams import logs, settings
from streams.meters import Meters
from streams.refusals import Refusal

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

#: Why not, in one line of ours; None when all is well.
Check = Callable[[], str | None]

log = logs.get(__name__)


@dataclass(slots=True)
class HealthPage:
    """The page of one process; ``start`` and ``stop`` inside its event loop."""

    settings: settings.Health
    meters: Meters
    alive: Check
    ready: Check
    _runner: web.AppRunner | None = None
    _began_s: float = field(default_factory=time.monotonic)

    async def start(self) -> str:
        """Listen, and return the address: ``http://<host>:<port>``.

        Raises Refusal when none of the ports is free, or the host is no address of this machine.
        """
        app = web.Application()
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        port = await self._listen(self._runner)
        log.info("health_page_opened", port=port)
        return f"http://{self.settings.host}:{port}"

    async def stop(self) -> None:
        """Close the page; harmless when it is not open."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _listen(self, runner: web.AppRunner) -> int:
        first = self.settings.port
        ports = range(first, min(first + self.settings.ports, 65_536)) if first else (0,)
        for port in ports:
            try:
                await web.TCPSite(runner, self.settings.host, port).start()
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                await self.stop()
                raise Refusal(
                    f"can't listen on {self.settings.host}:{port}: {error.strerror or error}",
                    "correct WATCHFLOOR_HEALTH_HOST or WATCHFLOOR_HEALTH_PORT",
                ) from error
            return int(runner.addresses[0][1])
        await self.stop()
        raise Refusal(
            f"no free port for the health page in {first}-{ports[-1]}",
            "set WATCHFLOOR_HEALTH_PORT=0 for any free port, or raise WATCHFLOOR_HEALTH_PORTS",
        )

    async def _livez(self, _request: web.Request) -> web.Response:
        return _answer(self.alive())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(self.alive() or self.ready())

    async def _metrics(self, _request: web.Request) -> web.Response:
        self.meters.set("process_uptime_s", time.monotonic() - self._began_s)
        resident = resident_bytes()
        if resident is not None:
            self.meters.set("process_resident_bytes", resident)
        return web.Response(
            body=self.meters.expose().encode(), headers={"Content-Type": _PROMETHEUS}
        )


def resident_bytes() -> int | None:
    """Memory of this process; None where the kernel does not tell it this way."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()
    except OSError:
        return None


def _answer(why_not: str | None) -> web.Response:
    return web.Response(text=f"{why_not or 'ok'}\n", status=200 if why_not is None else 503)
