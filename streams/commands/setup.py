"""``watchfloor setup``: make what a space needs."""

from datetime import UTC, datetime

import click

from streams import setup
from streams.commands.invocation import read_settings

_DAY = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@click.command("setup")
@click.option("--accept-from", type=_DAY, help="Earliest event time (UTC) of the space.")
@click.option("--accept-to", type=_DAY, help="Event times lie before this (UTC).")
def command(accept_from: datetime | None, accept_to: datetime | None) -> None:
    """Make topics, ClickHouse's tables and, for the local stack, the people key.

    What is there already stays. Without --accept-* the range of event times moves with the clock.

    \b
    watchfloor setup
    watchfloor setup --space june --accept-from 2025-06-01 --accept-to 2025-07-01
    """
    accept = None
    if accept_from is not None or accept_to is not None:
        accept = setup.Accept(_utc_ms(accept_from), _utc_ms(accept_to))
        if accept_from and accept_to and accept_from >= accept_to:
            raise click.UsageError("--accept-from must lie before --accept-to")
    setup.make_local_people_key(click.echo)
    setup.set_up(read_settings(), click.echo, accept)


def _utc_ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp() * 1000)
