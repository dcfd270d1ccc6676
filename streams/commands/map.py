"""`watchfloor map`: a topic of another tool into events, live."""

import asyncio

import click

from schemas.partitioner import Partitioner
from schemas.topics import Role, Topics
from streams import logs, spaces
from streams.admin import Kafka
from streams.commands.invocation import read_settings
from streams.refusals import Refusal
from streams.sources.mapping_files import load_mapping
from streams.sources.records import SourceError

log = logs.get(__name__)


@click.command(
    epilog="""\b
watchfloor map --mapping cvat_events --topic cvat.events
watchfloor map --mapping mine.yaml --topic theirs --from latest
watchfloor --space trial map --mapping mine.yaml --topic theirs --once

Exit codes: 0 told to stop, or at the end with --once; 1 a part is missing; 2 wrong usage."""
)
@click.option("--mapping", "name", required=True, metavar="NAME|FILE", help="How records map.")
@click.option("--topic", required=True, help="The topic to read; records are JSON objects.")
@click.option(
    "--from",
    "begin",
    type=click.Choice(["earliest", "latest"]),
    default="earliest",
    show_default=True,
    help="Where to begin when nothing of this topic was read before.",
)
@click.option("--once", is_flag=True, help="Stop at the topic's end.")
def command(name: str, topic: str, begin: str, once: bool) -> None:
    """Read a topic of another tool and send its events to the floor.

    Start as many as the topic has partitions. Killed in between, the next one goes on: nothing
    is lost, and what is sent twice has the same event ids and counts once. A record that gives
    no event is a dead letter with its reason (`watchfloor dlq ls`). Records about one thing have
    to lie in one partition of the topic, or what the mapping remembers of it stays unknown. It has
    a health page like every process, and stands in `watchfloor lag`.
    """
    try:
        mapping = load_mapping(name)
    except SourceError as error:
        raise Refusal(str(error), "mend the mapping, or `watchfloor mapping ls`") from error
    settings = read_settings()
    from streams.foreign_topic import Source, prepare
    from streams.live_mapping import LiveMapping
    from streams.mapped_records import Destination

    connections, topics = settings.connections, Topics(settings.space.space)
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        terms = spaces.read_terms(kafka, topics)
        if terms is None:
            raise Refusal(f"space {topics.space_name} is not set up", "run `watchfloor setup`")
        ours = kafka.topics([topics.name(Role.ANNOTATIONS)])[topics.name(Role.ANNOTATIONS)]
        to = Destination(topics, ours.partitions, Partitioner(terms.partitioner))
        source = Source(connections.kafka, topic, mapping, to, begin == "earliest", once)
        prepare(kafka, source, connections.replication_factor)

    async def live() -> LiveMapping:
        process = LiveMapping(source)
        page = process.pulse.page(settings.health)
        try:
            log.info("health_page", address=await page.start())
            await process.run()
        finally:
            await page.stop()
        return process

    tally = asyncio.run(live()).tally
    click.echo(
        f"{tally.records} records: {tally.events} events, {tally.ignored} ignored, "
        f"{tally.dead} dead letters"
    )
