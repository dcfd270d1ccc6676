"""`watchfloor board`: the live page for operations."""

import asyncio

import click

from streams import settings_sources
from streams.commands.invocation import read_settings


@click.command(
    epilog="""\b
watchfloor board                 http://127.0.0.1:8200
WATCHFLOOR_BOARD_PORT=0 watchfloor board"""
)
def command() -> None:
    """Serve the board: what goes on, what is about to break, and how old the numbers are.

    It reads Redis and ClickHouse and can't slow the floor. Anybody on this machine may look;
    changes, and numbers of persons, need a token (`watchfloor alerts token NAME`).
    """
    settings = read_settings()
    from streams.board import serve
    from streams.board_settings import Board
    from streams.notify_settings import Alerts, Notify

    asyncio.run(
        serve(
            settings,
            settings_sources.read(Board),
            settings_sources.read(Notify),
            settings_sources.read(Alerts),
        )
    )
