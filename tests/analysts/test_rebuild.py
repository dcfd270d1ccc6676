"""``watchfloor rebuild``: new rows beside old ones, the switch, and what is refused.

Killed and run again, the rows are those of the new definition and no others.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks import rebuilds
from sinks.clickhouse import ClickHouseSink
from sinks.rebuilds import Rebuild
from streams.core.engine import Found
from streams.core.plan import DAY_MS
from streams.sender import Sender
from streams.spaces import Names
from tests.admin.conftest import Ran, Run
from tests.analysts.conftest import a_space
from tests.analysts.old_rows import (
    CLOSED_AFTER_MS,
    DAY_1_MS,
    OLD_REVISION,
    Counts,
    Key,
    Space,
    fill,
    findings,
    publish,
    wanted_rows,
    write_log,
)

RANGE = ("--from", "2026-03-02", "--to", "2026-03-04")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a floor."""
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_log(path)
    return path


@pytest.fixture(scope="module")
def found(log: Path) -> Found:
    """What the floor says of the log."""
    return findings(log)


@pytest.fixture(scope="module")
def filled(
    parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory, found: Found
) -> Iterator[Space]:
    """A space with rows of the old definition, for all tests: only the last changes them."""
    with a_space(parts, tmp_path_factory.mktemp("space"), None) as made:
        database = Names(made.name).database
        rebuild = Rebuild(database, DAY_1_MS // 1000, (DAY_1_MS + 2 * DAY_MS) // 1000)
        with Sender(made.settings.connections.kafka, 10) as sender:
            space = Space(made.settings, made.client, sender, rebuild)
            fill(space, found)
            yield space
        made.client.command(f"DROP DATABASE IF EXISTS {rebuild.side}")


@pytest.fixture
def old(filled: Space) -> Space:
    """The same, with all of the range closed."""
    filled.time_is(DAY_1_MS + 3 * DAY_MS + CLOSED_AFTER_MS)
    return filled


def _rebuild(run: Run, *more: str) -> Ran:
    return run("rebuild", *RANGE, *more)


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


def test_the_source_topics_give_the_same_rows_as_files(
    run: Run, old: Space, log: Path, found: Found
) -> None:
    asyncio.run(publish(old.settings, log))
    ran = _rebuild(run)
    assert ran.code == 0, ran.err
    assert "dead=0" in ran.out
    wanted = {
        key: counts
        for key, counts in wanted_rows(found).items()
        if int(str(key[-2])) < old.rebuild.to_s
    }
    assert old.rows(old.rebuild.side) == wanted


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
    # Old and new stand side by side, each asked through its own views.
    assert "handle_time_mean" in ran.out
    _killed(_DIES_SWITCHING, "--switch")
    halfway = old.rows()
    assert halfway not in (before, wanted_rows(found))
    assert "go on with --switch" in _rebuild(run, str(log)).err
    assert "go on with --switch" in _rebuild(run, "--drop").err
    ran = _rebuild(run, "--switch")
    assert ran.code == 0, ran.err
    assert old.rows() == wanted_rows(found)
    assert "switched already" in _rebuild(run, "--switch").out
    _again_while_the_floor_goes_on(run, old, log, wanted_rows(found))


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
