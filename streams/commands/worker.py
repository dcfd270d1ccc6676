"""`watchfloor worker`: the floor, in one process or several."""

import socket
import sys
from functools import partial

import click

from schemas.topics import Topics
from streams import instances, settings_sources, spaces
from streams.admin import Kafka
from streams.commands.invocation import read_settings
from streams.notify_settings import Alerts
from streams.processes import Processes
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Names, Terms


@click.command(
    epilog="""\b
watchfloor worker                  one process
watchfloor worker --processes 2    two, started again when they end
watchfloor --space june worker     the floor of another space"""
)
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--instance", help="Name of this process in its group; default: host and number.")
def command(processes: int, instance: str | None) -> None:
    """Run the floor: events in, windows out. Refuses to start on a wrong set-up."""
    settings = read_settings()
    name = instance or settings.floor.instance or f"{socket.gethostname()}-0"
    if processes > 1:
        stem = name.removesuffix("-0")
        space = settings.space.space
        each = [
            ["--space", space, "worker", "--instance", f"{stem}-{number}"]
            for number in range(processes)
        ]
        sys.exit(Processes(each).run())
    _run(settings, name)


def _run(settings: Settings, instance: str) -> None:
    # Imported here: Faust takes a second to import, and `--help` needs none of it.
    from streams.app import make_floor, run_floor
    from streams.doctor import preflight
    from streams.floor_files import read_calendar, read_plan
    from streams.kept_files import KeptFile
    from streams.rule_files import read_rules
    from streams.stage2 import Watching

    preflight(settings, "floor")
    group = Names(settings.space.space).group("floor")
    held = instances.hold(settings.connections.kafka, group, instance)
    terms = read_terms(settings)
    plan = read_plan(settings.floor)
    if terms.accept_from_ms is not None and terms.accept_to_ms is not None:
        plan = plan.holding(terms.accept_from_ms, terms.accept_to_ms)
    ticking = terms.accept_from_ms is None
    alerts = settings_sources.read(Alerts)
    read = partial(read_rules, targets=alerts.targets, groupings=plan.groupings)
    watching = Watching(KeptFile(alerts.rules, read), read_calendar(), ticking)
    floor = make_floor(settings, terms, plan, watching, instance)
    with held:
        run_floor(floor, settings, ticking=ticking)


def read_terms(settings: Settings) -> Terms:
    """What all workers of the space agree on; Refusal when it was never set up."""
    connections = settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        terms = spaces.read_terms(kafka, Topics(settings.space.space))
    if terms is None:
        raise Refusal(f"space {settings.space.space} is not set up", "run `watchfloor setup`")
    return terms
