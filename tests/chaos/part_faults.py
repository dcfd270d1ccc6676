"""Faults of Kafka, ClickHouse and Redis: killed, out of reach, slow, refusing, forgetful."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import redis
from kafka import KafkaProducer

from deploy.local.places import Part
from streams.admin import Kafka
from tests.chaos.arena import Arena
from tests.chaos.harm import Fault, hold, registered
from tests.chaos.maker import Maker
from tests.chaos.process_faults import kill_worker
from tests.chaos.proxy import Mode, Proxy

FAULTS: dict[str, Fault] = {}
fault = partial(registered, FAULTS)
_BURST_ITEMS = 1000


@fault("broker: restart")
def restart_broker(arena: Arena, rng: Random) -> None:
    """Killed and started again, the group's coordinator with it."""
    _restart(arena, "kafka", rng, 0.5, 2)


@fault("broker: unreachable")
def cut_broker(arena: Arena, rng: Random) -> None:
    """All connections broken, and no new ones."""
    with _mode(arena.grounds.kafka, Mode.CUT):
        hold(rng, 3, 12)


@fault("broker: unreachable for a minute")
def cut_broker_long(arena: Arena, _: Random) -> None:
    """The same for longer than a worker waits for its commits."""
    with _mode(arena.grounds.kafka, Mode.CUT):
        time.sleep(60)


@fault("broker: silent")
def still_broker(arena: Arena, rng: Random) -> None:
    """Connections stay, nothing comes through, for longer than the session."""
    with _mode(arena.grounds.kafka, Mode.STILL):
        hold(rng, 3, 12)


@fault("broker: slow")
def slow_broker(arena: Arena, rng: Random) -> None:
    """Every piece is delayed, both ways."""
    with _mode(arena.grounds.kafka, Mode.SLOW):
        hold(rng, 4, 8)


@fault("broker: answers lost")
def deaf_broker(arena: Arena, rng: Random) -> None:
    """What was asked for is done, and nobody hears of it: idempotence has to sort it out."""
    with _mode(arena.grounds.kafka, Mode.DEAF):
        hold(rng, 0.5, 2)


@fault("broker: refuses large messages")
def refuse_large(arena: Arena, rng: Random) -> None:
    """A changelog or a topic of the flow takes next to nothing for a while."""
    topics = arena.topics
    topic = rng.choice(
        (topics.floor_changelog(1), topics.floor_changelog(2), topics.panes, topics.rollups)
    )
    with _configured(arena, [topic], {"max.message.bytes": "150"}):
        hold(rng, 2, 5)


@fault("changelog: compaction at once")
def compact(arena: Arena, rng: Random) -> None:
    """Both changelogs are compacted as fast as the broker can, while a worker recovers."""
    hasty = {
        "min.compaction.lag.ms": "0",
        "max.compaction.lag.ms": "1000",
        "segment.ms": "1000",
        "min.cleanable.dirty.ratio": "0.01",
    }
    logs = [arena.topics.floor_changelog(1), arena.topics.floor_changelog(2)]
    with _configured(arena, logs, hasty):
        hold(rng, 4, 8)
    kill_worker(arena, rng)


@fault("burst of 5,000 records")
def burst(arena: Arena, rng: Random) -> None:
    """A thousand lives at once, on top of the feed."""
    letters = Maker(rng.randrange(1 << 30), rng.randrange(1 << 30), int(time.time() * 1000))
    arena.sending.send(letters.letters(_BURST_ITEMS), 0)


# -- ClickHouse


@fault("ClickHouse: killed")
def kill_clickhouse(arena: Arena, rng: Random) -> None:
    """Killed, perhaps within an insert, and started again."""
    _restart(arena, "clickhouse", rng, 1, 5)


@fault("ClickHouse: down for a minute")
def kill_clickhouse_long(arena: Arena, rng: Random) -> None:
    """Killed, and away for so long that Kafka has to hold what comes."""
    _restart(arena, "clickhouse", rng, 60, 61)


@fault("ClickHouse: unreachable")
def cut_clickhouse(arena: Arena, rng: Random) -> None:
    """All connections broken, and no new ones."""
    with _mode(arena.grounds.clickhouse, Mode.CUT):
        hold(rng, 3, 10)


@fault("ClickHouse: slow")
def slow_clickhouse(arena: Arena, rng: Random) -> None:
    """Every piece is delayed, both ways."""
    with _mode(arena.grounds.clickhouse, Mode.SLOW):
        hold(rng, 3, 8)


@fault("ClickHouse: answer lost after rows were stored")
def deaf_clickhouse(arena: Arena, rng: Random) -> None:
    """Rows are in, and the deliverer does not know."""
    with _mode(arena.grounds.clickhouse, Mode.DEAF):
        hold(rng, 2, 5)


@fault("ClickHouse: disk full")
def full_clickhouse(arena: Arena, rng: Random) -> None:
    """The proxy answers with ClickHouse's own error 243."""
    with _mode(arena.grounds.clickhouse, Mode.FULL):
        hold(rng, 2, 6)


@fault("ClickHouse: poisonous row")
def poison(arena: Arena, rng: Random) -> None:
    """A row among the others that can never be read: a dead letter, and the rest is stored."""
    servers = arena.settings.connections.kafka
    producer = KafkaProducer(bootstrap_servers=servers)
    value = b"\xff\xfe not a row " + rng.randbytes(8)
    for role in ("rollups", "items"):
        answer = producer.send(
            f"{arena.topics.prefix}ops.{role}", key=rng.randbytes(6), value=value
        )
        metadata = answer.get(30)
        arena.refused.add((role, metadata.partition, metadata.offset))
    producer.close()


# -- Redis


@fault("Redis: flushed")
def flush_redis(arena: Arena, _: Random) -> None:
    """Everything in it is gone."""
    with redis.Redis.from_url(arena.grounds.direct["WATCHFLOOR_REDIS"]) as client:
        client.flushall()


@fault("Redis: killed")
def kill_redis(arena: Arena, rng: Random) -> None:
    """Killed and started again with what its file has."""
    _restart(arena, "redis", rng, 1, 5)


@fault("Redis: restarted empty")
def empty_redis(arena: Arena, rng: Random) -> None:
    """Killed, its disk lost, started again."""
    stack = arena.grounds.stack
    stack.kill("redis")
    data = Path(stack.places.data("redis"))
    for each in data.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    hold(rng, 0.5, 2)
    stack.start("redis")


@fault("Redis: unreachable")
def cut_redis(arena: Arena, rng: Random) -> None:
    """All connections broken, and no new ones."""
    with _mode(arena.grounds.redis, Mode.CUT):
        hold(rng, 2, 8)


def _restart(arena: Arena, part: Part, rng: Random, least_s: float, most_s: float) -> None:
    arena.grounds.stack.kill(part)
    hold(rng, least_s, most_s)
    arena.grounds.stack.start(part)


@contextmanager
def _mode(proxy: Proxy, mode: Mode) -> Iterator[None]:
    proxy.to(mode)
    try:
        yield
    finally:
        proxy.to(Mode.OPEN)


@contextmanager
def _configured(arena: Arena, topics: list[str], config: dict[str, str]) -> Iterator[None]:
    """Give topics other settings for a while."""
    found = arena.ask(lambda kafka: kafka.topics(topics))
    for topic in topics:
        arena.ask(partial(Kafka.set_config, topic=topic, config=config))
    try:
        yield
    finally:
        for topic in topics:
            before = {name: found[topic].config[name] for name in config}
            arena.ask(partial(Kafka.set_config, topic=topic, config=before))
