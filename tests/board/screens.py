"""``python -m tests.board.screens URL TOKEN``: pictures of a running board, for its README.

URL and TOKEN are what ``watchfloor demo`` prints; the token is that of somebody who may see people.
"""

import asyncio
from pathlib import Path
from typing import Any

import click
from playwright.async_api import Browser, Page, async_playwright

from tests.board.browsing import CHROMIUM, WAIT_MS, log_in

INTO = Path(__file__).parents[2] / "sinks" / "board" / "screens"
DESK: dict[str, Any] = {"viewport": {"width": 1360, "height": 1000}}
DARK = DESK | {"color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
#: 4K, as a picture of half its width and height.
WALL: dict[str, Any] = {"viewport": {"width": 3840, "height": 2160}, "device_scale_factor": 0.5}
#: Charts and lines of rows ask for their history: a picture of waiting is none.
SETTLED = """() => !document.body.textContent.includes("Asking for history")
  && ![...document.querySelectorAll("#rows td.left")].some((cell) => cell.textContent === "…")"""
#: A drawing takes a moment.
DRAWN_S = 1.0
BYTES_MAX = 120_000


async def _first(page: Page, by: str) -> str:
    ask = f"fetch('/api/snapshot?by={by}').then(answer => answer.json())"
    found = await page.evaluate(ask)
    return str(found["rows"][0]["subject"])


async def _shoot(browser: Browser, url: str, token: str) -> None:
    for name, place, look in (
        ("floor", "/", DESK),
        ("floor-dark", "/", DARK),
        ("floor-phone", "/", PHONE),
        ("floor-wallboard", "/?tv=1", WALL | {"color_scheme": "dark"}),
        ("queue", "/queue?place={queue}", DESK),
        ("team", "/team?place={team}&by=queue", DESK),
        ("person", "/person?place={annotator}", DARK),
        ("alerts", "/alerts", DESK),
        ("alert", "/alerts/{alert}", DARK),
        ("definitions", "/definitions/golden_accuracy", DESK),
    ):
        page = await browser.new_page(**look)
        page.set_default_timeout(WAIT_MS)
        await page.goto(url)
        await log_in(page, token, "")
        known = {
            by: await _first(page, by)
            for by in ("queue", "team", "annotator")
            if f"{{{by}}}" in place
        }
        if "{alert}" in place:
            alerts = await page.evaluate(
                "fetch('/api/alerts?state=all').then(answer => answer.json())"
            )
            known["alert"] = alerts["alerts"][0]["fingerprint"]
        await page.goto(url.rstrip("/") + place.format(**known))
        await page.locator("h1").first.wait_for()
        await page.wait_for_function(SETTLED)
        await asyncio.sleep(DRAWN_S)
        path = INTO / f"{name}.jpg"
        for quality in range(72, 20, -6):
            await page.screenshot(path=path, type="jpeg", quality=quality)
            if path.stat().st_size <= BYTES_MAX:
                break
        click.echo(f"{path.name} {path.stat().st_size / 1024:.0f} kB at quality {quality}")
        await page.close()


async def _run(url: str, token: str) -> None:
    INTO.mkdir(exist_ok=True)
    async with async_playwright() as drivers:
        browser = await drivers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        await _shoot(browser, url, token)
        await browser.close()


@click.command(help=__doc__)
@click.argument("url")
@click.argument("token")
def main(url: str, token: str) -> None:
    """Shoot every page."""
    asyncio.run(_run(url, token))


if __name__ == "__main__":
    main()
