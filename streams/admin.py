"""Administration of Kafka: make topics as declared, compare, describe, drop.

``Kafka`` is a connection, blocking, for commands and checks; what a worker does all day goes
through ``streams.transport``. Records are read and sent by ``streams.records``.
"""

import contextlib
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec
from kafka.errors import (
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from sinks.clients import kafka_python_login
from streams import kafka_probe
from streams.broker_refusals import FORBIDDEN, NAMED_MAX, no_broker, not_allowed
from streams.refusals import Refusal

Place = tuple[str, int]
_POLL_S = 0.05


class Wanted(Protocol):
    """A topic as ``schemas.topics`` declares it."""

    @property
    def name(self) -> str: ...

    @property
    def partitions(self) -> int: ...

    @property
    def config(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster has it. ``leaderless`` are partitions that nobody serves."""

    name: str
    topic_id: str
    partitions: int
    replicas: int
    in_sync_least: int
    leaderless: tuple[int, ...]
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """The offsets that a partition holds: from ``start`` up to before ``end``."""

    start: int
    end: int


@contextlib.contextmanager
def quiet_client() -> Iterator[None]:
    """Keep kafka-python from logging what is told as a Refusal."""
    log = logging.getLogger("kafka")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def min_in_sync(replicas: int) -> int:
    """How many replicas must have a record before it counts as written."""
    return 2 if replicas >= 3 else 1


class Kafka:
    """A connection to the cluster; use it in a ``with``, which makes a Refusal of what fails.

    ``client`` is kafka-python's, for ``streams.groups`` and ``streams.brokers``.
    """

    def __init__(self, servers: str, timeout_s: float) -> None:
        """Connect; Refusal when no broker answers within ``timeout_s``."""
        self.servers = servers
        self._timeout_s = timeout_s
        timeout_ms = int(timeout_s * 1000)
        # A client that never gets through leaves sockets and a thread of its own behind.
        kafka_probe.refuse_unreachable(servers, timeout_s)
        try:
            with quiet_client():
                self.client = KafkaAdminClient(
                    bootstrap_servers=servers.split(","),
                    bootstrap_timeout_ms=timeout_ms,
                    request_timeout_ms=timeout_ms,
                    **kafka_python_login(servers),
                )
        except (KafkaError, OSError) as error:
            raise no_broker(servers) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if isinstance(error, FORBIDDEN):
            raise not_allowed(self.servers, error) from error
        if isinstance(error, KafkaError):
            raise Refusal(
                f"the brokers at {self.servers} gave up: {error}",
                "look at the brokers' logs and this client's rights, then try again",
            ) from error

    def close(self) -> None:
        """End the connection."""
        self.client.close()

    def topic_names(self) -> list[str]:
        """The names of all topics."""
        return sorted(self.client.list_topics())

    def topics(self, names: Collection[str]) -> dict[str, Topic]:
        """Those of ``names`` that exist."""
        described = self.client.describe_topics(list(names)) if names else []
        hidden = [each["name"] for each in described if each["error_code"] == FORBIDDEN[0].errno]
        if hidden:
            raise not_allowed(self.servers, f"DESCRIBE on {', '.join(hidden[:NAMED_MAX])}")
        present = [each for each in described if each["error_code"] == 0]
        configs = self._configs([each["name"] for each in present])
        return {each["name"]: _topic(each, configs.get(each["name"], {})) for each in present}

    def _configs(self, names: Collection[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        found = self.client.describe_configs(resources, config_filter="all")["topic"]
        return {
            name: {key: str(entry["value"]) for key, entry in entries.items()}
            for name, entries in found.items()
        }

    def create_topics(self, wanted: Iterable[Wanted], replicas: int) -> list[str]:
        """Make the topics that are missing, and wait until they have leaders; their names.

        Topics that exist are left alone: see ``set_config`` and ``streams.topic_checks``.
        """
        missing = {each.name: each for each in wanted}
        for name in self.topics(list(missing)):
            del missing[name]
        if not missing:
            return []
        shapes = {
            name: {
                "num_partitions": each.partitions,
                "replication_factor": replicas,
                "configs": {**each.config, "min.insync.replicas": str(min_in_sync(replicas))},
            }
            for name, each in missing.items()
        }
        for answer in self.client.create_topics(shapes, raise_errors=False)["topics"]:
            # Somebody who set up at the same time made the same topic.
            if answer["error_code"] in [each.errno for each in FORBIDDEN]:
                raise not_allowed(self.servers, f"CREATE on {answer['name']}")
            if answer["error_code"] not in (0, TopicAlreadyExistsError.errno):
                raise Refusal(
                    f"topic {answer['name']} was not made: {answer['error_message']}",
                    "ask for no more replicas (WATCHFLOOR_REPLICATION_FACTOR) than brokers run",
                )
        self.client.wait_for_topics(list(missing))
        return sorted(missing)

    def set_config(self, topic: str, config: Mapping[str, str]) -> None:
        """Change these settings of a topic and leave its others."""
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(config))
        self.client.alter_configs([resource], incremental=True)

    def delete_topics(self, names: Collection[str]) -> None:
        """Delete topics with all they hold, and wait until they are gone; a missing one is fine.

        Without the wait, whoever makes them anew would still find the old ones.
        """
        if not names:
            return
        answers = self.client.delete_topics(list(names), raise_errors=False)["topics"]
        for answer in answers:
            if answer["error_code"] not in (0, UnknownTopicOrPartitionError.errno):
                raise Refusal(
                    f"topic {answer['name']} was not deleted: "
                    f"{for_code(answer['error_code']).__name__}",
                    "the brokers' delete.topic.enable and the rights of this client decide",
                )
        until_s = time.monotonic() + self._timeout_s
        while self.topics(names):
            if time.monotonic() > until_s:
                raise Refusal("the topics are not gone yet", "wait, then look again")
            time.sleep(_POLL_S)

    def spans(self, places: Collection[Place]) -> dict[Place, Span]:
        """Where the given partitions begin and end now."""
        keys = [TopicPartition(*place) for place in places]
        starts = self.client.list_partition_offsets(dict.fromkeys(keys, OffsetSpec.EARLIEST))
        ends = self.client.list_partition_offsets(dict.fromkeys(keys, OffsetSpec.LATEST))
        return {tuple(key): Span(starts[key].offset, ends[key].offset) for key in keys}


def _topic(described: Mapping[str, Any], config: Mapping[str, str]) -> Topic:
    partitions = described["partitions"]
    return Topic(
        name=described["name"],
        topic_id=str(described["topic_id"]),
        partitions=len(partitions),
        replicas=min((len(each["replica_nodes"]) for each in partitions), default=0),
        in_sync_least=min((len(each["isr_nodes"]) for each in partitions), default=0),
        leaderless=tuple(each["partition_index"] for each in partitions if each["leader_id"] < 0),
        config=config,
    )
