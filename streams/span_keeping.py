"""Keeps hours and days of the rollups summed up, beside the delivery of their rows.

Where it does not run, or not in time, answers are the same and take longer.
"""

import asyncio

from clickhouse_connect.driver.exceptions import Error as DriverError
from mode import Service
from urllib3.exceptions import HTTPError

from sinks import spans
from streams import logs
from streams.refusals import Refusal
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names

log = logs.get(__name__)

EVERY_S = 60.0


class SpanKeeping(Service):
    """Sums up what was left alone for a while, time and again; any number may do so at once."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._connections = settings.connections
        self._database = Names(settings.space.space).database

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            try:
                await asyncio.to_thread(self._sum_up)
            except (DriverError, HTTPError, OSError, Refusal, spans.UnknownMeasures) as error:
                # An outage is the delivery's to tell; without sums views are only slower.
                log.warning("spans_not_summed_up", why=type(error).__name__)
            await self.sleep(EVERY_S)

    def _sum_up(self) -> None:
        client = connect_clickhouse(self._connections)
        try:
            for _ in spans.refresh(client, self._database):
                if self.should_stop:
                    return
        finally:
            client.close()
