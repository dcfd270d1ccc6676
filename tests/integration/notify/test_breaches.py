"""A breach is told when its deadline passes, and taken back, once, when it turns out to be none."""

import asyncio
import time
from collections import Counter

import msgspec
import pytest

from schemas.alerts import Matcher, Silence
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import NotifySpace, hook, port_of
from tests.integration.notify.promised_floor import (
    Happening,
    alerts_in,
    command,
    files,
    tell,
)
from tests.integration.notify.running_api import Api, until
from tests.notify.listeners import Heard, listening

TARGET_S = 6


def heard_of(heard: list[Heard], queue: str) -> list[str]:
    """Why a queue was told of, in order."""
    return [why for each in heard for name, why in alerts_in(each.body) if name == queue]


@pytest.fixture(scope="module")
def space(opened: OpenNotify, tmp_path_factory: pytest.TempPathFactory) -> NotifySpace:
    given = files(tmp_path_factory.mktemp("promise"), TARGET_S)
    found = opened(WATCHFLOOR_NOTIFY_SILENT_S="3600", **given)
    found.floor.worker(0)
    found.floor.deliver("clickhouse")
    return found


async def live(space: NotifySpace) -> None:
    settings = space.floor.settings
    async with listening() as here:
        space.receivers(hook("ops", here.url, matchers=["alertname=SlaBreach"]))
        child = space.notifier()
        await asyncio.to_thread(port_of, child)
        now_ms = time.time_ns() // 1_000_000
        late, true = (Happening(name, "item.queued", now_ms) for name in ("late", "true"))
        await tell(settings, [late, true])
        await here.until(lambda heard: all(heard_of(heard, name) for name in ("late", "true")))
        # In time by two seconds, but nobody had heard of it.
        done_ms = now_ms + (TARGET_S - 2) * 1000
        await tell(settings, [Happening("late", "item.completed", done_ms)])
        await here.until(lambda heard: "corrected" in heard_of(heard, "late"))
        # The alert was faster than the row about its item.
        api = Api(space, await asyncio.to_thread(port_of, child))
        await asyncio.to_thread(until, lambda: named_items(api, "true") == "job-true")
        await tell(settings, [Happening("true", "item.completed", time.time_ns() // 1_000_000)])
        await asyncio.to_thread(await_told, space)
        assert heard_of(here.heard, "late") == ["firing", "corrected"]
        assert heard_of(here.heard, "true") == ["firing"]


def named_items(api: Api, queue: str) -> str:
    """The items behind an alert, as the API names them."""
    shown = api.ask("GET", "/api/v2/alerts")[1]
    found = [each["annotations"] for each in shown if each["labels"].get("queue") == queue]
    return str(found[0].get("items", "")) if found else ""


def ledger(space: NotifySpace, queue: str) -> list[tuple[str, int]]:
    """Every step of the queue's clock and whether it holds."""
    query = f"SELECT kind, holds FROM sla_ledger FINAL WHERE item_id = 'job-{queue}' ORDER BY seq"
    return [(row[0], row[1]) for row in space.floor.client.query(query).result_rows]


def await_told(space: NotifySpace) -> None:
    """Return when the ledger has the end of both clocks."""
    until(lambda: all(("fulfil", 1) in ledger(space, queue) for queue in ("late", "true")))


def test_a_late_submission_that_was_in_time_is_one_correction(space: NotifySpace) -> None:
    asyncio.run(live(space))
    late = ledger(space, "late")
    assert Counter(late) == Counter(
        [("activate", 1), ("at_risk", 0), ("breach", 0), ("breach_withdrawn", 1), ("fulfil", 1)]
    )
    assert ("breach", 1) in ledger(space, "true")
    reasons = Counter(
        (each.labels["queue"], each.reason) for each in space.told() if each.outcome == "sent"
    )
    assert reasons == {("late", "firing"): 1, ("late", "corrected"): 1, ("true", "firing"): 1}


def test_attainment_is_restated(space: NotifySpace) -> None:
    query = (
        "SELECT queue, sum(sla_fulfilled), sum(sla_fulfilled_late), sum(sla_breached) "
        "FROM rollups FINAL WHERE grouping = 'queue' GROUP BY queue"
    )
    wanted = {"late": (1, 0, 0), "true": (0, 1, 1)}

    def found() -> dict[str, tuple[int, ...]]:
        rows = space.floor.client.query(query).result_rows
        return {row[0]: tuple(row[1:]) for row in rows if row[0] in wanted}

    until(lambda: found() == wanted)


def test_a_silence_that_was_made_past_the_api_is_listed_by_it(
    space: NotifySpace,
) -> None:
    api = Api(space, port_of(space.floor.children[-1]))
    now_ms = time.time_ns() // 1_000_000
    matchers = (Matcher("queue", "true"),)
    quiet = Silence("past-the-api", matchers, now_ms, now_ms + 3_600_000, "cron", "why", now_ms)
    command(space.floor.settings, quiet, msgspec.json.encode(quiet))
    until(lambda: [each["id"] for each in api.ask("GET", "/api/v2/silences")[1]] == [quiet.id])

    def quieted() -> list[list[str]]:
        shown = api.ask("GET", "/api/v2/alerts?silenced=true")[1]
        return [a["status"]["silencedBy"] for a in shown if a["labels"].get("queue") == "true"]

    until(lambda: quieted() == [[quiet.id]])
