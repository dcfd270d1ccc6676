"""Each finding of the doctor, provoked on the real parts, and its remedy named."""

import socket
import time
from dataclasses import dataclass, replace

import pytest
from kafka import TopicPartition
from kafka.errors import CoordinatorNotAvailableError
from kafka.structs import OffsetAndMetadata

from schemas.partitioner import Partitioner, partition_of
from schemas.topics import Topics
from streams import doctor, settings
from streams.admin import Kafka
from streams.refusals import Refusal
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from streams.spaces import Names
from tests.admin.conftest import Run
from tests.admin.seeing import bad, seen, the


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _send(floor: Settings, topic: str, keys: int, by: Partitioner, n: int) -> None:
    with Sender(floor.connections.kafka, 10) as sender:
        names = [f"item-{number}".encode() for number in range(keys)]
        sender.send([Outgoing(topic, partition_of(key, n, by), key, b"{}") for key in names])


def test_a_space_that_is_set_up_has_nothing_wrong(whole_floor: Settings) -> None:
    assert bad(doctor.examine(whole_floor)) == []
    roles: tuple[doctor.Role, ...] = (
        "floor",
        "deliver-clickhouse",
        "deliver-redis",
        "deliver-notify",
    )
    for role in roles:
        doctor.preflight(whole_floor, role)


def test_a_space_that_was_never_set_up_is_refused_with_the_command_that_makes_it(
    space: str,
) -> None:
    nothing = settings.read(space)
    found = doctor.examine(nothing)
    assert {each.check for each in bad(found)} == {"topics", "space", "clickhouse"}
    assert all("watchfloor setup" in (each.remedy or "") for each in bad(found))
    with pytest.raises(Refusal, match="missing") as refused:
        doctor.preflight(nothing, "floor")
    assert "watchfloor setup" in refused.value.remedy


def test_a_wrong_partition_count_stops_the_worker(
    floor: Settings, topics: Topics, kafka: Kafka
) -> None:
    kafka.delete_topics([topics.reviews])
    (declared,) = [each for each in topics.specs() if each.name == topics.reviews]
    kafka.create_topics([replace(declared, partitions=3)], 1)
    (found,) = seen(floor, "topics")
    assert f"{topics.reviews} has 3 partitions, not 4" in found.says
    assert "WATCHFLOOR_PARTITIONS=3" in (found.remedy or "")
    with pytest.raises(Refusal, match="has 3 partitions"):
        doctor.preflight(floor, "floor")


@pytest.mark.parametrize(
    ("setting", "wrong"), [("cleanup.policy", "compact,delete"), ("max.message.bytes", "1048588")]
)
def test_a_changelog_that_forgets_or_refuses_is_corrected_by_setup(
    floor: Settings, kafka: Kafka, run: Run, setting: str, wrong: str
) -> None:
    log = Topics(floor.space.space).floor_changelog(1)
    kafka.set_config(log, {setting: wrong})
    (found,) = seen(floor, "topics")
    assert f"{log} has {setting}={wrong}" in found.says
    assert "watchfloor setup" in (found.remedy or "")
    with pytest.raises(Refusal, match=setting):
        doctor.preflight(floor, "floor")
    assert setting in run("setup", "--space", floor.space.space).out
    assert seen(floor, "topics", n=0) == []


def test_keys_that_librdkafka_placed_name_the_setting_that_mends_it(
    floor: Settings, topics: Topics
) -> None:
    _send(floor, topics.annotations, 40, Partitioner.CRC32, 4)
    (found,) = seen(floor, "partitioner")
    assert topics.annotations in found.says
    assert "partitioner=murmur2_random" in (found.remedy or "")


def test_keys_that_another_partition_count_placed_are_not_blamed_on_librdkafka(
    floor: Settings, topics: Topics
) -> None:
    _send(floor, topics.workforce, 40, Partitioner.MURMUR2, 3)
    (found,) = seen(floor, "partitioner")
    assert "counts other partitions" in (found.remedy or "")


