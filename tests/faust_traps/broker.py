"""Topics, records and committed offsets of the real broker, for the tests."""

import uuid
from collections.abc import Sequence

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic


class Broker:
    """One connection of each kind; its topics are deleted when it is closed."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._admin = KafkaAdminClient(bootstrap_servers=address)
        self._producer = KafkaProducer(bootstrap_servers=address)
        self._reader = KafkaConsumer(bootstrap_servers=address)
        self._topics: list[str] = []

    def topic(self, name: str = "", partitions: int = 1, **config: str) -> str:
        """Create a topic; underscores in the names of the settings stand for dots."""
        name = name or f"trap-{uuid.uuid4().hex}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        self._admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        self._topics.append(name)
        return name

    def send(self, topic: str, values: Sequence[bytes], partition: int = 0) -> None:
        """Write the values and wait until they are stored."""
        for value in values:
            self._producer.send(topic, value, key=b"k", partition=partition)
        self._producer.flush()

    def committed(self, group: str, topic: str, partition: int = 0) -> int | None:
        """The group's committed offset, None when there is none."""
        tp = TopicPartition(topic, partition)
        found = self._admin.list_group_offsets(group)
        offset = found.get(group, found).get(tp)
        return None if offset is None or offset.offset < 0 else int(offset.offset)

    def end(self, topic: str, partition: int = 0) -> int:
        tp = TopicPartition(topic, partition)
        return int(self._reader.end_offsets([tp])[tp])

    def members(self, group: str) -> int:
        """How many members the group has."""
        return len(self._admin.describe_groups([group])[group]["members"])

    def close(self) -> None:
        self._admin.delete_topics(self._topics)
        self._reader.close()
        self._producer.close()
        self._admin.close()
