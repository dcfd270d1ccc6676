"""Rows D1-D10 of the traps: a stock worker runs on and does nothing; ours works or ends."""

import time

from tests.faust_traps.broker import Broker
from tests.faust_traps.worker import Start

FATAL = 70


def test_d1_one_malformed_message_ends_a_stock_agent_that_takes(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    stock = start("stock", "taking_agent", topic=topic)
    ours = start("ours", "reading_agent", topic=topic)
    broker.send(topic, [b"1"])
    stock.wait_for("saw")
    broker.send(topic, [b"{not json"])
    stock.wait(lambda: stock.saw("ended")[-1:] == [True])
    broker.send(topic, [b"2"])

    assert ours.wait_for("saw", 3) == ["1", "{not json", "2"]
    time.sleep(1.0)
    assert stock.alive
    assert stock.saw("saw") == [[1]]
    assert stock.saw("state")[-1] == "running"


def test_d1_our_watchdog_ends_the_process_when_an_agent_has_ended(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"1"])
    ours = start("ours", "reading_agent", topic=topic, returns=True)

    assert ours.exit_code() == FATAL
    assert "the task of agent" in ours.text


def test_d2_a_slow_broker_during_recovery_stops_stock_for_ever_and_ends_ours(
    broker: Broker, start: Start
) -> None:
    topic, log = broker.topic(), broker.topic()
    group = f"g-{topic}"
    broker.topic(f"{group}-state-changelog")
    broker.send(topic, [b"a"])
    stock = start("stock", "slow_recovery", topic=topic, group=group)
    ours = start("ours", "reading_agent", topic=topic, log=log, slow=True)

    assert ours.exit_code() == FATAL
    assert "RecoveryTimedOut" in ours.text
    stock.wait_for("assigned")
    time.sleep(3.0)
    assert stock.alive
    assert stock.saw("saw") == []


def test_d3_a_stock_agent_that_retries_a_sink_blocks_the_rebalance_and_ours_gives_up(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic(partitions=2)
    for partition in (0, 1):
        broker.send(topic, [b"a"], partition)
    stock = start("stock", "blocked_sink", topic=topic, blocked=True)
    ours = start("ours", "blocked_sink", topic=topic, blocked=True)
    for worker in (stock, ours):
        worker.wait_for("saw")
    joins = {
        program: start(program, "blocked_sink", topic=topic, blocked=False, group=worker.group)
        for program, worker in (("stock", stock), ("ours", ours))
    }

    joins["ours"].wait_for("saw")
    assert ours.wait_for("left")
    time.sleep(2.0)
    assert joins["stock"].saw("saw") == []


def test_d7_commits_that_stop_go_unnoticed_in_stock_and_end_ours(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"x"] * 2)
    stock = start("stock", "held_message", topic=topic, hold=1)
    ours = start("ours", "held_message", topic=topic, hold=1, commit_age_s_max=2.0)

    assert ours.exit_code() == FATAL
    assert "no commit of" in ours.text
    assert broker.committed(ours.group, topic) == 1
    stock.wait(lambda: broker.committed(stock.group, topic) == 1)
    time.sleep(1.0)
    assert stock.alive


def test_d10_an_exception_in_a_timer_ends_stock_and_only_a_row_of_them_ends_ours(
    broker: Broker, start: Start
) -> None:
    topic = broker.topic()
    broker.send(topic, [b"a"])
    stock = start("stock", "raising_timer", topic=topic)
    ours = start("ours", "raising_timer", topic=topic, always=False)
    broken = start("ours", "raising_timer", topic=topic, always=True)

    assert stock.exit_code() != 0
    assert "the timer failed" in stock.text
    ours.wait_for("failed", 5)
    assert ours.alive
    assert ours.saw("saw") == ["a"]
    assert broken.exit_code() == FATAL
    assert "failed 3 times in a row" in broken.text
