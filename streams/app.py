"""The Faust app ``floor``: Kafka in, Kafka out, nothing else."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import faust
from faust.types import TP
from mode import Service

from schemas.codec import Decoder, DecoderSettings
from schemas.partitioner import Partitioner
from schemas.people import Scope, pseudonymiser
from schemas.topics import INPUT_ROLES, Role, Topics
from streams import people_key, policy_files
from streams.changelog import StageSettings
from streams.clockwork import Flusher, Follower, Observer, Page, Ticker
from streams.core.plan import Plan
from streams.health import HealthPage
from streams.meters import Meters
from streams.plans import accepted_times
from streams.runtime import App, AppSettings, Hooks, make_app, run
from streams.settings import Settings
from streams.spaces import Names, Terms
from streams.stage1 import Reading, Stage1
from streams.stage2 import Stage2, Watching
from streams.transport import Consumer, batch_topic, batches
from streams.watchdog import Limits, Watchdog

#: Python looks through everything for cycles whenever its heap has grown somewhat. The state is
#: large, made anew all the time and without cycles: as often as by default that took a fifth.
GC_THRESHOLDS = (50_000, 20, 20)


@dataclass(slots=True)
class Floor:
    """One worker process of the floor."""

    app: App
    stage1: Stage1
    stage2: Stage2
    meters: Meters


def make_decoder(settings: Settings, terms: Terms) -> Decoder:
    """What reads the space's events, people's ids becoming pseudonyms."""
    people = pseudonymiser(
        people_key.read(settings.people),
        are_pseudonyms=settings.people.are_pseudonyms,
        scope=Scope(settings.people.scope),
    )
    topics = Topics(settings.space.space)
    return Decoder(people, DecoderSettings(topics, accepted=accepted_times(settings, terms)))


def make_floor(
    settings: Settings, terms: Terms, plan: Plan, watching: Watching, instance: str
) -> Floor:
    """Put the worker together; nothing connects yet."""
    topics = Topics(settings.space.space)
    app = make_app(
        AppSettings(
            kafka=settings.connections.kafka,
            group=Names(settings.space.space).group("floor"),
            instance_id=instance,
            session_timeout_s=settings.floor.session_timeout_s,
        )
    )
    meters = Meters()
    stage_settings = StageSettings(
        plan,
        topics,
        settings.floor.partitions,
        Partitioner(terms.partitioner),
        settings.floor.flush_changes_max,
    )
    reading = Reading(make_decoder(settings, terms), policy_files.read_book(plan))
    stage1 = Stage1(app, stage_settings, reading, meters)
    stage2 = Stage2(app, stage_settings, watching, meters)
    _declare_agents(app, topics, stage1, stage2)
    floor = Floor(app, stage1, stage2, meters)
    app.hooks = _hooks(floor)
    return floor


def _declare_agents(app: App, topics: Topics, stage1: Stage1, stage2: Stage2) -> None:
    async def take_source(stream: faust.StreamT[object]) -> None:
        async for batch in batches(stream):
            await stage1.take(batch)

    async def take_panes(stream: faust.StreamT[object]) -> None:
        async for batch in batches(stream):
            await stage2.take(batch)

    async def take_commands(stream: faust.StreamT[object]) -> None:
        async for batch in batches(stream):
            await stage1.take_commands(batch)
            await stage2.take_commands(batch)

    for role in (*INPUT_ROLES, Role.TICKS):
        app.agent(batch_topic(app, topics.name(role)), name=f"stage1-{role.value}")(take_source)
    app.agent(batch_topic(app, topics.panes), name="stage2-panes")(take_panes)
    app.agent(batch_topic(app, topics.commands), name="stage2-commands")(take_commands)


def _hooks(floor: Floor) -> Hooks:
    async def before_revoke(_revoked: set[TP]) -> None:
        await floor.stage1.flush_all()
        await floor.stage2.flush_all()

    async def start_offsets(_sources: set[TP]) -> Mapping[TP, int]:
        found: dict[TP, int] = {}
        for partition in floor.stage1.shards:
            found |= floor.stage1.offsets(partition)
        for partition in floor.stage2.states:
            for tp, offset in floor.stage2.offsets(partition).items():
                # Both stages read commands: whoever is behind says where to begin.
                found[tp] = min(offset, found.get(tp, offset))
        return found

    return Hooks(before_revoke=before_revoke, start_offsets=start_offsets)


def run_floor(floor: Floor, settings: Settings, *, ticking: bool) -> None:
    """Run until told to stop; ``ticking`` is False in a space whose time a replay sends."""
    gc.set_threshold(*GC_THRESHOLDS)
    app, interval_s = floor.app, settings.floor.flush_interval_s
    watchdog = Watchdog(app, Limits(commit_age_s_max=settings.floor.stalled_s_max))
    page = HealthPage(settings.health, floor.meters, alive=lambda: None, ready=_ready(floor))
    services: list[Service] = [
        Flusher(floor.stage1, interval_s),
        Follower(floor.stage2, interval_s),
        Observer(app, floor.stage1, floor.stage2, floor.meters),
        Page(page),
        watchdog,
    ]
    if ticking:
        services.append(Ticker(app, floor.stage1))
    run(app, *services)


def _ready(floor: Floor) -> Callable[[], str | None]:
    def why_not() -> str | None:
        consumer = floor.app._consumer
        if consumer is None or not cast(Consumer, consumer).reading:
            return "partitions are being assigned or recovered"
        return None

    return why_not
