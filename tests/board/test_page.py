"""The page in the real Chromium: what it says, by keyboard, for every eye and screen."""

import asyncio
import re
import time

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

from tests.board.browsing import WAIT_MS, log_in, opened
from tests.board.stands import OPERATOR, PEOPLE, Ground, Stand, open_stand
from tests.notify.transitions import labels, step

HOSTILE = "<img src=x onerror=alert(1)>"
QUEUES, PEOPLE_MANY = 200, 2_000
DESK, PHONE = {"width": 1360, "height": 1000}, {"width": 390, "height": 844}


def test_the_strip_and_the_rows_say_what_the_snapshot_says(ground: Ground) -> None:
    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand.url) as page:
            found = await stand.get("/api/snapshot?by=queue")
            n = found["strip"]["attainment"]["reading"]["n"]
            card = page.locator(".card[data-metric=service_level]")
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


async def _press(page: Page, link: Locator) -> None:
    """Go to a link and open it, with the keyboard alone."""
    await link.wait_for()
    for _ in range(90):
        await page.keyboard.press("Tab")
        if await link.evaluate("each => each === document.activeElement"):
            break
    await page.keyboard.press("Enter")


def test_from_the_floor_to_a_person_with_the_keyboard_alone(ground: Ground) -> None:
    queue = next(row.queue for row in ground.engine.found.items.values() if row.annotator)

    async def look() -> None:
        async with open_stand(ground, running=True) as stand, opened(stand.url) as page:
            await log_in(page, PEOPLE, "pia")
            rows = page.locator("#rows")
            await _press(page, rows.get_by_role("link", name=queue, exact=True).first)
            await expect(page.locator("h1")).to_contain_text(f"queue: {queue}")
            await expect(page.get_by_text("Every metric, every window")).to_be_visible()
            person = page.locator("#hands li a").first
            name = await person.text_content()
            await _press(page, person)
            await expect(page.locator("h1")).to_contain_text(f"annotator: {name}")
            await expect(page.get_by_text("Every metric, every window")).to_be_visible()

    asyncio.run(look())


def test_a_wrong_address_is_a_page_that_says_so_and_leads_back(ground: Ground) -> None:
    async def look() -> None:
        async with (
            open_stand(ground, running=True) as stand,
            opened(f"{stand.url}/qeue?place=x") as page,
        ):
            await expect(page.locator("h1")).to_contain_text("There is no such page.")
            await page.get_by_role("link", name="To the floor").click()
            await page.locator("#rows tbody a").first.wait_for()
            status, said = await stand.ask("/qeue", Accept="application/json")
            assert (status, said["error"]["code"]) == (404, "not_found")
            status, said = await stand.ask("/api/nothing", Accept="text/html, */*")
            assert (status, said["error"]["code"]) == (404, "not_found")

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
    ask = "by => fetch(`/api/snapshot?by=${by}`).then(answer => answer.json())"
    found = {by: await page.evaluate(ask, by) for by in ("queue", "annotator", "team", "project")}
    first = {by: body["rows"][0]["subject"] for by, body in found.items()}
    return [
        f"{url}/",
        f"{url}/?by=annotator",
        f"{url}/queue?place={first['queue']}",
        f"{url}/team?place={first['team']}",
        f"{url}/project?place={first['project']}",
        f"{url}/person?place={first['annotator']}",
        f"{url}/alerts",
        f"{url}/alerts/{found['queue']['alerts'][0]['fingerprint']}",
        f"{url}/runbooks/sla-at-risk.md",
        f"{url}/nothing",
        f"{url}/definitions",
        f"{url}/definitions/golden_accuracy",
        f"{url}/login",
    ]


@pytest.mark.parametrize(("scheme", "size"), [("light", DESK), ("dark", DESK), ("light", PHONE)])
def test_no_page_violates_a_rule_of_axe(ground: Ground, scheme: str, size: dict[str, int]) -> None:
    async def look() -> None:
        ground.say(step("firing", 1, given=labels(queue="text")))
        # The policy of the page lets nobody put a script into it, axe neither.
        options = {"color_scheme": scheme, "bypass_csp": True, "viewport": size}
        async with (
            open_stand(ground, running=True) as stand,
            opened(f"{stand.url}/login", **options) as page,
        ):
            await log_in(page, PEOPLE, "pia")
            for place in await _places(page, stand.url):
                await page.goto(place)
                await page.locator("main h1").first.wait_for()
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
        async with (
            open_stand(ground, running=True) as stand,
            opened(stand.url, viewport=PHONE) as page,
        ):
            rows = page.locator("#rows tbody tr")
            await expect(rows.get_by_text("queue-0199", exact=True)).to_be_attached()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE["width"], "the page itself is wider than a phone"
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
