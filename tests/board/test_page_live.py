"""The page over a real floor: a surge, an acknowledgement, and parts that are killed."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

from playwright.async_api import Page, expect

from tests.board.browsing import log_in, opened
from tests.board.sites import OPERATOR, Site
from tests.integration.main_job.arrivals import Arrival, arrival
from tests.integration.main_job.live_feed import feed_steadily

SURGE = 400


def _surge(queue: str) -> list[Arrival]:
    """Items that come to one queue, now."""
    now_ms = int(time.time() * 1000)
    return [
        arrival(
            {
                "event_id": f"{queue}-{number}",
                "event_type": "item.queued",
                "schema_version": "1.0",
                "occurred_at": now_ms,
                "received_at": now_ms,
                "source": "custom",
                "org_id": "acme",
                "project_id": "moderation",
                "queue_id": queue,
                "item_id": f"{queue}-{number}",
                "reason": "new",
            },
            now_ms,
        )
        for number in range(SURGE)
    ]


def _look(site: Site, act: Callable[[Page], Awaitable[None]]) -> None:
    async def looked() -> None:
        async with opened(f"http://127.0.0.1:{site.port}/") as page:
            await act(page)

    asyncio.run(looked())


def test_a_surge_is_on_the_page_whole(site: Site) -> None:
    queue = f"surge-{secrets.token_hex(3)}"

    async def act(page: Page) -> None:
        await page.locator("#age").get_by_text("old").wait_for()
        await feed_steadily(site.floor.settings, _surge(queue), 0.2)
        sent_s = time.monotonic()
        row = page.locator("#rows tr", has=page.get_by_role("link", name=queue, exact=True))
        await expect(row).to_be_visible()
        seen_s = time.monotonic() - sent_s
        await expect(row).to_contain_text(str(SURGE))
        whole_s = time.monotonic() - sent_s
        print(f"a surge was on the page {seen_s:.2f} s after it was sent, whole {whole_s:.2f} s")

    _look(site, act)


def test_the_first_number_is_there_soon_after_the_page(site: Site) -> None:
    async def act(page: Page) -> None:
        there = "() => document.querySelector('.number:not(.unknown)') && performance.now()"
        shown = await page.wait_for_function(there, polling="raf")
        print(f"the first number was there {float(await shown.json_value()):.0f} ms after the load")

    _look(site, act)


def test_an_alert_is_acknowledged_in_the_browser(site: Site) -> None:
    async def act(page: Page) -> None:
        await log_in(page, OPERATOR, "ada")
        await page.get_by_role("link", name="Alerts").click()
        await page.get_by_role("link", name="Watchdog").first.click()
        await page.get_by_label("Note").fill("seen by me")
        await page.get_by_role("button", name="Acknowledge").click()
        await expect(page.get_by_text("ada: seen by me").first).to_be_visible()

    _look(site, act)


def test_the_page_says_that_the_workers_stopped_and_that_they_are_back(site: Site) -> None:
    async def act(page: Page) -> None:
        worker = site.floor.children[0]
        worker.kill()
        await expect(page.locator("#health")).to_contain_text("workers since")
        await expect(page.locator("#health")).to_contain_text("watchfloor worker")
        await expect(page.locator("body")).to_have_class("stale")
        site.floor.start_again(worker)
        await expect(page.locator("#age")).to_contain_text("●", timeout=90_000)

    _look(site, act)


def test_the_page_says_that_redis_stopped_and_that_it_is_back(site: Site) -> None:
    async def act(page: Page) -> None:
        site.valkey.kill()
        await expect(page.locator("#health")).to_contain_text("Redis has not answered")
        await expect(page.locator("body")).to_have_class("stale")
        site.valkey.start()
        await expect(page.locator("#age")).to_contain_text("●", timeout=90_000)

    _look(site, act)


def test_the_page_says_that_the_board_stopped_and_goes_on_by_itself(site: Site) -> None:
    async def act(page: Page) -> None:
        await page.locator("#age").get_by_text("●").wait_for()
        site.kill_board()
        await expect(page.locator("#health")).to_contain_text("The board does not answer since")
        site.start_board()
        await expect(page.locator("#age")).to_contain_text("●", timeout=90_000)

    _look(site, act)
