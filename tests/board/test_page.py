"""The page in the real Chromium: what it says, by keyboard, for every eye and screen."""

import asyncio
import re
import time

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.board.browsing import WAIT_MS, log_in, opened
from tests.board.stands import OPERATOR, PEOPLE, Ground, Stand, open_stand
from tests.notify.transitions import labels, step

HOSTILE = "<img src=x onerror=alert(1)>"
QUEUES, PEOPLE_MANY = 200, 2_000


def test_the_strip_and_the_rows_say_what_the_snapshot_says(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand.url) as page:
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
        async with open_stand(ground, running=True) as stand, opened(stand.url) as page:
            await expect(page.locator("#rows").get_by_text(HOSTILE)).to_be_visible()

    asyncio.run(look())


def test_a_queue_is_opened_with_the_keyboard_alone(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand.url) as page:
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
        async with open_stand(ground, running=True) as stand, opened(f"{stand.url}/alerts") as page:
            await page.get_by_role("link", name=fires.rule).first.click()
            await expect(page.get_by_text("log in with a token")).to_be_visible()
            await log_in(page, OPERATOR, "ada")

    asyncio.run(look())


def test_the_page_says_when_the_board_stops(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand.url) as page:
            await page.locator("#rows tbody a").first.wait_for()
            await page.context.set_offline(True)
            await page.evaluate("window.stop()")
            bar = page.locator("#health")
            await expect(bar).to_contain_text("The board does not answer since")
            await expect(page.locator("body")).to_have_class("stale")

    asyncio.run(look())


async def _places(page: Page, url: str) -> list[str]:
    """The address of every kind of page."""
    found = await page.evaluate("fetch('/api/snapshot?by=queue').then(answer => answer.json())")
    queue = found["rows"][0]["subject"]
    person = await page.evaluate(
        "fetch('/api/snapshot?by=annotator').then(answer => answer.json())"
    )
    return [
        f"{url}/",
        f"{url}/?by=annotator",
        f"{url}/queue?place={queue}",
        f"{url}/person?place={person['rows'][0]['subject']}",
        f"{url}/alerts",
        f"{url}/alerts/{found['alerts'][0]['fingerprint']}",
        f"{url}/definitions",
        f"{url}/definitions/golden_accuracy",
        f"{url}/login",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_a_rule_of_axe(ground: Ground, scheme: str) -> None:
    async def look() -> None:
        ground.say(step("firing", 1, given=labels(queue="text")))
        # The policy of the page lets nobody put a script into it, axe neither.
        options = {"color_scheme": scheme, "bypass_csp": True}
        async with (
            open_stand(ground, running=True) as stand,
            opened(f"{stand.url}/login", **options) as page,
        ):
            await log_in(page, PEOPLE, "pia")
            for place in await _places(page, stand.url):
                await page.goto(place)
                await page.locator("main :is(.card, ul, dl, table, form)").first.wait_for()
                await page.locator("main .wait").wait_for(state="detached")
                found = await Axe().run(page)
                assert not found.violations_count, f"{place}: {found.generate_report()}"

    asyncio.run(look())


async def _until_rows(stand: Stand, many: int) -> None:
    until_s = time.monotonic() + 4 * WAIT_MS / 1000
    while (found := await stand.get("/api/snapshot?by=annotator", PEOPLE))["rows_total"] < many:
        assert time.monotonic() < until_s, found["rows_total"]
        await asyncio.sleep(0.2)


def test_many_queues_and_people_are_shown_and_a_ranking_of_chance_is_not(ground: Ground) -> None:
    known = {row.grouping: row for row in ground.engine.found.snapshots.values()}

    async def look() -> None:
        for grouping, name, many in (
            ("queue", "queue", QUEUES),
            ("annotator", "annotator", PEOPLE_MANY),
        ):
            row = known[grouping]
            copies = [
                msgspec.structs.replace(row, dims={**row.dims, name: f"{name}-{number:04d}"})
                for number in range(many)
            ]
            ground.redis.write(copies)
        size = {"width": 390, "height": 844}
        async with (
            open_stand(ground, running=True) as stand,
            opened(stand.url, viewport=size) as page,
        ):
            rows = page.locator("#rows tbody tr")
            await expect(rows.get_by_text("queue-0199", exact=True)).to_be_attached()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"], "the page itself is wider than a phone"
            await log_in(page, PEOPLE, "pia")
            await page.goto(f"{stand.url}/?by=annotator")
            # Of people only those are read that somebody looks at: they come by and by.
            await _until_rows(stand, PEOPLE_MANY)
            await expect(page.get_by_text("more are not shown")).to_be_visible()

    asyncio.run(look())


def test_a_wallboard_goes_from_queue_to_queue(ground: Ground) -> None:
    async def look() -> None:
        size = {"width": 3840, "height": 2160}
        async with (
            open_stand(ground, running=True) as stand,
            opened(f"{stand.url}/?tv=1", viewport=size) as page,
        ):
            await page.locator("#rows tbody a").first.wait_for()
            await expect(page.locator("h1")).to_contain_text("queue:")
            await expect(page.locator("body")).to_have_class(re.compile("tv"))

    asyncio.run(look())
