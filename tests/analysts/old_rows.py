"""A space whose rows are those of another definition, and what they have to become.

The old rows of the range are a floor's rows with handle times doubled, and a row that the new
definition does not have.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import orjson
from clickhouse_connect.driver.client import Client

from schemas.codec import Decoder, DecoderSettings
from schemas.measures import histogram, key_of
from schemas.rows import RollupRow
from schemas.topics import Topics
from sinks.clickhouse import ClickHouseSink
from sinks.rebuilds import Rebuild
from streams.core import wire
from streams.core.engine import Engine, Found
from streams.core.plan import DAY_MS, HOUR_MS, MINUTE_MS, Plan
from streams.feed import Feed
from streams.floor_files import read_calendar
from streams.replay import open_log, replay_offline
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.sources.reading import ReadOptions

#: 2026-03-02T00:00:00Z and the next two days; the range is the first two.
DAY_1_MS = 1_772_409_600_000
CLOSED_AFTER_MS = 99 * DAY_MS
OLD_REVISION = 7 << 24
NAMES = ("org", "source", "project", "queue", "team", "site", "annotator", "reviewer", "label")

Key = tuple[object, ...]
Counts = tuple[int, int, int]


def write_log(path: Path) -> None:
    """Five minutes of a floor on each of three days."""
    config = FloorConfig().for_rate(2.0)
    with path.open("wb") as file:
        for day in range(3):
            start_ms = DAY_1_MS + day * DAY_MS + 9 * HOUR_MS
            for event in Floor(7, config).events(start_ms, start_ms + 5 * MINUTE_MS):
                file.write(orjson.dumps(event) + b"\n")


async def publish(settings: Settings, path: Path) -> None:
    """Send a log to the source topics, each record with the time of its event."""
    read = open_log([path], None, ReadOptions(None, None), lambda _: None)
    topics, floor = Topics(settings.space.space), settings.floor
    async with Feed(settings.connections.kafka, topics, floor.partitions) as feed:
        for sent in read.sends():
            await feed.put(sent.role, sent.key, sent.value, sent.record_ms)


def findings(path: Path) -> Found:
    """What the floor says of a log."""
    read = open_log([path], None, ReadOptions(None, None), lambda _: None)
    decoder = Decoder(None, DecoderSettings(accepted=read.accepted()))
    engine = Engine(Plan().holding(DAY_1_MS, DAY_1_MS + 4 * DAY_MS), decoder, read_calendar())
    replay_offline(read, engine, lambda _: None)
    return engine.found


@dataclass(frozen=True)
class Space:
    """A space whose rows are of the old definition."""

    settings: Settings
    client: Client
    sender: Sender
    rebuild: Rebuild

    def time_is(self, now_ms: int) -> None:
        """The floor has come so far, as stage 2 heard of every source."""
        marks = {number: wire.SourceMark(0, 0, now_ms) for number in range(4)}
        meta = msgspec.json.encode(wire.RollupsMeta(Plan().fingerprint, sources=marks))
        topic = Topics(self.settings.space.space).floor_changelog(2)
        value = wire.stamped(0, 0, meta)
        self.sender.send([Outgoing(topic, number, wire.META, value) for number in range(4)])

    def rows(self, database: str | None = None) -> dict[Key, Counts]:
        """What counts: key to handle_ms and submitted, of rows with anything in them."""
        database = database or self.rebuild.database
        keys = ", ".join(("grouping", *NAMES))
        rows = self.client.query(
            f"SELECT {keys}, toUnixTimestamp(pane_start), pane_s, handle_ms, submitted, "
            f"mapValues(handle_hist) FROM {database}.rollups FINAL "
            "WHERE submitted != 0 OR handle_ms != 0"
        ).result_rows
        return {tuple(row[:12]): (row[12], row[13], sum(row[14])) for row in rows}


def _old(row: RollupRow) -> RollupRow:
    tally = dict(row.tally)
    if n := tally.get(key_of("handle_ms")):
        tally[key_of("handle_ms")] = 2 * n
    return msgspec.structs.replace(row, revision=OLD_REVISION, tally=tally)


def fill(space: Space, found: Found) -> None:
    """Store the rows of the old definition, a row that only it has, and the items."""
    sink = ClickHouseSink(space.settings.connections.clickhouse, space.rebuild.database)
    ghost = RollupRow("all", {}, DAY_1_MS, 900, OLD_REVISION, {key_of("submitted"): 5})
    assert sink.write("rollups", [*map(_old, found.rollups.values()), ghost]) == []
    assert sink.write("items", list(found.items.values())) == []
    sink.close()


def wanted_rows(found: Found) -> dict[Key, Counts]:
    """The same rows as the core says: the new definition in the range, the old one behind it."""
    wanted: dict[Key, Counts] = {}
    for row in found.rollups.values():
        new = row.pane_start_ms < DAY_1_MS + 2 * DAY_MS
        tally = (row if new else _old(row)).tally
        key = (
            row.grouping,
            *(row.dims.get(name, "") for name in NAMES),
            row.pane_start_ms // 1000,
            row.pane_s,
        )
        hist = sum(histogram(tally, "handle_hist").values())
        value = (tally.get(key_of("handle_ms"), 0), tally.get(key_of("submitted"), 0), hist)
        if value[:2] != (0, 0):
            wanted[key] = value
    return wanted
