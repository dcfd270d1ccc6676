"""What a rebuild computes from: logs in files, or what the source topics still hold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.codec import Decoder, DecoderSettings
from schemas.people import Scope, pseudonymiser
from schemas.topics import Topics
from sinks.clickhouse import ClickHouseSink
from sinks.rebuilds import Rebuild
from streams import people_key, rebuilding, spaces
from streams.admin import Kafka
from streams.core.engine import Engine
from streams.floor_files import read_calendar, read_plan
from streams.policy_files import read_book
from streams.rebuilding import Range, Store
from streams.refusals import Refusal
from streams.replay import Sent, open_log
from streams.settings import Settings
from streams.setup import connect_clickhouse, migrate
from streams.sources.reading import ReadOptions


@dataclass(frozen=True, slots=True)
class Input:
    """Records in about the order of their times, and what reads them.

    ``span_ms`` are the times of the first and last event, where they are known.
    """

    sends: Iterator[Sent]
    count: int
    decoder: Callable[[Settings], Decoder]
    forgotten: frozenset[str]
    detail: str
    span_ms: tuple[int, int] | None = None


def files_input(
    files: Sequence[Path], forgotten: frozenset[str], on_read: Callable[[int], None]
) -> Input:
    """Event files; Refusal when one can't be read, or lines of it are no events."""
    log = open_log(files, None, ReadOptions(None, None), on_read)
    if log.rejects:
        first = log.first_rejects[0]
        raise Refusal(
            f"{sum(log.rejects.values())} rows are no events, first {first.file}:{first.line}",
            "mend the files: a rebuild that leaves events out would lose them",
        )

    def decoder(settings: Settings) -> Decoder:
        people = pseudonymiser(
            people_key.read(settings.people),
            are_pseudonyms=settings.people.are_pseudonyms,
            scope=Scope(settings.people.scope),
        )
        return Decoder(people, DecoderSettings(accepted=log.accepted()))

    names = ", ".join(path.name for path in files)
    span_ms = (log.from_ms or 0, log.to_ms or 0)
    return Input(log.sends(), log.count, decoder, forgotten, names, span_ms)


def topics_input(settings: Settings, kafka: Kafka, forgotten: frozenset[str]) -> Input:
    """What the source topics hold, with the times that its records have."""
    topics = Topics(settings.space.space)
    terms = spaces.read_terms(kafka, topics)
    if terms is None:
        raise Refusal(f"space {settings.space.space} is not set up", "run `watchfloor setup`")
    count, sends = rebuilding.from_topics(kafka, topics, settings.floor.partitions)

    def decoder(given: Settings) -> Decoder:
        # Imported here: it brings Faust along, which files do not need.
        from streams.app import make_decoder

        return make_decoder(given, terms)

    return Input(sends, count, decoder, forgotten, f"topics of {settings.space.space}")


def run_side(
    settings: Settings,
    rebuild: Rebuild,
    within: Range,
    said: Input,
    on_done: Callable[[int], None],
) -> dict[str, int]:
    """Compute into a new side database; what became of the records. An old one is replaced."""
    client = connect_clickhouse(settings.connections)
    try:
        client.command(f"DROP DATABASE IF EXISTS {rebuild.side}")
    finally:
        client.close()
    migrate(settings.connections, rebuild.side)
    from_ms, to_ms = said.span_ms or (0, within.to_ms)
    # Nothing in the log is too old to keep: only so is every quarter whole.
    plan = read_plan(settings.floor).holding(from_ms, to_ms)
    engine = Engine(
        plan,
        said.decoder(settings),
        read_calendar(),
        partitions=settings.floor.partitions,
        policies=read_book(plan),
    )
    for shard in engine.shards:
        for name in said.forgotten:
            shard.forgotten.put(name)
    connections = settings.connections
    password = connections.clickhouse_password.get_secret_value()
    sink = ClickHouseSink(
        connections.clickhouse, rebuild.side, user=connections.clickhouse_user, password=password
    )
    try:
        rebuilding.compute(said.sends, engine, Store(sink, within), on_done)
    finally:
        sink.close()
    return engine.counters()
