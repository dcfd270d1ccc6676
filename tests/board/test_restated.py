"""What late data changed is marked at the numbers themselves, with what they were."""

import asyncio
import os
import time

import pytest
from playwright.async_api import expect

from schemas.metrics import METRIC_BY_ID
from sinks.board.live import Held
from sinks.board.restated import Change, marks
from sinks.clickhouse import connect
from streams.spaces import Names
from tests.board.browsing import opened
from tests.board.stands import Ground, open_stand

HOUR_MS = 3_600_000


def _reading(value: float | None, n: int) -> dict[str, object]:
    return {"value": value, "n": n, "cause": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("metric", "now", "late", "was"),
    [
        ("throughput", (90.0, 90), {"submitted": 15}, (75.0, 75)),
        ("service_level", (0.8, 10), {"sla_breached": 2, "sla_fulfilled_late": 0}, (1.0, 8)),
        ("handle_time_p50", (30.0, 12), {"handle_hist": 2}, (None, 10)),
    ],
)
def test_what_was_is_the_number_without_what_came_late(
    metric: str, now: tuple[float, int], late: dict[str, int], was: tuple[float | None, int]
) -> None:
    window = {"start_ms": 0, "end_ms": HOUR_MS, "covered": 1.0, metric: _reading(*now)}
    held = Held("all", windows={"1h": window})
    inside = [Change(60_000, name, more, 5 * HOUR_MS) for name, more in late.items() if more]
    before = Change(-60_000, next(iter(late)), 7, HOUR_MS)
    found = marks(held, [*inside, before], from_ms=0)["1h"][metric]
    assert (found["was"], found["n"], found["at_ms"]) == (*was, 5 * HOUR_MS)
    assert marks(held, [before], from_ms=0) == {}
    assert marks(held, inside, from_ms=1) == {}, "a window that begins before what was looked at"
    unknown = Held("all", windows={"1h": {**window, metric: _reading(None, 3)}})
    assert marks(unknown, inside, from_ms=0) == {}


def _restate(ground: Ground, more: int) -> None:
    """One minute of the floor and of each queue is told as finished, and later with more."""
    client = connect(os.environ["WATCHFLOOR_CLICKHOUSE"])
    table = f"{Names(ground.space).database}.rollups_history"
    (pane,) = client.query(
        f"SELECT max(pane_start) - 1200 FROM {table} WHERE grouping = 'all' AND submitted > 0"
    ).result_rows[0]
    minute = (
        f"SELECT * FROM {table} FINAL WHERE grouping IN ('all', 'queue') "
        f"AND pane_start = '{pane:%Y-%m-%d %H:%M:%S}'"
    )
    told, again = (
        "1 AS revision, told_at + 60 AS told_at",
        "2 AS revision, told_at + 960 AS told_at",
    )
    for replaced in (told, f"{again}, submitted + {more} AS submitted"):
        client.command(
            f"INSERT INTO {table} SELECT * REPLACE({replaced}) FROM ({minute} AND revision = 0)"
        )
    client.close()


def test_a_restated_number_is_marked_in_the_strip_and_in_the_tables(ground: Ground) -> None:
    metric = METRIC_BY_ID["throughput"]

    async def look() -> None:
        async with open_stand(ground, running=True) as stand:
            assert (await stand.get("/api/restated?by=queue"))["subjects"] == {}
            _restate(ground, 40)
            until_s = time.monotonic() + 90
            while not (found := (await stand.get("/api/restated?by=queue"))["subjects"]):
                assert time.monotonic() < until_s  # An answer is kept for half a minute.
                await asyncio.sleep(0.5)
            whole = await stand.get("/api/subject?place=all")
            now = whole["place"]["windows"]["1h"]["readings"][metric.id]
            assert found["all"]["1h"][metric.id]["n"] == now["n"] - 40
            async with opened(f"{stand.url}/?window=1h") as page:
                card = page.locator(".card[data-metric=throughput] .restated")
                await expect(card).to_contain_text("restated, was", timeout=120_000)
                said = await card.get_attribute("title")
                assert said is not None and said.startswith("restated since published: was ")
                cell = page.locator("#rows td[data-metric=throughput] .restated")
                await expect(cell.first).to_be_visible()
                levels = page.locator("#rows td[data-metric=backlog_waiting] .restated")
                assert await levels.count() == 0, "what stands now was never told before"

    asyncio.run(look())
