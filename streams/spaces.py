"""A space: what is named after it, and the terms it carries.

Names hang on the space alone, so two spaces on one cluster never meet. The terms lie in the
space's own compacted topic under one key; ``watchfloor setup`` writes them, workers read them.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import orjson

from schemas.topics import LIVE, Role, Topics
from streams import records
from streams.admin import Kafka
from streams.sender import Outgoing, Sender

TERMS_KEY = b"terms"
#: What the names of topics begin with in which mappings of live topics remember.
MEMORY_PREFIX = "ops.mapping-memory."
GROUP_ROLES = ("floor", "deliver-clickhouse", "deliver-redis", "deliver-notify")


@dataclass(frozen=True, slots=True)
class Names:
    """Everything of a space outside Kafka's topics, and its consumer groups."""

    space: str

    @property
    def database(self) -> str:
        """The ClickHouse database."""
        plain = self.space.replace("-", "_").replace(".", "__")
        return "ops" if self.space == LIVE else f"ops_{plain}"

    @property
    def redis_prefix(self) -> str:
        """What every Redis key begins with."""
        return "ops:" if self.space == LIVE else f"ops:{self.space}:"

    @property
    def redis_patterns(self) -> tuple[str, ...]:
        """What matches all keys of the space; those of other spaces begin with ``ops:`` too."""
        if self.space != LIVE:
            return (f"{self.redis_prefix}*",)
        prefix = self.redis_prefix
        kinds = ("snapshot:*", "subjects", "moves", "alert:*", "alerts", "pipeline")
        return tuple(f"{prefix}{each}" for each in kinds)

    @property
    def groups(self) -> tuple[str, ...]:
        """The consumer groups."""
        return tuple(self.group(role) for role in GROUP_ROLES)

    def group_of_mapping(self, name: str) -> bool:
        """Whether a consumer group is that of a mapping of a live topic."""
        return name.startswith(self.group("map-"))

    def memory_of_mapping(self, topic: str) -> bool:
        """Whether a topic is what a mapping of a live topic remembers."""
        return topic.startswith(f"{Topics(self.space).prefix}{MEMORY_PREFIX}")

    def group(self, role: str) -> str:
        """The consumer group of ``floor``, ``deliver-clickhouse`` and so on."""
        return f"{Topics(self.space).prefix}watchfloor-{role}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What all workers of a space must agree on.

    ``accept_from_ms`` and ``accept_to_ms`` bound the event times, UTC; None: the bounds move with
    the clock, by WATCHFLOOR_ACCEPT_PAST_D and _ACCEPT_FUTURE_S. ``people_key`` is a fingerprint.
    ``source_ids`` are Kafka's ids of the source topics, by role.
    """

    people_key: str
    partitioner: str
    accept_from_ms: int | None = None
    accept_to_ms: int | None = None
    source_ids: dict[str, str] = field(default_factory=dict)


def read_terms(kafka: Kafka, topics: Topics) -> Terms | None:
    """The terms of a space; None when it was never set up."""
    if not kafka.topics([topics.space]):
        return None
    spans = kafka.spans([(topics.space, 0)])
    found = [
        record.value
        for record in records.read(kafka.servers, spans)
        if record.key == TERMS_KEY and record.value
    ]
    return Terms(**orjson.loads(found[-1])) if found else None


def write_terms(sender: Sender, topics: Topics, terms: Terms) -> None:
    """Make these the terms; workers take them up when they start."""
    sender.send([Outgoing(topics.space, 0, TERMS_KEY, orjson.dumps(asdict(terms)))])


def existing(topic_names: Iterable[str]) -> list[str]:
    """The spaces that have topics on a cluster, ``live`` first."""
    ending = f"ops.{Role.SPACE.value}"
    found = {
        name.removesuffix(ending).removesuffix(".") or LIVE
        for name in topic_names
        if name == ending or name.endswith(f".{ending}")
    }
    return sorted(found, key=lambda name: (name != LIVE, name))
