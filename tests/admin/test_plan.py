"""State of other groupings: refused before work starts, and not tried again and again."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from schemas.topics import Topics
from streams import doctor
from streams.admin import Kafka
from streams.core import wire
from streams.floor_files import read_groupings, read_plan
from streams.refusals import SettingsRefused
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from streams.standing import last_metas
from tests.admin.seeing import bad, seen

ROOT = Path(__file__).resolve().parents[2]
#: Starting a command takes seconds on a busy machine; trying again for ever takes longer.
END_S_MAX = 120
REFUSED = 2


def fewer(floor: Settings) -> str:
    """The fingerprint of a plan that knew one grouping less."""
    ours = read_plan(floor.floor).fingerprint
    last = read_groupings()[-1]
    return ours.removesuffix(f";{last.name}={','.join(last.dimensions)}")


def flushed(floor: Settings, topics: Topics, plan: str, others_behind: int = 0) -> None:
    """One flush of partition 1 under a plan, and so many other records after it."""
    log = topics.floor_changelog(1)
    meta = wire.Meta(plan, consumed=3, applied=3)
    record = Outgoing(log, 1, wire.META, wire.stamped(0, 0, msgspec.json.encode(meta)))
    claims = [Outgoing(log, 1, b"c/%d" % number, b"owner") for number in range(others_behind)]
    with Sender(floor.connections.kafka, floor.connections.timeout_s) as sender:
        sender.send([record, *claims])


def test_a_grouping_that_the_state_does_not_know_is_named_with_what_to_do(
    floor: Settings, topics: Topics
) -> None:
    flushed(floor, topics, fewer(floor))
    (found,) = seen(floor, "plan")
    assert found.says.endswith("it has no more, configured is label=org,source,project,label")
    assert "deploy/dimensions.yaml" in (found.remedy or "")
    with pytest.raises(SettingsRefused, match="under another plan"):
        doctor.preflight(floor, "floor")
    doctor.preflight(floor, "deliver-redis")


def test_state_of_the_same_groupings_is_read_on(floor: Settings, topics: Topics) -> None:
    flushed(floor, topics, read_plan(floor.floor).fingerprint)
    doctor.preflight(floor, "floor")
    assert [each for each in bad(doctor.examine(floor)) if each.check == "plan"] == []


def test_the_plan_is_found_however_much_was_written_behind_it(
    floor: Settings, topics: Topics, kafka: Kafka
) -> None:
    flushed(floor, topics, "old", others_behind=700)
    assert [meta.plan for meta in last_metas(kafka, topics.floor_changelog(1), 4)] == ["old"]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_worker_ends_with_the_reason_and_nobody_starts_it_again(
    floor: Settings, topics: Topics, processes: int
) -> None:
    flushed(floor, topics, fewer(floor))
    command = [sys.executable, "-m", "streams.main", "--space", floor.space.space]
    done = subprocess.run(
        [*command, "worker", "--processes", str(processes)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=END_S_MAX,
        check=False,
    )
    assert done.returncode == REFUSED, done.stderr
    assert "under another plan" in done.stderr
    assert "remedy: bring back what it had" in done.stderr
    assert done.stderr.count("under another plan") <= processes
    assert "Traceback" not in done.stderr
