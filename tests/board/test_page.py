"""The page in the real Chromium: what it says, with the keyboard alone, and when it stops."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.board.stands import OPERATOR, Ground, Stand, open_stand
from tests.notify.transitions import labels, step

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = "<img src=x onerror=alert(1)>"
WAIT_MS = 15_000

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no Chromium here: apt install chromium", allow_module_level=True)


@asynccontextmanager
async def opened(stand: Stand, path: str = "/") -> AsyncIterator[Page]:
    """A page of the board; fails on a message of the console and on a request to another host."""
    problems: list[str] = []
    async with async_playwright() as drivers:
        browser = await drivers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"a dialog: {dialog.message}"))
        own = urlsplit(stand.url).netloc
        page.on(
            "request",
            lambda asked: None if urlsplit(asked.url).netloc == own else problems.append(asked.url),
        )
        await page.goto(f"{stand.url}{path}")
        yield page
        await browser.close()
    assert problems == []


def test_the_strip_and_the_rows_say_what_the_snapshot_says(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand) as page:
            found = await stand.get("/api/snapshot?by=queue")
            n = found["strip"]["attainment"]["reading"]["n"]
            card = page.locator("[data-metric=service_level]")
            await expect(card).to_contain_text(f"n = {n:,}")
            for row in found["rows"]:
                link = page.locator("#rows").get_by_role("link", name=row["name"], exact=True)
                await expect(link.first).to_be_visible()
            await expect(page.locator("#age")).to_contain_text("old")
            unsaid = await page.locator("[role=img]:not([aria-label])").count()
            assert unsaid == 0, "a drawing without a summary in words"

    asyncio.run(look())


def test_a_queue_s_name_is_text_and_nothing_else(ground: Ground) -> None:
    known = next(row for row in ground.engine.found.snapshots.values() if row.grouping == "queue")
    named = msgspec.structs.replace(known, dims={**known.dims, "queue": HOSTILE})

    async def look() -> None:
        ground.redis.write([named])
        async with open_stand(ground, running=True) as stand, opened(stand) as page:
            await expect(page.locator("#rows").get_by_text(HOSTILE)).to_be_visible()

    asyncio.run(look())


def test_a_queue_is_opened_with_the_keyboard_alone(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand) as page:
            link = page.locator("#rows tbody a").first
            await link.wait_for()
            await page.keyboard.press("Tab")
            for _ in range(60):
                if await link.evaluate("each => each === document.activeElement"):
                    break
                await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            await expect(page.locator("h1")).to_contain_text("queue:")
            await expect(page.get_by_text("Every metric, every window")).to_be_visible()

    asyncio.run(look())


def test_an_alert_is_read_with_its_reason_and_a_viewer_is_told_to_log_in(ground: Ground) -> None:
    async def look() -> None:
        fires = step("firing", 1, given=labels(queue="text"))
        ground.say(fires)
        async with open_stand(ground, running=True) as stand, opened(stand, "/alerts") as page:
            await page.get_by_role("link", name=fires.rule).first.click()
            await expect(page.get_by_text("log in with a token")).to_be_visible()
            await page.goto(f"{stand.url}/login")
            await page.get_by_label("Token").fill(OPERATOR)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("button", name="Log out ada")).to_be_visible()

    asyncio.run(look())


def test_the_page_says_when_the_board_stops(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand) as page:
            await page.locator("#rows tbody a").first.wait_for()
            await page.context.set_offline(True)
            await page.evaluate("window.stop()")
            bar = page.locator("#health")
            await expect(bar).to_contain_text("The board does not answer since")
            await expect(page.locator("body")).to_have_class("stale")

    asyncio.run(look())
