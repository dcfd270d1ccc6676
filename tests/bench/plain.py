"""The plain task, side by side: everybody reads the same events from the same topic."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kafka.admin import KafkaAdminClient, NewTopic

from schemas.topics import Role, Topics
from tests.bench import environments, task
from tests.bench.environments import Unavailable, say
from tests.bench.findings import Line, Plain
from tests.bench.ground import Ground, send
from tests.bench.rates import LEAD_IN_JVM, READ_SHARE, Rate

Command = Callable[[], list[str]]


@dataclass(frozen=True, slots=True)
class System:
    """One system; ``share`` is the part of the events that it gets, for the slow ones are slow."""

    name: str
    what: str
    share: float
    command: Callable[[Ground, str, int], list[str]]


def _python(name: str, module: str, ground: Ground, topic: str, total: int) -> list[str]:
    python = environments.python_of(name, ground.home) if name else Path(sys.executable)
    return [str(python), "-m", f"tests.bench.peers.{module}", ground.kafka, topic, str(total)]


def _streams(cache_bytes: int, ground: Ground, topic: str, total: int) -> list[str]:
    command = environments.streams_command(ground.home)
    lead_in = int(total * LEAD_IN_JVM)
    return [*command, ground.kafka, topic, str(total), str(lead_in), str(cache_bytes)]


def _ours(kind: str, ground: Ground, topic: str, total: int) -> list[str]:
    changelog = f"{ground.new_name()}-changelog"
    if kind != "empty":
        config = {"cleanup.policy": "compact", "max.message.bytes": str(16 * 1024 * 1024)}
        _create(ground.kafka, changelog, config)
    module = "tests.bench.peers.ours"
    return [sys.executable, "-m", module, kind, ground.kafka, str(total), topic] + [changelog] * (
        kind != "empty"
    )


SYSTEMS = (
    System(
        "textbook Faust", "agent and windowed table", 0.03, partial(_python, "", "faust_windows")
    ),
    System(
        "quixstreams", "tumbling window, RocksDB, changelog", 0.3,
        partial(_python, "quixstreams", "quix_windows"),
    ),
    System(
        "bytewax", "fold window, in memory, nothing durable", 0.5,
        partial(_python, "bytewax", "bytewax_windows"),
    ),
    System("Kafka Streams, no cache", "in memory, changelog", 1.0, partial(_streams, 0)),
    System(
        "Kafka Streams, 10 MB cache", "in memory, changelog", 1.0,
        partial(_streams, 10 * 1024 * 1024),
    ),
    System("ours", "batched transport, msgspec, LogTable", 1.0, partial(_ours, "plain")),
    System("ours, validated", "the same, pydantic", 1.0, partial(_ours, "validated")),
    System("ours, empty body", "batched transport alone", 1.0, partial(_ours, "empty")),
)  # fmt: skip


def _create(kafka: str, topic: str, config: dict[str, str]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        admin.create_topics([NewTopic(topic, task.PARTITIONS, 1, topic_configs=config)])
    finally:
        admin.close()


def run(ground: Ground, events: int) -> Plain:
    """Fill a topic, and let one system after the other read it."""
    topics = Topics(ground.new_name())
    _create(ground.kafka, topics.annotations, {})
    say(f"plain task: sending {events:,} events")
    log = task.events(events, int(time.time() * 1000))
    records = ((Role.ANNOTATIONS, key, value, at_ms) for key, value, at_ms in log)
    send(ground.kafka, topics, task.PARTITIONS, records)
    return Plain(lines=[_line(ground, each, topics.annotations, events) for each in SYSTEMS])


def _line(ground: Ground, system: System, topic: str, events: int) -> Line:
    total = min(max(2_000, int(events * system.share)), int(events * READ_SHARE))
    try:
        command = system.command(ground, topic, total)
        say(f"plain task: {system.name}, {total:,} events")
        rate: Rate = ground.read("plain", command)
    except Unavailable as error:
        say(f"plain task: {system.name} skipped: {error}")
        return Line(system.name, system.what, skipped=str(error))
    say(f"plain task: {system.name}: {rate.per_s:,.0f} events/s")
    return Line(system.name, system.what, rate.per_s, rate.per_cpu_s, rate.events)
