"""``watchfloor rebuild``: new rows beside old ones, the switch, and what is refused.

Old rows are a floor's rows under "another definition" (handle times doubled) with a row that the
new ones lack; killed and run again, the rows are those of the new definition and no others.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import orjson
import pytest
from clickhouse_connect.driver.client import Client

from schemas.codec import Decoder, DecoderSettings
from schemas.measures import key_of
from schemas.rows import RollupRow
from schemas.topics import Topics
from sinks import rebuilds
from sinks.clickhouse import ClickHouseSink, connect
from sinks.rebuilds import Rebuild
from streams import setup
from streams.core import wire
from streams.core.engine import Engine, Found
from streams.core.plan import DAY_MS, HOUR_MS, MINUTE_MS, Plan
from streams.floor_files import read_calendar
from streams.replay import open_log, replay_offline
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.sources.reading import ReadOptions
from streams.spaces import Names
from tests.admin.conftest import Ran, Run

#: 2026-03-02T00:00:00Z and the next two days; the range is the first two.
DAY_1_MS = 1_772_409_600_000
RANGE = ("--from", "2026-03-02", "--to", "2026-03-04")
CLOSED_AFTER_MS = 99 * DAY_MS
OLD_REVISION = 7 << 24
NAMES = ("org", "source", "project", "queue", "team", "site", "annotator", "reviewer", "label")

Key = tuple[object, ...]
Counts = tuple[int, int, int]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes of a floor on each of three days."""
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    config = FloorConfig().for_rate(2.0)
    with path.open("wb") as file:
        for day in range(3):
            start_ms = DAY_1_MS + day * DAY_MS + 9 * HOUR_MS
            for event in Floor(7, config).events(start_ms, start_ms + 5 * MINUTE_MS):
                file.write(orjson.dumps(event) + b"\n")
    return path


@pytest.fixture(scope="module")
def found(log: Path) -> Found:
    """What the floor says of the log."""
    read = open_log([log], None, ReadOptions(None, None), lambda _: None)
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

    def rows(self) -> dict[Key, Counts]:
        """What counts: key to handle_ms and submitted, of rows with anything in them."""
        keys = ", ".join(("grouping", *NAMES))
        rows = self.client.query(
            f"SELECT {keys}, toUnixTimestamp(pane_start), pane_s, handle_ms, submitted, "
            f"mapValues(handle_hist) FROM {self.rebuild.database}.rollups FINAL "
            "WHERE submitted != 0 OR handle_ms != 0"
        ).result_rows
        return {tuple(row[:12]): (row[12], row[13], sum(row[14])) for row in rows}


def _old(row: RollupRow) -> RollupRow:
    tally = dict(row.tally)
    if n := tally.get(key_of("handle_ms")):
        tally[key_of("handle_ms")] = 2 * n
    return msgspec.structs.replace(row, revision=OLD_REVISION, tally=tally)


