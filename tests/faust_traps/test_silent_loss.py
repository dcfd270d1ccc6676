"""Rows L1-L11 of the traps: stock Faust loses a message without a word, ours does not."""

import asyncio
import json
import time
import uuid

import pytest
from aiokafka import AIOKafkaProducer

from tests.faust_traps.broker import Broker
from tests.faust_traps.worker import Start, Worker

FATAL = 70
VALUES = [b"a", b"b", b"c"]


def committed_at_least(broker: Broker, worker: Worker, topic: str, offset: int) -> int:
    """The committed offset once it is there; fails when it never comes."""
    worker.wait(lambda: (broker.committed(worker.group, topic) or 0) >= offset)
    return broker.committed(worker.group, topic) or 0


def test_l1_a_failed_changelog_write_is_committed_by_stock_and_ends_ours(
    broker: Broker, start: Start
) -> None:
    topic, log = broker.topic(), broker.topic(max_message_bytes="400")
    group = f"g-{topic}"
    changelog = broker.topic(f"{group}-state-changelog", max_message_bytes="400")
    stock = start("stock", "failed_changelog_write", topic=topic, group=group)
    ours = start("ours", "failed_changelog_write", topic=topic, log=log)
    broker.send(topic, VALUES)

    assert committed_at_least(broker, stock, topic, 3) == 3
    assert stock.alive
    assert broker.end(changelog) == 0

    assert ours.exit_code() == FATAL
    assert f"a write to {log} failed: MessageSizeTooLargeError" in ours.text
    assert broker.committed(ours.group, topic) is None


def test_l2_flush_returns_with_messages_unsent_in_stock_and_waits_in_ours(
    broker: Broker, start: Start
) -> None:
    # Nothing can be sent to a topic that is not there yet, however fast the machine is.
    topics = {name: f"trap-{uuid.uuid4().hex}" for name in ("stock", "ours")}
    workers = {
        name: start(name, "early_flush", topic=topic, messages=50) for name, topic in topics.items()
    }
    for worker in workers.values():
        worker.wait_for("flushing")
    time.sleep(0.5)
    for topic in topics.values():
        broker.topic(topic)

    assert workers["stock"].wait_for("unsent")[0] > 0
    assert workers["ours"].wait_for("unsent") == [0]
    assert broker.end(topics["ours"]) == 50


def test_l3_stock_commits_past_an_unprocessed_message_and_ours_does_not(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"x"] * 5)
    stock = start("stock", "held_message", topic=topic, hold=5)
    ours = start("ours", "held_message", topic=topic, hold=5)
    for worker in (stock, ours):
        assert committed_at_least(broker, worker, topic, 5) == 5
    broker.send(topic, [b"x"] * 4)

    assert committed_at_least(broker, stock, topic, 6) == 9
    ours.wait_for("saw", 9)
    time.sleep(0.6)
    assert broker.committed(ours.group, topic) == 5


async def send_with_gaps(address: str, topic: str, count: int) -> None:
    """One transaction a message: its commit marker takes an offset that nobody reads."""
    producer = AIOKafkaProducer(bootstrap_servers=address, transactional_id=topic)
    await producer.start()
    for _ in range(count):
        async with producer.transaction():
            await producer.send(topic, b"x", partition=0)
    await producer.stop()


def test_l4_stock_takes_an_unprocessed_message_for_a_gap_and_ours_does_not(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    asyncio.run(send_with_gaps(broker.address, topic, 5))  # At 0, 2, 4, 6, 8.
    stock = start("stock", "held_message", topic=topic, hold=4)
    ours = start("ours", "held_message", topic=topic, hold=4)

    assert committed_at_least(broker, stock, topic, 5) > 4
    assert stock.saw("saw") == [0, 2, 4, 6, 8]
    ours.wait_for("saw", 5)
    time.sleep(0.6)
    assert broker.committed(ours.group, topic) == 4


def test_l5_an_exception_acknowledges_the_message_in_stock_and_ends_ours(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"x"] * 5)
    stock = start("stock", "raising_agent", topic=topic, hold=2)
    ours = start("ours", "raising_agent", topic=topic)

    assert committed_at_least(broker, stock, topic, 5) == 5
    assert stock.saw("saw") == [0, 1, 3, 4]
    assert stock.alive

    assert ours.exit_code() == FATAL
    assert broker.committed(ours.group, topic) is None


def test_l6_take_acknowledges_a_batch_whose_body_raised_in_stock_and_ours_has_no_take(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"x"] * 5)
    stock = start("stock", "raising_take", topic=topic)

    assert committed_at_least(broker, stock, topic, 5) == 5
    assert stock.saw("raised") == [5]

    ours = start("ours", "raising_agent", topic=topic)
    assert ours.exit_code() == FATAL
    assert broker.committed(ours.group, topic) is None


def test_l7_without_the_compiled_iterator_stock_acknowledges_unprocessed_and_ours_refuses(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"x"] * 5)
    plain = {"NO_CYTHON": "1"}
    stock = start("stock", "older_generation", plain, topic=topic)
    ours = start("ours", "reading_agent", plain, topic=topic)

    assert committed_at_least(broker, stock, topic, 5) == 5
    assert stock.saw("saw") == [0]

    assert ours.exit_code() != 0
    assert "compiled stream iterator is missing" in ours.text


def test_l8_a_malformed_message_is_acknowledged_by_stock_and_handed_over_by_ours(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"{not json"])
    stock = start("stock", "json_agent", topic=topic)
    ours = start("ours", "reading_agent", topic=topic)

    assert committed_at_least(broker, stock, topic, 1) == 1
    assert stock.saw("saw") == []

    assert ours.wait_for("saw") == ["{not json"]


def test_l9_stock_does_not_wait_for_a_threaded_producer_and_ours_refuses_one(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    stock = start("stock", "threaded_producer", topic=topic)
    ours = start("ours", "threaded_producer", topic=topic)

    stock.wait_for("flushed")
    assert broker.end(topic) == 0
    stock.wait(lambda: broker.end(topic) == 1)

    assert ours.exit_code() != 0
    assert "producer_threaded must stay False" in ours.text


@pytest.mark.parametrize("bad", [b"{not json"])
def test_l11_an_undecodable_last_changelog_record_hangs_stock_and_reaches_ours(
    broker: Broker, start: Start, bad: bytes
) -> None:
    topic, log = broker.topic(), broker.topic()
    group = f"g-{topic}"
    changelog = broker.topic(f"{group}-state-changelog")
    for name in (log, changelog):
        broker.send(name, [json.dumps(1).encode(), bad])
    broker.send(topic, VALUES)
    stock = start("stock", "json_table", topic=topic, group=group)
    ours = start("ours", "reading_agent", topic=topic, log=log)

    assert ours.wait_for("saw", 3) == ["a", "b", "c"]
    assert ours.saw("values") == [2]
    stock.wait(lambda: "Error in recovery" in stock.text)
    time.sleep(3.0)
    assert stock.alive
    assert stock.saw("saw") == []
