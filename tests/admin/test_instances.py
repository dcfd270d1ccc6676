"""Two processes with one instance name: kept apart on one machine, told of over several."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from schemas.topics import Topics
from streams import groups, instances
from streams.admin import Kafka
from streams.groups import Group
from streams.kafka_checks import judge_instances
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Names
from tests.admin.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
HOLD = (
    "import sys; from streams.instances import hold; f = hold(*sys.argv[1:]); print(1, flush=True)"
)


@contextlib.contextmanager
def another_process(*names: str) -> Iterator[subprocess.Popen[str]]:
    """Holds a name until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{HOLD}; sys.stdin.read()", *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    with process:
        try:
            assert process.stdout.readline() == "1\n"
            yield process
        finally:
            process.kill()


def test_a_worker_whose_name_is_taken_says_so_and_ends(floor: Settings, run: Run) -> None:
    group = Names(floor.space.space).group("floor")
    with another_process(floor.connections.kafka, group, "one") as other:
        ended = run("--space", floor.space.space, "worker", "--instance", "one")
        assert ended.code == 1
        assert f"process {other.pid} is one of {group} already" in ended.err
        assert "WATCHFLOOR_INSTANCE" in ended.err


def test_a_killed_process_leaves_its_name_free() -> None:
    names = ("127.0.0.1:1", "g", f"one-{os.getpid()}")
    with another_process(*names) as other:
        with pytest.raises(Refusal, match="already"):
            instances.hold(*names)
        other.kill()
        other.wait()
        instances.hold(*names).close()


def test_other_names_groups_and_clusters_do_not_meet() -> None:
    mine = f"one-{os.getpid()}"
    with ExitStack() as held:
        for names in (
            ("k", "g", mine),
            ("k", "g", f"{mine}-2"),
            ("k", "h", mine),
            ("l", "g", mine),
        ):
            held.enter_context(instances.hold(*names))


def test_a_name_that_goes_to_another_process_is_seen_in_the_group(
    floor: Settings, topics: Topics, kafka: Kafka
) -> None:
    group = Names(floor.space.space).group("floor")

    def consumer(instance: str) -> AIOKafkaConsumer:
        servers = floor.connections.kafka
        return AIOKafkaConsumer(
            topics.ticks, bootstrap_servers=servers, group_id=group, group_instance_id=instance
        )

    async def look() -> list[Group]:
        return await asyncio.to_thread(groups.find, kafka, [group])

    async def fight() -> list[list[Group]]:
        first, second = consumer("one"), consumer("one")
        looks = []
        try:
            await first.start()
            looks += [await look(), await look()]
            await second.start()
            looks.append(await look())
        finally:
            await first.stop()
            await second.stop()
        return looks

    before, still, after = asyncio.run(fight())
    assert [*before[0].instances] == ["one"]
    assert judge_instances(before, still) == []
    (found,) = judge_instances(before, after)
    assert f"one of {group} went from" in found.says
    assert "WATCHFLOOR_INSTANCE" in (found.remedy or "")
