"""To forget a person, step by step; each step can be done again, so a run that ended goes on.

The floor forgets first, by a command that every partition takes in with its state. Then what it
said before is overwritten in the topics of rows, and delivered; only then are the stores cleaned,
so that nothing on its way can put the person back.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError
from redis import Redis
from redis.exceptions import RedisError
from urllib3.exceptions import HTTPError

from schemas.topics import Role, Topics
from sinks import forget_live, forget_rows, rebuilds
from sinks.clients import redis_client
from sinks.forget_rows import ForgettingFailed
from streams import groups
from streams.admin import Kafka
from streams.forget_topics import ROW_ROLES, LastValues, order, tell_notifier
from streams.refusals import Refusal
from streams.sender import Sender
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names

Say = Callable[[str], None]
_POLL_S = 0.5
#: What a deliverer brings to a store that may name a person.
_DELIVERED = {
    "deliver-clickhouse": (*ROW_ROLES, Role.ALERTS, Role.NOTICES, Role.COMMANDS),
    "deliver-redis": (Role.SNAPSHOTS, Role.ALERTS),
}


@dataclass(frozen=True, slots=True)
class Found:
    """How often a person is in one place."""

    place: str
    count: int


class Forgetting:
    """One person, and everything that may know of them; use it in a ``with``."""

    def __init__(self, settings: Settings, person: str, say: Say, wait_s: float) -> None:
        self._settings = settings
        self._person = person
        self._say = say
        self._wait_s = wait_s
        self._names = Names(settings.space.space)
        self.topics = Topics(settings.space.space)
        self._notify = self._names.group("deliver-notify")
        self._open = ExitStack()

    def __enter__(self) -> Self:
        connections = self._settings.connections
        self.kafka = self._open.enter_context(Kafka(connections.kafka, connections.timeout_s))
        self._client: Client = connect_clickhouse(connections)
        self._open.callback(self._client.close)
        self._redis: Redis = redis_client(
            connections.redis,
            connections.redis_password.get_secret_value() or None,
            decode_responses=True,
        )
        self._open.callback(self._redis.close)
        self._stages = [
            LastValues(self.kafka, self.topics.floor_changelog(stage), self._person)
            for stage in (1, 2)
        ]
        self._rows = [
            LastValues(self.kafka, self.topics.name(role), self._person) for role in ROW_ROLES
        ]
        self._told = LastValues(self.kafka, self.topics.notify_changelog, self._person)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)
        if isinstance(error, DriverError | HTTPError | RedisError | ForgettingFailed):
            raise Refusal(
                f"a store gave up: {str(error).splitlines()[0]}",
                "see that ClickHouse and Redis answer and that this user may change tables, then "
                "run this again: it goes on where it stopped",
            ) from error

    def search(self) -> list[Found]:
        """Every place, and how often the person is there now."""
        found = []
        for values in (*self._stages, *self._rows, self._told):
            self._say(f"reading {values.topic}")
            found.append(Found(f"kafka {values.topic}", len(values.catch_up().held)))
        for database in self._databases():
            self._say(f"searching every table of {database}")
            found += [
                Found(f"clickhouse {database}.{held.table}", held.rows)
                for held in forget_rows.search(self._client, database, self._person)
            ]
        keys = forget_live.search(self._redis, self._names.redis_patterns, self._person)
        found.append(Found(f"redis {self._names.redis_prefix}*", len(keys)))
        return found

    def run(self) -> None:
        """Every step, in order; Refusal when one has to wait for what does not run."""
        self._forget_on_the_floor()
        self._overwrite()
        self._await_notices()
        self._await_delivery()
        self._say("cleaning ClickHouse and Redis")
        for database in self._databases():
            forget_rows.forget(self._client, database, self._person)
        forget_live.forget(self._redis, self._names.redis_patterns, self._person)

    def _databases(self) -> list[str]:
        """The space's, and those of its rebuilds."""
        own = self._names.database
        return [own, *rebuilds.sides(self._client, own)]

    def _forget_on_the_floor(self) -> None:
        for values in self._stages:
            values.catch_up()
        if not all(values.is_listed for values in self._stages):
            connections = self._settings.connections
            with Sender(connections.kafka, connections.timeout_s) as sender:
                order(sender, self.kafka, self.topics, self._person)
            self._say("the floor is told to forget")
        self._until(
            lambda: all(it.catch_up().is_listed and not it.held for it in self._stages),
            "the floor has not forgotten them yet",
            "see that `watchfloor worker` runs",
        )

    def _overwrite(self) -> None:
        """Tombstones for rows that name the person, behind all that the floor said of them."""
        connections = self._settings.connections
        dead = [it for values in self._rows for it in values.catch_up().tombstones()]
        if dead:
            self._say(f"overwriting {len(dead)} rows in topics")
        with Sender(connections.kafka, connections.timeout_s) as sender:
            sender.send(dead)
            tell_notifier(sender, self.topics, self._person)

    def _await_notices(self) -> None:
        """Let who was told of alerts about the person be told of their end; not for ever."""
        until_s = time.monotonic() + self._wait_s
        while self._told.catch_up().held and time.monotonic() < until_s:
            if not any(it.members for it in groups.find(self.kafka, [self._notify])):
                return
            time.sleep(_POLL_S)

    def _await_delivery(self) -> None:
        places = {
            group: [
                (name, partition)
                for name, topic in self.kafka.topics([self.topics.name(it) for it in roles]).items()
                for partition in range(topic.partitions)
            ]
            for group, roles in _DELIVERED.items()
        }
        ends = self.kafka.spans([place for found in places.values() for place in found])

        def delivered() -> bool:
            for role, wanted in places.items():
                found = groups.find(self.kafka, [self._names.group(role)])
                committed = found[0].committed if found else {}
                for place in wanted:
                    span = ends[place]
                    if span.end > span.start and committed.get(place, -1) < span.end:
                        return False
            return True

        self._say("waiting until what is on its way was delivered")
        remedy = "see that `watchfloor deliver` runs"
        self._until(delivered, "rows that name them are still on their way", remedy)

    def _until(self, done: Callable[[], bool], problem: str, remedy: str) -> None:
        until_s = time.monotonic() + self._wait_s
        while not done():
            if time.monotonic() > until_s:
                raise Refusal(
                    f"{problem}, after {self._wait_s:.0f} s",
                    f"{remedy}, then run this again: it goes on where it stopped",
                )
            time.sleep(_POLL_S)
