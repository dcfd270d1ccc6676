"""The board's snapshot in the terminal, made by the same code from the same Redis."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import msgspec
from rich.console import Console
from rich.live import Live

from sinks.board.answers import Failed
from sinks.board.scope import Scope
from sinks.board.wishes import Asker
from streams.board import Parts, look_around, parts
from streams.floor_files import read_groupings
from streams.notify_settings import Alerts
from streams.refusals import Refusal
from streams.settings import Settings
from streams.top_panel import panel

#: Whoever can run this can read Redis: there is nobody to keep anything from but persons.
_SCOPE = Scope()
#: Longest that ClickHouse is waited for, for the people at work.
ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What to show: the words of ``GET /api/snapshot``."""

    query: dict[str, str]
    once: bool = False
    as_json: bool = False


async def top(settings: Settings, alerts: Alerts, asked: Asked, console: Console) -> None:
    """Show the floor once, or until interrupted; raises Refusal."""
    async with parts(settings, alerts) as made:
        if asked.once:
            await _once(made, asked, console)
            return
        working = [asyncio.create_task(each) for each in (made.hub.run(), look_around(made))]
        try:
            with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
                while True:
                    await asyncio.sleep(1.0)
                    live.update(panel(await _snapshot(made, asked)), refresh=True)
        finally:
            for task in working:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*working)


async def _once(made: Parts, asked: Asked, console: Console) -> None:
    around = asyncio.create_task(look_around(made))
    await made.hub.turn()
    answer = made.hub.facts.redis
    if answer.error is not None:
        around.cancel()
        raise Refusal(f"Redis does not answer: {answer.error}", "see `watchfloor doctor`")
    # The people at work are counted when ClickHouse has answered, or will not.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_S):
            while made.hub.facts.clickhouse.ok_ms is None or made.hub.active.as_of_ms == 0:
                if made.hub.facts.clickhouse.error is not None:
                    break
                await asyncio.sleep(0.05)
    around.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await around
    body = await _snapshot(made, asked)
    if asked.as_json:
        console.out(msgspec.json.encode(body).decode(), highlight=False)
    else:
        console.print(panel(body))


async def _snapshot(made: Parts, asked: Asked) -> dict[str, Any]:
    by_name = {each.name: each for each in read_groupings()}
    asker = Asker(_SCOPE, made.hub.reader.live, by_name)
    try:
        channel = await made.hub.open(asker.wish(asked.query))
    except Failed as failed:
        raise Refusal(failed.says, failed.remedy) from None
    return channel.body
