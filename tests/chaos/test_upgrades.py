"""State of other versions: read exactly, or refused at start with what to do.

Other groupings are refused in ``tests/admin/test_plan.py``.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import msgspec
import pytest
from kafka import KafkaProducer
from kafka.structs import OffsetAndMetadata, TopicPartition

from schemas.topics import Topics, TopicSpec
from streams import settings, setup
from streams.admin import Kafka
from streams.core import publish, wire
from streams.core.plan import Plan
from streams.core.recovery import StateTooNew
from streams.refusals import Refusal
from streams.spaces import Names
from tests.chaos import stored_state
from tests.chaos.grounds import Grounds
from tests.core.floors import CALENDAR
from tests.faust_traps.broker import Broker
from tests.faust_traps.worker import Start
from tests.integration.main_job.conftest import environment

REFUSED, FATAL = 2, 70


@pytest.mark.parametrize("version", range(1, wire.STATE_VERSION + 1))
def test_the_state_of_every_version_is_read_to_the_same_numbers(version: int) -> None:
    stored = stored_state.read(version)
    shard = stored_state.recovered_source(stored.source)
    state = stored_state.recovered_subjects(stored.subjects)
    assert stored_state.says(shard, state) == stored.says


def test_what_this_version_stores_is_what_was_kept_of_it() -> None:
    kept, made = stored_state.read(wire.STATE_VERSION), stored_state.make()
    assert made["says"] == kept.says
    assert len(made["source"]) == len(kept.source)


def later(records: list[stored_state.Record]) -> list[stored_state.Record]:
    """The same changelog as a later version would write it."""
    now = f'"version":{wire.STATE_VERSION}'.encode()
    then = f'"version":{wire.STATE_VERSION + 1}'.encode()
    return [
        (key, value and value.replace(now, then), stamp, offset)
        for key, value, stamp, offset in records
    ]


def test_state_of_a_later_version_is_refused_by_both_stages() -> None:
    stored = stored_state.read(wire.STATE_VERSION)
    with pytest.raises(StateTooNew):
        stored_state.recovered_source(later(stored.source))
    with pytest.raises(StateTooNew):
        stored_state.recovered_subjects(later(stored.subjects))


def test_what_an_upgraded_worker_writes_is_refused_by_the_version_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = stored_state.read(wire.STATE_VERSION)
    monkeypatch.setattr(wire, "STATE_VERSION", wire.STATE_VERSION + 1)
    flush = stored_state.recovered_source(stored.source).flush()
    published = publish.flush(stored_state.recovered_subjects(stored.subjects), CALENDAR)
    assert flush is not None and published is not None
    for log in (flush.log, published.log):
        (meta,) = [value for key, value in log if key == wire.META and value]
        assert f'"version":{wire.STATE_VERSION}'.encode() in meta


@pytest.fixture
def space(harmed_grounds: Grounds, tmp_path: Path) -> Iterator[Topics]:
    """A fresh space whose topics are there."""
    own = {
        "WATCHFLOOR_LOCAL_DIR": str(tmp_path),
        "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
        "WATCHFLOOR_HEALTH_PORT": "0",
        "WATCHFLOOR_PARTITIONS": "1",
    }
    with environment(harmed_grounds.direct | own):
        found = settings.read(f"u{token_hex(5)}")
        setup.set_up_kafka(found, lambda _: None, None)
        yield Topics(found.space.space)
        with Kafka(found.connections.kafka, found.connections.timeout_s) as kafka:
            kafka.delete_topics([each.name for each in Topics(found.space.space).specs()])


def refusal(topics: Topics) -> str:
    """What a worker says that refuses to start for good."""
    command = [sys.executable, "-m", "streams.main", "--space", topics.space_name, "worker"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert "remedy" in done.stderr
    return done.stderr


def store(topics: Topics, meta: wire.Meta) -> None:
    """Have a state of the space in its changelog."""
    producer = KafkaProducer(bootstrap_servers=os.environ["WATCHFLOOR_KAFKA"])
    value = wire.stamped(1, 0, msgspec.json.encode(meta))
    producer.send(topics.floor_changelog(1), key=wire.META, value=value, partition=0).get(30)
    producer.close()


def test_a_worker_refuses_the_state_of_a_later_version(space: Topics) -> None:
    store(space, wire.Meta(Plan().fingerprint, version=wire.STATE_VERSION + 1))
    assert "written by a later version" in refusal(space)


def test_a_worker_refuses_to_begin_anew_where_its_state_was_deleted(space: Topics) -> None:
    group = Names(space.space_name).group("floor")
    with Kafka(os.environ["WATCHFLOOR_KAFKA"], 10.0) as kafka:
        at = {TopicPartition(space.annotations, 0): OffsetAndMetadata(5, "", -1)}
        kafka.client.alter_group_offsets(group, at)
    assert "is gone" in refusal(space)


def test_a_space_whose_source_topic_was_made_again_is_refused(space: Topics) -> None:
    with Kafka(os.environ["WATCHFLOOR_KAFKA"], 10.0) as kafka:
        kafka.delete_topics([space.annotations])
        wanted = [each for each in space.specs(1) if each.name == space.annotations]
        assert kafka.create_topics(wanted, 1) == [space.annotations]
    assert "deleted and made again: the topics of annotations" in refusal(space)
    with pytest.raises(Refusal, match="were deleted"):
        setup.set_up_kafka(settings.read(space.space_name), lambda _: None, None)


def test_a_running_worker_notices_that_its_topic_is_another_one(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"a", b"b", b"c"])
    worker = start("ours", "reading_agent", topic=topic)
    worker.wait_for("saw", 3)
    with Kafka(broker.address, 10.0) as kafka:
        kafka.delete_topics([topic])
        kafka.create_topics([TopicSpec(topic, 1, {})], 1)
    broker.send(topic, [b"d"])
    assert worker.exit_code() == FATAL
    assert "TopicReplaced" in worker.text
