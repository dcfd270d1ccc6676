"""Keeps the API of alerts open while the notifier runs."""

from aiohttp import web
from mode import Service

from streams import logs
from streams.alerts_api import AlertsApi

log = logs.get(__name__)


class AlertsPage(Service):
    """Keeps the API open while the app runs."""

    def __init__(self, api: AlertsApi, host: str, port: int) -> None:
        super().__init__()
        self._api, self._host, self._port = api, host, port
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        self._runner = web.AppRunner(self._api.application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            # One that waits to take over, or another space's: it must not keep us from telling.
            log.warning("alerts_port_taken", port=self._port, reason=error.strerror)
            await web.TCPSite(self._runner, self._host, 0).start()
        log.info("alerts_api_opened", port=int(self._runner.addresses[0][1]))

    async def on_stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
