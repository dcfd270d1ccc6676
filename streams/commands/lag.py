"""``watchfloor lag``: how far each consumer group is behind."""

from collections.abc import Mapping, Sequence

import click

from streams import groups
from streams.admin import Kafka
from streams.commands.invocation import read_settings, show_rows
from streams.groups import Group, Lag


@click.command("lag")
@click.option("--partitions", is_flag=True, help="One line per partition.")
def command(partitions: bool) -> None:
    """Show members and lag, in records, of the space's consumer groups.

    \b
    watchfloor lag
    watchfloor lag --partitions
    """
    settings = read_settings()
    connections = settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        found = groups.of_space(kafka, settings.space.space)
        lags = {group.name: groups.lags(kafka, group) for group in found}
    if not found:
        click.echo("no group has read anything yet: `watchfloor worker` starts one", err=True)
    elif partitions:
        _show_partitions([each for group in found for each in lags[group.name]])
    else:
        _show_groups(found, lags)


def _show_groups(found: Sequence[Group], lags: Mapping[str, Sequence[Lag]]) -> None:
    titles = ("group", "state", "members", "lag")
    behind = {name: sum(each.records for each in of) for name, of in lags.items()}
    show_rows(titles, [(g.name, g.state, len(g.members), behind[g.name]) for g in found])


def _show_partitions(lags: Sequence[Lag]) -> None:
    titles = ("group", "topic", "partition", "committed", "end", "lag")
    show_rows(
        titles,
        [(x.group, x.topic, x.partition, x.committed, x.span.end, x.records) for x in lags],
    )
