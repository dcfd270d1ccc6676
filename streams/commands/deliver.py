"""`watchfloor deliver`: ClickHouse, Redis and whoever is told of alerts, a process for each."""

import socket
import sys

import click

from streams import settings_sources
from streams.commands.invocation import read_settings
from streams.notify_settings import Alerts, Notify
from streams.processes import Processes

SINKS = ("clickhouse", "redis", "notify")


@click.command(
    epilog="""\b
watchfloor deliver                     all sinks, a process for each
watchfloor deliver --only clickhouse   one sink in this process"""
)
@click.option("--only", type=click.Choice(SINKS), help="One sink, in this process.")
@click.option("--instance", help="Name of this process in its group; default: the host's name.")
def command(only: str | None, instance: str | None) -> None:
    """Bring rows to the sinks and alerts to their receivers.

    One that is away delays neither the others nor the floor.
    """
    settings = read_settings()
    name = instance or socket.gethostname()
    if only is None:
        space = settings.space.space
        each = [["--space", space, "deliver", "--only", sink, "--instance", name] for sink in SINKS]
        sys.exit(Processes(each).run())
    # Imported here: Faust takes a second to import, and `--help` needs none of it.
    from streams.deliver import make_clickhouse, make_redis, run_deliverer
    from streams.doctor import preflight

    if only == "clickhouse":
        preflight(settings, "deliver-clickhouse")
        run_deliverer(make_clickhouse(settings, name))
    elif only == "redis":
        preflight(settings, "deliver-redis")
        run_deliverer(make_redis(settings, name))
    else:
        from streams.notify import make_notify, run_notify

        notify, alerts = settings_sources.read(Notify), settings_sources.read(Alerts)
        preflight(settings, "deliver-notify")
        run_notify(make_notify(settings, notify, alerts, name))