def test_keys_where_they_belong_are_no_finding(floor: Settings, topics: Topics) -> None:
    _send(floor, topics.annotations, 40, Partitioner.MURMUR2, 4)
    found = doctor.examine(floor)
    assert [each.severity for each in found if each.check == "partitioner"] == ["ok"]


def test_a_declared_partitioner_that_the_space_was_not_made_for_is_refused(
    floor: Settings, connected: pytest.MonkeyPatch
) -> None:
    connected.setenv("WATCHFLOOR_PARTITIONER", "crc32")
    with pytest.raises(Refusal, match="set up for murmur2"):
        doctor.preflight(settings.read(floor.space.space), "floor")


@dataclass(frozen=True)
class Away:
    """A part whose address nobody listens at."""

    variable: str
    address: str
    check: str
    role: doctor.Role
    waits: bool


AWAY = (
    Away("WATCHFLOOR_REDIS", "redis://127.0.0.1:{}/0", "redis", "deliver-redis", True),
    Away("WATCHFLOOR_CLICKHOUSE", "http://127.0.0.1:{}", "clickhouse", "deliver-clickhouse", True),
    Away("WATCHFLOOR_KAFKA", "127.0.0.1:{}", "brokers", "floor", False),
)


@pytest.mark.parametrize("away", AWAY, ids=lambda away: away.check)
def test_a_part_that_is_away_is_named_with_its_variable(
    whole_floor: Settings, connected: pytest.MonkeyPatch, away: Away
) -> None:
    with connected.context() as during:
        during.setenv(away.variable, away.address.format(_free_port()))
        during.setenv("WATCHFLOOR_TIMEOUT_S", "2")
        found = settings.read(whole_floor.space.space)
        finding = the(doctor.examine(found), away.check)
        assert away.variable in (finding.remedy or "")
        if away.waits:
            doctor.preflight(found, away.role)
        else:
            with pytest.raises(Refusal, match="no Kafka broker"):
                doctor.preflight(found, away.role)


def test_a_group_that_read_beyond_the_end_says_that_the_topic_was_made_anew(
    floor: Settings, topics: Topics, names: Names, kafka: Kafka
) -> None:
    _commit(kafka, names.group("floor"), topics.annotations, 99)
    (found,) = seen(floor, "groups")
    assert f"{topics.annotations}/0 up to 99, but it ends at 0" in found.says
    assert found.severity == "problem"


def test_a_group_that_nobody_works_for_names_the_command(
    floor: Settings, topics: Topics, names: Names, kafka: Kafka
) -> None:
    _send(floor, topics.annotations, 40, Partitioner.MURMUR2, 4)
    _commit(kafka, names.group("deliver-redis"), topics.annotations, 1)
    (found,) = seen(floor, "groups")
    assert found.severity == "warning"
    assert "watchfloor deliver" in (found.remedy or "")


def _commit(kafka: Kafka, group: str, topic: str, offset: int) -> None:
    at = {TopicPartition(topic, 0): OffsetAndMetadata(offset, "", -1)}
    for _ in range(50):
        try:
            kafka.client.alter_group_offsets(group, at)
            return
        except CoordinatorNotAvailableError:
            time.sleep(0.2)  # A broker that was just started makes its offsets topic first.
    raise AssertionError("the broker has no group coordinator")


def test_records_that_expired_unread_are_counted(
    floor: Settings, topics: Topics, names: Names, kafka: Kafka
) -> None:
    _send(floor, topics.annotations, 40, Partitioner.MURMUR2, 4)
    _commit(kafka, names.group("floor"), topics.annotations, 0)
    kafka.client.delete_records({TopicPartition(topics.annotations, 0): 3})
    lost, _idle = seen(floor, "groups", n=2)
    assert f"lost 3 records of {topics.annotations}/0" in lost.says
