"""`watchfloor top`: the floor in the terminal."""

import asyncio
import contextlib

import click
from rich.console import Console

from streams import settings_sources
from streams.commands.invocation import read_settings


@click.command(
    epilog="""\b
watchfloor top                                    until Ctrl-C
watchfloor top --by team --window 1h
watchfloor top --once --json                      for scripts: as GET /api/snapshot of the board"""
)
@click.option("--place", help="Whose numbers, as the board's addresses name it; default: all.")
@click.option("--by", default="queue", show_default=True, help="Rows: queue, team, site, project.")
@click.option("--window", help="One window for all columns, as 15m, 1h or shift.")
@click.option("--once", is_flag=True, help="Show it once and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: as JSON.")
def command(place: str | None, by: str, window: str | None, once: bool, as_json: bool) -> None:
    """Show throughput, backlog, quality, alerts and the age of it all, as the board does."""
    if as_json and not once:
        raise click.UsageError("--json goes with --once")
    settings = read_settings()
    from streams.notify_settings import Alerts
    from streams.top import Asked, top

    given = {"place": place or "", "by": by, "window": window or ""}
    if as_json:
        given["detail"] = "1"
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            top(settings, settings_sources.read(Alerts), Asked(given, once, as_json), Console())
        )
