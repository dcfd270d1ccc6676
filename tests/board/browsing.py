"""The board's pages in the real Chromium."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.async_api import Page, async_playwright, expect

#: The system's; None: Playwright's own.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: A busy machine may take long.
WAIT_MS = 30_000
expect.set_options(timeout=WAIT_MS)


def _missing(what: str) -> None:
    """Fail where everything has to run, else say what was not tried."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@asynccontextmanager
async def opened(url: str, **context: Any) -> AsyncIterator[Page]:
    """A page; fails on an error in it, a dialog, and a request to another host."""
    problems: list[str] = []
    async with async_playwright() as drivers:
        if CHROMIUM is None and not Path(drivers.chromium.executable_path).exists():
            _missing("no Chromium: apt install chromium, or .venv/bin/playwright install chromium")
        browser = await drivers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(**context)
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"a dialog: {dialog.message}"))
        own = urlsplit(url).netloc
        page.on(
            "request",
            lambda asked: None if urlsplit(asked.url).netloc == own else problems.append(asked.url),
        )
        await page.goto(url)
        yield page
        await browser.close()
    assert not problems, problems


async def log_in(page: Page, token: str, name: str) -> None:
    """Log in by the page's form; ``name`` is whose token it is."""
    await page.goto(urljoin(page.url, "/login"))
    await page.get_by_label("Token").fill(token)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name=f"Log out {name}")).to_be_visible()
