"""The health page: three paths, one interface, a port for each process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from streams import settings
from streams.health import HealthPage
from streams.meters import Meters
from streams.refusals import Refusal


def _page(
    port: int = 0,
    ports: int = 64,
    alive: Callable[[], str | None] = lambda: None,
    ready: Callable[[], str | None] = lambda: None,
    host: str = "127.0.0.1",
) -> HealthPage:
    return HealthPage(settings.Health(host=host, port=port, ports=ports), Meters(), alive, ready)


@asynccontextmanager
async def _opened(*pages: HealthPage) -> AsyncIterator[list[str]]:
    try:
        yield [await page.start() for page in pages]
    finally:
        for page in pages:
            await page.stop()


async def _get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.usefixtures("bare")
def test_live_and_ready_answer_for_themselves() -> None:
    async def scenario() -> None:
        reasons: list[str | None] = [None, "recovering partition 3"]
        page = _page(alive=lambda: reasons[0], ready=lambda: reasons[1])
        async with _opened(page) as (url,):
            assert await _get(f"{url}/livez") == (200, "ok\n")
            assert await _get(f"{url}/readyz") == (503, "recovering partition 3\n")
            reasons[:] = ["nothing committed for 61 s", None]
            assert await _get(f"{url}/livez") == (503, "nothing committed for 61 s\n")
            assert await _get(f"{url}/readyz") == (503, "nothing committed for 61 s\n")

    asyncio.run(scenario())


@pytest.mark.usefixtures("bare")
def test_metrics_show_what_was_counted_and_the_process_itself() -> None:
    async def scenario() -> None:
        page = _page()
        page.meters.count("floor_consumed_events_total", 5, "ops.reviews")
        async with _opened(page) as (url,):
            status, text = await _get(f"{url}/metrics")
        assert status == 200
        assert 'floor_consumed_events_total{topic="ops.reviews"} 5\n' in text
        assert "process_resident_bytes " in text

    asyncio.run(scenario())


@pytest.mark.usefixtures("bare")
def test_nothing_else_is_served_and_only_on_the_loopback() -> None:
    async def scenario() -> None:
        async with _opened(_page()) as (url,):
            for path in ("/", "/table", "/metrics/x", "/livez/"):
                assert (await _get(url + path))[0] == 404
            async with aiohttp.ClientSession() as session, session.post(f"{url}/livez") as answer:
                assert answer.status == 405
        assert url.startswith("http://127.0.0.1:")

    asyncio.run(scenario())


@pytest.mark.usefixtures("bare")
def test_probes_from_elsewhere_are_answered_where_that_is_wanted() -> None:
    async def scenario() -> None:
        async with _opened(_page(host="0.0.0.0")) as (url,):
            port = url.rsplit(":", 1)[1]
            assert await _get(f"http://127.0.0.1:{port}/livez") == (200, "ok\n")
        # An address for documentation (RFC 5737): no machine has it.
        with pytest.raises(Refusal, match=r"can't listen on 192\.0\.2\.1"):
            await _page(host="192.0.2.1").start()

    asyncio.run(scenario())


@pytest.mark.usefixtures("bare")
def test_each_process_gets_a_port_of_its_own() -> None:
    async def scenario() -> None:
        async with _opened(_page()) as (first,):
            port = int(first.rsplit(":", 1)[1])
            async with _opened(_page(port=port)) as (second,):
                assert int(second.rsplit(":", 1)[1]) > port
                assert (await _get(f"{second}/livez"))[0] == 200

    asyncio.run(scenario())


@pytest.mark.usefixtures("bare")
def test_a_port_that_is_insisted_on_and_taken_is_refused() -> None:
    async def scenario() -> None:
        async with _opened(_page()) as (url,):
            page = _page(port=int(url.rsplit(":", 1)[1]), ports=1)
            with pytest.raises(Refusal, match="no free port") as refused:
                await page.start()
            assert "WATCHFLOOR_HEALTH_PORT=0" in refused.value.remedy

    asyncio.run(scenario())
