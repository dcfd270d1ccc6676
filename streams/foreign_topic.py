"""A topic of another tool, and the topic in which its mapping keeps what it remembers."""

from dataclasses import dataclass

from schemas.topics import TopicSpec
from streams.admin import Kafka
from streams.mapped_records import Destination
from streams.refusals import Refusal
from streams.sources.mapping import Mapping
from streams.spaces import MEMORY_PREFIX, Names

_REMEMBERED_MS = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Source:
    """The topic that is read, by which mapping, and until when."""

    servers: str
    topic: str
    mapping: Mapping
    to: Destination
    from_start: bool
    once: bool

    @property
    def group(self) -> str:
        """The consumer group; another mapping of the same topic has its own."""
        return Names(self.to.topics.space_name).group(f"map-{self.mapping.id}")

    @property
    def memory_topic(self) -> str:
        """Where it is kept what the mapping remembers."""
        return f"{self.to.topics.prefix}{MEMORY_PREFIX}{self.mapping.id}.{self.topic}"


def prepare(kafka: Kafka, source: Source, replicas: int) -> None:
    """Make the memory's topic; raises Refusal for a topic that can't be read."""
    if source.to.topics.role(source.topic) is not None:
        raise Refusal(f"{source.topic} is Watchfloor's own", "name the topic of your platform")
    found = kafka.topics([source.topic, source.memory_topic])
    if source.topic not in found:
        raise Refusal(f"there is no topic {source.topic}", "look at its name and WATCHFLOOR_KAFKA")
    if not source.mapping.memory:
        return
    partitions = found[source.topic].partitions
    kept = found.get(source.memory_topic)
    if kept is not None and kept.partitions != partitions:
        raise Refusal(
            f"{source.topic} has {partitions} partitions now, its memory {kept.partitions}",
            f"delete {source.memory_topic}: what was remembered is then unknown, never wrong",
        )
    config = {"cleanup.policy": "compact,delete", "retention.ms": str(_REMEMBERED_MS)}
    kafka.create_topics([TopicSpec(source.memory_topic, partitions, config)], replicas)