@pytest.fixture
def old(floor: Settings, connected: pytest.MonkeyPatch, found: Found) -> Iterator[Space]:
    """The space, with a row that the new definition has not, and closed past."""
    connected.setenv("WATCHFLOOR_SPACE", floor.space.space)
    connected.delenv("WATCHFLOOR_PEOPLE_KEY")
    connected.setenv("WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS", "true")
    database = Names(floor.space.space).database
    setup.migrate(floor.connections, database)
    sink = ClickHouseSink(floor.connections.clickhouse, database)
    ghost = RollupRow("all", {}, DAY_1_MS, 900, OLD_REVISION, {key_of("submitted"): 5})
    assert sink.write("rollups", [*map(_old, found.rollups.values()), ghost]) == []
    assert sink.write("items", list(found.items.values())) == []
    sink.close()
    client = connect(floor.connections.clickhouse)
    rebuild = Rebuild(database, DAY_1_MS // 1000, (DAY_1_MS + 2 * DAY_MS) // 1000)
    with Sender(floor.connections.kafka, 10) as sender:
        space = Space(floor, client, sender, rebuild)
        space.time_is(DAY_1_MS + 3 * DAY_MS + CLOSED_AFTER_MS)
        yield space
    client.command(f"DROP DATABASE IF EXISTS {rebuild.side}")
    client.close()


def _rebuild(run: Run, *more: str) -> Ran:
    return run("rebuild", *RANGE, *more)


def _wanted(found: Found) -> dict[Key, Counts]:
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
        hist = sum(n for key, n in tally.items() if key >> 12 == key_of("handle_hist") >> 12)
        value = (tally.get(key_of("handle_ms"), 0), tally.get(key_of("submitted"), 0), hist)
        if value[:2] != (0, 0):
            wanted[key] = value
    return wanted


def _killed(code: str, *arguments: str) -> None:
    """Run the command in a process of its own that kills itself where ``code`` says."""
    call = f"{code}\nfrom streams.cli import main\nmain({['rebuild', *RANGE, *arguments]!r})"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()


_DIES_COMPUTING = """
import os
from streams.rebuilding import Store
take = Store.take
def dying(self, found):
    take(self, found)
    os.kill(os.getpid(), 9)
Store.take = dying
"""
_DIES_SWITCHING = """
import os
from sinks import rebuilds
whole = rebuilds.switch
def dying(*given):
    for end in whole(*given):
        os.kill(os.getpid(), 9)
        yield end
rebuilds.switch = dying
"""


def test_killed_and_run_again_the_rows_are_the_new_ones_and_no_others(
    run: Run, old: Space, log: Path, found: Found
) -> None:
    before = old.rows()
    _killed(_DIES_COMPUTING, str(log))
    assert "compute them anew" in _rebuild(run, "--switch").err
    ran = _rebuild(run, str(log))
    assert ran.code == 0, ran.err
    assert "handle_ms" in ran.out
    assert "submitted" in ran.out
    assert old.rows() == before
    # Old and new stand side by side, each under its own views.
    mean = "SELECT value FROM {}.metric_values(grouping='all', from={}, to={}, step_s=0) WHERE "
    question = mean + "metric = 'handle_time_mean'"
    span = old.rebuild.from_s, old.rebuild.to_s
    values = [
        old.client.query(question.format(database, *span)).result_rows
        for database in (old.rebuild.database, old.rebuild.side)
    ]
    assert values[0] != values[1]
    _killed(_DIES_SWITCHING, "--switch")
    halfway = old.rows()
    assert halfway not in (before, _wanted(found))
    assert "go on with --switch" in _rebuild(run, str(log)).err
    assert "go on with --switch" in _rebuild(run, "--drop").err
    ran = _rebuild(run, "--switch")
    assert ran.code == 0, ran.err
    assert old.rows() == _wanted(found)
    assert "switched already" in _rebuild(run, "--switch").out
    _again_while_the_floor_goes_on(run, old, log, _wanted(found))


def _again_while_the_floor_goes_on(
    run: Run, old: Space, log: Path, wanted: dict[Key, Counts]
) -> None:
    """A range that was rebuilt can be rebuilt, and what is told of the time behind it stays."""
    assert rebuilds.next_revision(old.client, old.rebuild) == OLD_REVISION + 2
    counted = {key_of("submitted"): 3}
    behind_ms = DAY_1_MS + 2 * DAY_MS
    live = RollupRow("all", {}, behind_ms, 900, OLD_REVISION + 9, counted)
    sink = ClickHouseSink(old.settings.connections.clickhouse, old.rebuild.database)
    sink.write("rollups", [live])
    assert "0 of" in _rebuild(run, str(log)).out
    assert _rebuild(run, "--switch").code == 0
    place = ("all", *[""] * 9, behind_ms // 1000, 900)
    assert old.rows() == {**wanted, place: (0, 3, 0)}
    # A row that is told anew against all rules is noticed and not hidden.
    assert rebuilds.restated_since(old.client, old.rebuild, OLD_REVISION + 2) == 0
    sink.write("rollups", [msgspec.structs.replace(live, pane_start_ms=DAY_1_MS)])
    sink.close()
    assert rebuilds.restated_since(old.client, old.rebuild, OLD_REVISION + 2) == 1


def test_an_open_range_is_refused_with_the_time_up_to_which_it_is_closed(
    run: Run, old: Space, log: Path
) -> None:
    old.time_is(DAY_1_MS + DAY_MS + CLOSED_AFTER_MS)
    before = old.rows()
    ran = _rebuild(run, str(log))
    assert ran.code == 2
    assert "--to 2026-03-04T00:00Z: the range is open" in ran.err
    assert "up to 2026-03-03T00:00Z" in ran.err
    assert rebuilds.read(old.client, old.rebuild) is None
    assert _rebuild(run, "--preview", str(log)).code == 0
    ran = _rebuild(run, "--switch")
    assert (ran.code, old.rows()) == (1, before)
    assert "previewed" in ran.err
    assert _rebuild(run, "--drop").code == 0
    assert _rebuild(run, "--compare").code == 1
    for arguments, words in (
        (("--from", "2026-03-04", "--to", "2026-03-02"), "turn them round"),
        (("--from", "2026-03-02T00:07", "--to", "2026-03-04"), "whole quarters"),
        ((*RANGE, "--switch", str(log)), "leave them out"),
    ):
        ran = run("rebuild", *arguments)
        assert ran.code == 2
        assert words in ran.err


def test_files_that_lack_events_of_the_range_cannot_be_switched(
    run: Run, old: Space, log: Path, tmp_path: Path
) -> None:
    part = tmp_path / "part.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    part.write_bytes(b"".join(lines[: len(lines) // 2]))
    before = old.rows()
    ran = _rebuild(run, str(part))
    assert "have events that did not go in" in ran.out
    ran = _rebuild(run, "--switch")
    assert ran.code == 1
    assert "compute it anew from all files" in ran.err
    assert old.rows() == before
