"""The parts that stock Faust does not have: claims, atomic appends, starting where a log ends."""

import os
import signal
import time
import uuid
from pathlib import Path

from tests.faust_traps.broker import Broker
from tests.faust_traps.worker import Start, Worker

FATAL = 70


def counting(broker: Broker, start: Start, **args: str) -> tuple[Worker, str, str]:
    """A worker that has flushed one message; its topic and its log."""
    topic, log = broker.topic(), broker.topic(cleanup_policy="compact")
    broker.send(topic, [b"a"])
    worker = start("ours", "counting_worker", topic=topic, log=log, **args)
    worker.wait_for("base")
    return worker, topic, log


def test_a_partition_is_claimed_before_it_is_read_and_its_epoch_is_the_claim_s_offset(
    broker: Broker, start: Start
) -> None:
    worker, topic, log = counting(broker, start)

    assert worker.saw("epoch") == [0]
    assert worker.saw("base") == [1]
    assert broker.end(log) == 2
    worker.wait(lambda: broker.committed(worker.group, topic) == 1)


def test_a_killed_static_member_goes_on_where_its_log_ends_and_not_where_it_committed(
    broker: Broker, start: Start
) -> None:
    worker, topic, log = counting(broker, start, instance="one")
    worker.kill()
    broker.send(topic, [b"b"])
    # The log is ahead of what was committed: as if it had died between flush and commit.
    broker.send(log, [b"2"])
    broker.send(topic, [b"c"])
    began = time.monotonic()
    again = start(
        "ours", "counting_worker", topic=topic, log=log, group=worker.group, instance="one"
    )

    assert again.wait_for("first") == [2]
    assert again.saw("epoch") == [3]
    assert time.monotonic() - began < 6.0, "it waited for its own session to expire"


def test_a_foreign_write_is_noticed_nothing_follows_it_and_the_partition_is_claimed_anew(
    broker: Broker, start: Start
) -> None:
    worker, topic, log = counting(broker, start)
    broker.send(log, [b"1"])
    broker.send(topic, [b"b"])

    assert worker.wait_for("lost") == ["ForeignWrite"]
    assert worker.wait_for("epoch", 2) == [0, 4]
    # What it wrote itself before it noticed is in the log, so it goes on behind that.
    broker.send(topic, [b"c"])
    worker.wait_for("base", 2)
    worker.wait(lambda: broker.committed(worker.group, topic) == 3)


def test_every_rebalance_drops_and_claims_every_partition_that_stays(
    broker: Broker, start: Start
) -> None:
    worker, topic, log = counting(broker, start)
    other = start("ours", "counting_worker", topic=topic, log=log, group=worker.group)

    worker.wait(lambda: len(worker.saw("epoch")) + len(other.saw("epoch")) >= 2)
    assert worker.saw("dropped") == [0]
    broker.send(topic, [b"b"])
    worker.wait(lambda: len(worker.saw("base")) + len(other.saw("base")) == 2)


def test_a_paused_owner_that_wakes_up_writes_nothing_that_counts(
    broker: Broker, start: Start
) -> None:
    zombie, topic, log = counting(broker, start, instance="one")
    zombie.process.send_signal(signal.SIGSTOP)
    owner = start(
        "ours", "counting_worker", topic=topic, log=log, group=zombie.group, instance="two"
    )
    broker.send(topic, [b"b"])
    assert owner.wait_for("base", seconds=30.0)
    assert owner.saw("first") == [1]
    zombie.process.send_signal(signal.SIGCONT)

    # Whoever has the partition after the zombie has joined claims it again.
    owner.wait(lambda: len(owner.saw("epoch")) + len(zombie.saw("epoch")) >= 3)
    broker.send(topic, [b"c"])
    owner.wait(lambda: broker.committed(owner.group, topic) == 3)
    assert len(owner.saw("base")) + len(zombie.saw("base")) == 3, "a flush was taken for good twice"
    assert len(zombie.saw("lost")) == zombie.saw("first").count(1)


def test_a_graceful_stop_commits_leaves_the_group_and_exits_zero(
    broker: Broker, start: Start
) -> None:
    worker, topic, _ = counting(broker, start, instance="one")
    assert broker.members(worker.group) == 1
    worker.process.send_signal(signal.SIGTERM)

    assert worker.exit_code() == 0
    assert broker.committed(worker.group, topic) == 1
    assert broker.members(worker.group) == 0


def test_what_is_flushed_on_the_way_out_is_committed(broker: Broker, start: Start) -> None:
    topic = broker.topic()
    broker.send(topic, [b"a", b"b"])
    worker = start("ours", "lazy_worker", topic=topic)
    worker.wait(lambda: 2 in worker.saw("saw"))
    assert broker.committed(worker.group, topic) is None
    worker.process.send_signal(signal.SIGTERM)

    assert worker.exit_code() == 0
    assert broker.committed(worker.group, topic) == 2


def test_a_topic_that_is_shorter_than_what_was_processed_is_refused(
    broker: Broker, start: Start
) -> None:
    topic, log = broker.topic(), broker.topic()
    broker.send(log, [b"7"])
    worker = start("ours", "counting_worker", topic=topic, log=log)

    assert worker.exit_code() == FATAL
    assert "TopicReplaced" in worker.text


def test_a_worker_opens_no_port_and_keeps_nothing_on_disk(broker: Broker, start: Start) -> None:
    worker, _, _ = counting(broker, start, instance=uuid.uuid4().hex)
    listening = {
        line.split()[9]
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{worker.process.pid}/net/{name}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }
    handles = f"/proc/{worker.process.pid}/fd"
    sockets = {os.readlink(f"{handles}/{handle}") for handle in os.listdir(handles)}

    assert not {f"socket:[{inode}]" for inode in listening} & sockets
    assert [path.suffix for path in worker.directory.iterdir()] == [".txt"]
