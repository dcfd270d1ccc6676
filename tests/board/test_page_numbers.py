"""The numbers in the page's own elements, against SQL and `watchfloor top` of the same moment."""

import asyncio
import os
from typing import Any
from urllib.parse import quote

from clickhouse_connect.driver.client import Client
from playwright.async_api import Page

from schemas.metrics import METRIC_BY_ID
from sinks.clickhouse import connect
from sinks.views import looks_at_present
from tests.board.browsing import opened
from tests.board.stands import Ground, Stand, open_stand
from tests.board.test_same_numbers import answered, printed_by_top, same

#: What stands in the page: texts of cards by metric, and of cells by subject and metric.
_READ = """() => ({
  cards: Object.fromEntries([...document.querySelectorAll(".card[data-metric]")].map(
    (card) => [card.dataset.metric, card.querySelector(".number").textContent])),
  rows: Object.fromEntries([...document.querySelectorAll("#rows tbody tr")].map((row) => [
    row.querySelector("a").dataset.key,
    Object.fromEntries([...row.querySelectorAll("td[data-metric]")].map(
      (cell) => [cell.dataset.metric, cell.firstChild.textContent]))])),
})"""
_SAID = """async ([readings]) => {
  const { said } = await import("/static/js/format.js");
  return readings.map(([reading, unit]) => said(reading, unit));
}"""


async def _texts(page: Page, readings: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Readings as the page words them."""
    given = [[reading, METRIC_BY_ID[metric].unit.value] for metric, reading in readings]
    texts: list[str] = await page.evaluate(_SAID, [given])
    return texts


async def _told(stand: Stand, client: Client, place: str, shown: Any, metric: str) -> Any:
    """The reading that SQL gives for one on the board; what is not known stays as it is."""
    reading, window = shown
    if reading["value"] is None:
        return reading
    query = f"place={quote(place)}&metric={metric}&window={window or '1h'}"
    row = answered(client, (await stand.get(f"/api/sql?{query}"))["sql"])
    assert same(metric, reading["value"], row["value"]), (place, metric, reading, row)
    # What stands now goes on between the board's look and ours.
    return reading if looks_at_present(METRIC_BY_ID[metric]) else row


def test_what_the_page_has_is_what_sql_and_top_say(ground: Ground) -> None:
    async def look() -> None:
        client = connect(os.environ["WATCHFLOOR_CLICKHOUSE"])
        async with open_stand(ground) as stand, opened(stand.url) as page:
            await page.locator("#rows tbody td[data-metric]").first.wait_for()
            seen = await page.evaluate(_READ)
            found = await printed_by_top(ground.space)
            windows = {each["metric"]: each["window"] for each in found["columns"]}
            compared: list[tuple[str, str]] = []
            wanted: list[tuple[str, dict[str, Any]]] = []
            for row in found["rows"]:
                for metric, text in seen["rows"][row["subject"]].items():
                    shown = (row["cells"][metric], windows[metric])
                    told = await _told(stand, client, row["subject"], shown, metric)
                    compared += [(text, f"{row['name']} {metric}")] * 2
                    wanted += [(metric, row["cells"][metric]), (metric, told)]
            for name in ("throughput", "backlog", "attainment"):
                entry = found["strip"][name]
                metric, shown = entry["metric"], (entry["reading"], entry["window"])
                told = await _told(stand, client, "all", shown, metric)
                compared += [(seen["cards"][metric], metric)] * 2
                wanted += [(metric, entry["reading"]), (metric, told)]
            assert len(compared) > 2 * 3 * len(found["rows"]) > 0
            for (text, what), says in zip(compared, await _texts(page, wanted), strict=True):
                assert text == says, what
        client.close()

    asyncio.run(look())
