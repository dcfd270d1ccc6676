"""What the brokers say of themselves: how many, what time, how much room."""

from dataclasses import dataclass

from kafka.errors import KafkaError

from streams.admin import Kafka


@dataclass(frozen=True, slots=True)
class Disk:
    """A broker's log directory, in bytes."""

    broker: int
    path: str
    total_bytes: int
    free_bytes: int


def count(kafka: Kafka) -> int:
    """How many brokers there are."""
    return len(kafka.client.describe_cluster()["brokers"])


def clock_ms(kafka: Kafka) -> int | None:
    """The controller's time, UTC ms, at most half a second old; None where it may not say."""
    try:
        quorum = kafka.client.describe_metadata_quorum()["topics"][0]["partitions"][0]
    except KafkaError:
        return None
    voters = {each["replica_id"]: each for each in quorum["current_voters"]}
    told = int(voters[quorum["leader_id"]].get("last_caught_up_timestamp", -1))
    return told if told > 0 else None


def disks(kafka: Kafka) -> list[Disk]:
    """The brokers' disks; empty where brokers are older than 3.3 and don't tell."""
    found = []
    for broker in kafka.client.describe_log_dirs():
        for each in broker["log_dirs"]:
            total, free = each.get("total_bytes", -1), each.get("usable_bytes", -1)
            if total > 0 and free >= 0:
                found.append(Disk(broker["broker"], each["log_dir"], total, free))
    return found
