"""The local stack on its real parts: start, health, crashes, strangers, full disks."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from deploy.local import ports, processes, starting
from deploy.local import stack as stack_module
from deploy.local.endpoints import Endpoints
from deploy.local.errors import StackError
from deploy.local.places import PARTS
from deploy.local.processes import ProcessRecord
from deploy.local.stack import Stack

TOPIC = "kept"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole stack, started while somebody else holds the usual ports."""
    with ExitStack() as held:
        for port in ports.USUAL.values():
            if ports.is_free(port):
                stranger = held.enter_context(socket.socket())
                stranger.bind((ports.HOST, port))
                stranger.listen()
        stack = Stack(tmp_path_factory.mktemp("stack"))
        try:
            stack.up()
            yield stack
        finally:
            stack.down()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Stack]:
    """Another stack, of Valkey only."""
    stack = Stack(tmp_path)
    yield stack
    stack.down()


def sql(endpoints: Endpoints, text: str) -> str:
    assert endpoints.clickhouse is not None
    with urllib.request.urlopen(endpoints.clickhouse, data=text.encode(), timeout=30) as answer:
        return str(answer.read().decode().strip())


def told(stack: Stack) -> Endpoints:
    return Endpoints(**json.loads(stack.places.endpoints.read_text()))


def valkey(endpoints: Endpoints) -> redis.Redis:
    assert endpoints.redis is not None
    return redis.Redis.from_url(endpoints.redis, decode_responses=True)


def states(stack: Stack) -> list[str]:
    return [part.state for part in stack.status()]


def process_of(stack: Stack) -> ProcessRecord:
    record = processes.read_record(stack.places.record("redis"))
    assert record is not None
    return record


def until_recorded(stack: Stack) -> None:
    """Wait for the record that a started process writes by itself."""
    for _ in range(500):
        if processes.read_record(stack.places.record("redis")):
            return
        time.sleep(0.01)


def test_up_tells_where_every_part_answers_past_ports_that_are_taken(stack: Stack) -> None:
    endpoints = told(stack)
    assert states(stack) == ["up", "up", "up"]
    chosen = ports.read_last(stack.places.ports)
    assert not {*chosen.values()} & {*ports.USUAL.values()}
    assert endpoints == Endpoints.of(chosen, PARTS)
    assert valkey(endpoints).ping()


def test_up_again_changes_nothing(stack: Stack) -> None:
    before = [part.pid for part in stack.status()]
    assert stack.up() == told(stack)
    assert [part.pid for part in stack.status()] == before


def test_parts_that_were_killed_come_back_with_their_data(stack: Stack) -> None:
    endpoints = told(stack)
    admin = KafkaAdminClient(bootstrap_servers=endpoints.kafka)
    admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=endpoints.kafka, acks="all")
    for number in range(100):
        producer.send(TOPIC, str(number).encode())
    producer.flush()
    producer.close()
    sql(endpoints, "CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
    sql(endpoints, "INSERT INTO kept SELECT number FROM numbers(1000)")
    valkey(endpoints).set("kept", "yes")

    for part in PARTS:
        stack.kill(part)
    assert states(stack) == ["crashed", "crashed", "crashed"]
    assert stack.up() == endpoints

    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=endpoints.kafka,
        auto_offset_reset="earliest",
        consumer_timeout_ms=2000,
    )
    assert [int(message.value) for message in consumer] == [*range(100)]
    consumer.close()
    assert sql(endpoints, "SELECT count() FROM kept") == "1000"
    assert valkey(endpoints).get("kept") == "yes"


def test_topics_are_never_made_by_accident(stack: Stack) -> None:
    admin = KafkaAdminClient(bootstrap_servers=told(stack).kafka)
    try:
        admin.describe_topics(["misspelt"])
        assert "misspelt" not in admin.list_topics()
    finally:
        admin.close()


def test_two_stacks_live_side_by_side_and_down_stops_only_its_own(
    stack: Stack, small: Stack
) -> None:
    mine = small.up(("redis",))
    assert mine.redis != told(stack).redis
    assert small.down() == ["redis"]
    assert states(small) == ["down", "down", "down"]
    assert not small.places.endpoints.exists()
    assert states(stack) == ["up", "up", "up"]


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(stack: Stack, tmp_path: Path) -> None:
    taken = ports.read_last(stack.places.ports)["redis"]
    second = Stack(tmp_path, {"redis": taken})
    with pytest.raises(StackError, match=f"port {taken}.*taken") as raised:
        second.up(("redis",))
    assert "ss -ltnp" in raised.value.remedy
    assert states(second) == ["down", "down", "down"]


def test_a_port_taken_between_its_choice_and_the_start_is_chosen_anew(
    small: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as stranger:
        stranger.bind((ports.HOST, 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        small.places.make()
        small.places.ports.write_text(json.dumps({"redis": taken}))
        looks = iter([True])
        really_free = ports.is_free
        monkeypatch.setattr(
            ports,
            "is_free",
            lambda port: next(looks, False) if port == taken else really_free(port),
        )
        small.up(("redis",))
    assert states(small)[2] == "up"
    assert ports.read_last(small.places.ports)["redis"] != taken


def test_a_record_of_a_process_id_used_again_stops_nobody(small: Stack) -> None:
    small.places.make()
    stranger = ProcessRecord(os.getpid(), "boot of last week:1")
    record = {"pid": stranger.pid, "began": stranger.began}
    small.places.record("redis").write_text(json.dumps(record))
    assert states(small)[2] == "crashed"
    assert small.down() == []
    small.up(("redis",))
    assert process_of(small).pid != os.getpid()


def test_a_record_cut_short_by_a_crash_is_no_obstacle(small: Stack) -> None:
    small.places.make()
    small.places.record("redis").write_text('{"pid": 12')
    small.up(("redis",))
    assert states(small)[2] == "up"


def test_down_stops_what_a_killed_up_had_started(small: Stack) -> None:
    program = (
        "import os; from pathlib import Path; from deploy.local import starting;"
        "from deploy.local.stack import Stack;"
        "starting.await_answer = lambda service, process, places:"
        " (starting.valkey.answers, os.kill(os.getpid(), 9));"
        f"Stack(Path({str(small.places.root)!r})).up(('redis',))"
    )
    root = str(Path(starting.__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    until_recorded(small)
    orphan = process_of(small)
    assert orphan.alive()
    assert small.down() == ["redis"]
    assert not orphan.alive()


def test_a_data_directory_in_use_is_not_opened_twice(small: Stack) -> None:
    small.up(("redis",))
    first = process_of(small)
    record = small.places.record("redis").read_text()
    small.places.record("redis").unlink()
    with pytest.raises(StackError, match="opened by another process"):
        small.up(("redis",))
    assert first.alive()
    small.places.record("redis").write_text(record)


def test_a_full_disk_is_said_before_anything_is_written(
    small: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_module, "FREE_BYTES_MIN", 10**18)
    with pytest.raises(StackError, match="MB free") as raised:
        small.up(("redis",))
    assert "WATCHFLOOR_LOCAL_DIR" in raised.value.remedy
    assert not small.places.home.exists()
