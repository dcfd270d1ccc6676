"""What arrives, in order, and the two ways it can go: through the core alone, or into Kafka."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.people import Scope, pseudonymiser
from schemas.topics import INPUT_ROLES, Role, Topics
from streams import people_key, records
from streams.admin import Kafka
from streams.core.engine import Engine
from streams.core.plan import Plan
from streams.feed import Feed
from streams.floor_files import read_calendar, read_groupings
from streams.policy_files import read_book
from streams.replay import TICK_EVERY_MS
from streams.settings import Settings
from streams.sources.routing import route_of


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record as it is sent; ``record_ms`` is its Kafka time (UTC ms)."""

    role: Role
    key: bytes | None
    value: bytes
    record_ms: int


def arrival(event: dict[str, Any], record_ms: int) -> Arrival:
    """An event as a record of its topic."""
    route = route_of(event)
    return Arrival(route.role, route.key, orjson.dumps(event), record_ms)


def with_ticks(arrivals: Iterable[Arrival], end_ms: int) -> Iterator[Arrival | int]:
    """The arrivals, and event time whenever an hour has passed, last ``end_ms``."""
    ticked_ms = 0
    for each in arrivals:
        if each.record_ms >= ticked_ms + TICK_EVERY_MS:
            ticked_ms = each.record_ms
            yield ticked_ms
        yield each
    yield end_ms


def engine(settings: Settings, plan: Plan, accepted: AcceptedTimes) -> Engine:
    """The core as the workers of a space put it together."""
    people = pseudonymiser(
        people_key.read(settings.people),
        are_pseudonyms=settings.people.are_pseudonyms,
        scope=Scope(settings.people.scope),
    )
    decoder = Decoder(people, DecoderSettings(Topics(settings.space.space), accepted=accepted))
    partitions, policies = settings.floor.partitions, read_book(plan)
    return Engine(plan, decoder, read_calendar(), partitions=partitions, policies=policies)


def plan_of(settings: Settings) -> Plan:
    """The plan of a space, before it is stretched to a log's times."""
    return Plan(
        groupings=read_groupings(),
        late_after_ms=settings.floor.lateness_fine_s_max * 1000,
        retention_ms=settings.floor.retention_d * 86_400_000,
    )


def through_core(core: Engine, steps: Iterable[Arrival | int]) -> None:
    """Put everything through the core, as often flushed as ticked."""
    for step in steps:
        if isinstance(step, int):
            core.flush()
            core.tick(step)
        else:
            core.put(step.role, step.key, step.value, step.record_ms)
    core.flush()


def into_kafka(settings: Settings, steps: Iterable[Arrival | int]) -> int:
    """Send everything to a fresh space; how many records were sent, ticks aside."""

    async def send() -> int:
        topics, partitions = Topics(settings.space.space), settings.floor.partitions
        async with Feed(settings.connections.kafka, topics, partitions) as feed:
            for step in steps:
                if isinstance(step, int):
                    await feed.tick(step)
                else:
                    await feed.put(step.role, step.key, step.value, step.record_ms)
        return feed.sent

    return asyncio.run(send())


def read_back(kafka: Kafka, topics: Topics, partitions: int) -> list[records.Stored]:
    """All records of the input topics, by time; within a partition in order of offset."""
    places = [(topics.name(role), number) for role in INPUT_ROLES for number in range(partitions)]
    found = list(records.read(kafka.servers, kafka.spans(places)))
    return sorted(found, key=lambda each: (each.timestamp_ms, each.topic, each.offset))
