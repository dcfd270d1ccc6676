"""``watchfloor simulate``: a believable floor's events, into Kafka or into a file."""

import asyncio
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from aiokafka.errors import KafkaError

from schemas.partitioner import Partitioner
from schemas.topics import Topics
from streams.commands.invocation import read_settings
from streams.commands.worker import read_terms
from streams.demo.pacing import FileOut, Out, Pace, now_ms, paced
from streams.feed import Feed
from streams.refusals import Refusal
from streams.replay_send import Pace as Speed
from streams.settings import Settings
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.history import Record, encoded, history
from streams.simulate.incidents import Incident, parse_incident

SAY_EVERY_S = 2.0
#: Above this rate the floor is several equal ones: simulating each event would take too long.
ONE_FLOOR_RATE_MAX = 1_000.0
_MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])


class IncidentType(click.ParamType):
    """Reads ``surge@120+300``."""

    name = "incident"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Incident:
        """The incident that a text names."""
        try:
            return parse_incident(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SpeedType(click.ParamType):
    """Reads ``live``, ``max`` or ``60x``."""

    name = "speed"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Speed:
        """The speed that a text names."""
        try:
            return Speed.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


incident_option = click.option(
    "--incident",
    "incidents",
    type=IncidentType(),
    multiple=True,
    metavar="KIND[:SUBJECT]@START+SECONDS",
    help="Trouble: surge, quality_drop, silent_source or slow_vendor, START seconds from now. "
    "May be repeated.",
)


@dataclass(frozen=True, slots=True)
class Span:
    """The simulated time, UTC ms; ``end_ms`` None: until somebody stops it."""

    start_ms: int
    end_ms: int | None


@click.command(
    epilog="""\b
watchfloor simulate                                      live, into Kafka, until Ctrl-C
watchfloor simulate --incident surge@60+300 --rate 200   five times the work, a minute from now
watchfloor simulate --seconds 3600 --speed max           the last hour, as fast as it goes
watchfloor simulate --out day.jsonl --seconds 86400 --start 2026-03-02T00:00:00Z --seed 7"""
)
@click.option(
    "--rate",
    default=50.0,
    show_default=True,
    type=click.FloatRange(1, 1_000_000),
    help="Events per second, averaged over a day.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed, another floor.")
@click.option("--seconds", type=click.FloatRange(min=1), help="How long, in the floor's time.")
@incident_option
@click.option(
    "--speed",
    type=SpeedType(),
    metavar="live|max|Nx",
    help="How fast its time runs. Default: live into Kafka, max into a file.",
)
@click.option(
    "--start",
    type=_MOMENT,
    help="When it begins (UTC). Default: now, or so that it ends now when faster.",
)
@click.option("--to", "to_kafka", type=click.Choice(["kafka"]), help="The default.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="JSONL, a new file.")
def command(  # noqa: PLR0913 - one for each option.
    rate: float,
    seed: int,
    seconds: float | None,
    incidents: tuple[Incident, ...],
    speed: Speed | None,
    start: datetime | None,
    to_kafka: str | None,
    out: Path | None,
) -> None:
    """Make the events of a floor: three sites, four queues, reviews, golden items, people.

    The same seed, start, rate and incidents give the same events.
    """
    if out is not None and to_kafka is not None:
        raise click.UsageError("say --to kafka or --out FILE, not both")
    speed = speed or Speed(1.0 if out is None else None)
    span = _span(speed, seconds, start)
    config = FloorConfig(incidents=incidents)
    found = _records(seed, rate, config, span)
    pace = Pace.from_now(_origin_ms(span, speed), speed.times)
    if out is None:
        count, whole = asyncio.run(_to_kafka(found, pace, _feed(read_settings())))
    else:
        count, whole = asyncio.run(_to_file(found, pace, out))
    click.echo(
        f"{'sent' if out is None else 'wrote'} {count} events{'' if whole else ', then stopped'}"
    )


def ahead(incidents: tuple[Incident, ...], head_start_ms: int) -> tuple[Incident, ...]:
    """The same incidents for a floor that begins earlier, so that they come from now on."""
    return tuple(replace(it, start_s=it.start_s + head_start_ms // 1000) for it in incidents)


def _span(speed: Speed, seconds: float | None, start: datetime | None) -> Span:
    if speed.times != 1.0 and seconds is None:
        raise click.UsageError("say --seconds N: faster than live it would run into the future")
    length_ms = None if seconds is None else int(seconds * 1000)
    if start is not None:
        start_ms = int(start.replace(tzinfo=UTC).timestamp() * 1000)
    elif speed.times == 1.0 or length_ms is None:
        start_ms = now_ms()
    else:
        takes_ms = 0 if speed.times is None else int(length_ms / speed.times)
        start_ms = now_ms() + takes_ms - length_ms
    return Span(start_ms, None if length_ms is None else start_ms + length_ms)


def _origin_ms(span: Span, speed: Speed) -> int:
    """The event time that is now: live, what lies before now is sent at once."""
    return max(span.start_ms, now_ms()) if speed.times == 1.0 else span.start_ms


def _records(seed: int, rate: float, config: FloorConfig, span: Span) -> Iterator[Record]:
    if rate <= ONE_FLOOR_RATE_MAX:
        floor = Floor(seed, config.for_rate(rate))
        return map(encoded, floor.events(span.start_ms, span.end_ms))
    if span.end_ms is None:
        raise click.UsageError(
            f"say --seconds N: above --rate {ONE_FLOOR_RATE_MAX:.0f} it must end"
        )
    return history(seed, span.start_ms, span.end_ms, rate, config)


def _feed(settings: Settings) -> Feed:
    """The way into the space; Refusal when it was never set up."""
    partitioner = Partitioner(read_terms(settings).partitioner)
    topics, partitions = Topics(settings.space.space), settings.floor.partitions
    return Feed(settings.connections.kafka, topics, partitions, partitioner)


async def _to_kafka(found: Iterator[Record], pace: Pace, feed: Feed) -> tuple[int, bool]:
    try:
        async with feed:
            whole = await _send(found, pace, feed)
    except KafkaError as error:
        raise Refusal(
            f"Kafka did not take events: {type(error).__name__}",
            "`watchfloor doctor` says more",
        ) from error
    return feed.sent, whole


async def _to_file(found: Iterator[Record], pace: Pace, path: Path) -> tuple[int, bool]:
    try:
        out = FileOut(path)
    except OSError as error:
        raise Refusal(f"{path} can't be written: {error.strerror}", "name another file") from error
    try:
        whole = await _send(found, pace, out)
        return out.sent, whole
    finally:
        out.close()


async def _send(found: Iterator[Record], pace: Pace, out: Out) -> bool:
    """Send until the end or until Ctrl-C, saying how far it is; True when it came to its end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    began_s = said_s = time.monotonic()
    async for record in paced(found, pace, out, stop):
        await out.put(record.role, record.key, record.value, now_ms())
        now_s = time.monotonic()
        if now_s - said_s > SAY_EVERY_S:
            said_s = now_s
            at = datetime.fromtimestamp(record.received_ms / 1000, UTC)
            rate = out.sent / (now_s - began_s)
            click.echo(f"{out.sent:,} events, {rate:,.0f}/s, at {at:%Y-%m-%d %H:%M:%S}Z", err=True)
    await out.flush()
    return not stop.is_set()
