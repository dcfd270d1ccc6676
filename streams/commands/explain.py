"""``watchfloor explain``: all about one item on one screen, so that a dispute can be settled."""

import click
import orjson
from rich.console import Console
from rich.progress import Progress

from schemas.partitioner import Partitioner
from schemas.topics import Topics
from streams import explained_text
from streams.admin import Kafka
from streams.commands.invocation import read_settings, show_rows
from streams.commands.worker import read_terms
from streams.explained import Explanation, Sources, Wanted, explain
from streams.item_state import OnRead, Where
from streams.plans import plan_of
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names


@click.command(
    "explain",
    epilog="""\b
watchfloor explain case-481516
watchfloor explain case-481516 --project images   when several items have that id
watchfloor explain case-481516 --topics           with its events' own ids and offsets
watchfloor explain case-481516 --json | jq .clocks

Exit codes: 0 found, 1 not found or not the only one, 2 wrong usage.""",
)
@click.argument("item")
@click.option("--org", help="The item's org_id.")
@click.option("--source", help="The item's source, as cvat or label_studio.")
@click.option("--project", help="The item's project_id.")
@click.option("--topics", is_flag=True, help="Look its events up in the source topics, too.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON; times are UTC ms.")
def command(  # noqa: PLR0913 - one for each option.
    item: str, org: str | None, source: str | None, project: str | None, topics: bool, as_json: bool
) -> None:
    """Show ITEM: its row, events in order, labels, SLA clocks, and the panes it counts in.

    Events and clocks come from the floor's own state, so they are what the numbers were made of.
    People are pseudonyms.
    """
    settings = read_settings()
    named = {"org": org, "source": source, "project": project}
    wanted = Wanted(item, {name: value for name, value in named.items() if value is not None})
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("reading its partition", total=None)
        found = _find(
            settings, wanted, topics, lambda n, of: progress.update(bar, completed=n, total=of)
        )
    if as_json:
        click.echo(orjson.dumps(explained_text.as_json(found), option=orjson.OPT_INDENT_2))
    else:
        _show(found)


def _find(settings: Settings, wanted: Wanted, topics: bool, on_read: OnRead) -> Explanation:
    # Imported here: it brings Faust along, which `--help` does not need.
    from streams.app import make_decoder

    connections = settings.connections
    terms = read_terms(settings)
    client = connect_clickhouse(connections)
    plan = plan_of(settings, terms)
    try:
        with Kafka(connections.kafka, connections.timeout_s) as kafka:
            where = Where(kafka, Topics(settings.space.space), Partitioner(terms.partitioner), plan)
            database = Names(settings.space.space).database
            decoder = make_decoder(settings, terms)
            sources = Sources(where, client, database, decoder, also_topics=topics)
            return explain(sources, wanted, on_read)
    finally:
        client.close()


def _show(found: Explanation) -> None:
    click.echo(explained_text.title(found))
    for note in found.notes:
        click.echo(f"note: {note}")
    click.echo()
    for name, text in explained_text.row_lines(found):
        click.echo(f"  {name:<14} {text}")
    _section("events", explained_text.events(found))
    _section("labels", explained_text.labels(found))
    _section("SLA clocks (* changed since)", explained_text.clocks(found))
    for line in explained_text.burned(found):
        click.echo(f"  whose time: {line}")
    click.echo(f"\npanes ({len(found.panes)})")
    for start, counts, subjects in explained_text.panes(found):
        click.echo(f"{start}  {counts}\n    in {subjects}")
    for letter in found.refused:
        origin = letter.origin
        place = f"{origin.topic}/{origin.partition}@{origin.offset}"
        click.echo(f"refused: {place} {letter.reason.value} {letter.field}: {letter.message}")


def _section(name: str, table: explained_text.Table) -> None:
    titles, rows = table
    click.echo(f"\n{name} ({len(rows)})")
    if rows:
        show_rows(titles, rows)
