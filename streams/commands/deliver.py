"""`watchfloor deliver`: ClickHouse, Redis and whoever is told of alerts, a process for each."""

import socket
import sys

import click

from streams import groups, settings_sources
from streams.admin import Kafka
from streams.commands.invocation import read_settings
from streams.notify_settings import Alerts, Notify
from streams.processes import Processes
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Names

SINKS = ("clickhouse", "redis", "notify")


def _begin_anew(settings: Settings, sink: str | None) -> None:
    """Forget how far a sink had come; Refusal while somebody works for it."""
    name, connections = Names(settings.space.space).group(f"deliver-{sink}"), settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        known = [group.name for group in groups.find(kafka, [name])]
        if groups.delete(kafka, known):
            raise Refusal(f"{name} has members", groups.STOP_MEMBERS)


@click.command(
    epilog="""\b
watchfloor deliver                     all sinks, a process for each
watchfloor deliver --only clickhouse   one sink in this process
watchfloor deliver --only clickhouse --again    fill what was restored from a backup"""
)
@click.option("--only", type=click.Choice(SINKS), help="One sink, in this process.")
@click.option("--instance", help="Name of this process in its group; default: the host's name.")
@click.option(
    "--again",
    is_flag=True,
    help="Begin with the oldest rows that Kafka has (7 days), not the next.",
)
def command(only: str | None, instance: str | None, again: bool) -> None:
    """Bring rows to the sinks and alerts to their receivers.

    One that is away delays neither the others nor the floor. Rows are whole and have a revision,
    so to bring them again changes nothing but what is missing.
    """
    if again and only not in ("clickhouse", "redis"):
        raise click.UsageError("--again goes with --only clickhouse or --only redis")
    settings = read_settings()
    if again:
        _begin_anew(settings, only)
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
