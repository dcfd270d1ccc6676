"""The Faust apps that deliver to stores, ClickHouse and Redis; each a group of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import faust
import msgspec
from mode import Service

from schemas.alerts import AlertTransition, Silence, decode_command
from schemas.dead_letters import NotADeadLetter, from_record
from schemas.forgetting import decode_forget
from schemas.notices import Told, decode_record
from schemas.rows import (
    AlertLogRow,
    DeadLetterRow,
    ItemRow,
    LabelRow,
    RollupRow,
    SlaRow,
    SnapshotRow,
    decode,
)
from schemas.topics import Role, Topics
from sinks import alert_log
from sinks.alert_feed import AlertFeed
from sinks.clickhouse import ClickHouseSink
from sinks.errors import Refused
from sinks.evidence_items import EvidenceItems
from sinks.redis import RedisSink
from sinks.rows import RowKind
from streams.batches import batch_topic, batches
from streams.clockwork import DeliveryObserver, Page
from streams.delivery import Delivery, Outage, RawRecord, Read, Write
from streams.health import HealthPage
from streams.meters import Meters
from streams.pipeline_watch import PipelineWatch
from streams.runtime import App, AppSettings, make_app, run
from streams.settings import Settings
from streams.spaces import Names
from streams.span_keeping import SpanKeeping
from streams.transport import Consumer
from streams.watchdog import Watchdog

#: Redis takes small writes as gladly as large ones, and people wait for what is in it.
REDIS_BATCH_AGE_S_MAX = 0.2


@dataclass(slots=True)
class Deliverer:
    """One sink's process: its app, and the topics it delivers."""

    app: App
    sink: str
    settings: Settings
    meters: Meters = field(default_factory=Meters)
    outage: Outage = field(default_factory=Outage)
    deliveries: list[Delivery] = field(default_factory=list)
    others: list[Service] = field(default_factory=list)

    def deliver(self, role: Role, read: Read, write: Write) -> None:
        """Deliver one topic."""
        topics = Topics(self.settings.space.space)
        delivery = Delivery(self.app, topics, self.settings.deliver, self.meters, self.outage)
        self.deliveries.append(delivery.route(self.sink, role, read, write))

        async def take(stream: faust.StreamT[Any]) -> None:
            async for batch in batches(stream):
                await delivery.take(batch)

        topic = batch_topic(self.app, topics.name(role))
        self.app.agent(topic, name=f"{self.sink}-{role.value}")(take)


def _read_row(kind: type[msgspec.Struct], record: RawRecord) -> msgspec.Struct:
    return decode(record.value or b"", kind)


def _read_dead_letter(record: RawRecord) -> DeadLetterRow:
    return from_record(record.key, record.value, tuple(record.headers)).to_row()


def _read_command(record: RawRecord) -> AlertLogRow:
    if decode_forget(record.value or b"") is not None:
        raise NotADeadLetter("who was forgotten is in no log")
    return alert_log.of_command(decode_command(record.value or b""))


def _read_told(record: RawRecord) -> AlertLogRow:
    return alert_log.of_told(decode(record.value or b"", Told))


def make_clickhouse(settings: Settings, instance: str) -> Deliverer:
    """Rollups, items, labels, SLA clocks, dead letters and the alert log into ClickHouse."""
    deliverer = _make(settings, "clickhouse", instance)
    connections = settings.connections
    sink = ClickHouseSink(
        connections.clickhouse,
        Names(settings.space.space).database,
        user=connections.clickhouse_user,
        password=connections.clickhouse_password.get_secret_value(),
    )
    kinds: dict[Role, tuple[RowKind, Read]] = {
        Role.ROLLUPS: ("rollups", partial(_read_row, RollupRow)),
        Role.ITEMS: ("items", partial(_read_row, ItemRow)),
        Role.LABELS: ("labels", partial(_read_row, LabelRow)),
        Role.SLA: ("sla_ledger", partial(_read_row, SlaRow)),
        Role.DEAD_LETTERS: ("dead_letters", _read_dead_letter),
        Role.COMMANDS: ("alert_log", _read_command),
        Role.NOTICES: ("alert_log", _read_told),
    }
    for role, (kind, read) in kinds.items():
        deliverer.deliver(role, read, partial(sink.write, kind))
    items = EvidenceItems(
        connections.clickhouse,
        Names(settings.space.space).database,
        user=connections.clickhouse_user,
        password=connections.clickhouse_password.get_secret_value(),
    )
    deliverer.deliver(Role.ALERTS, _read_alert, partial(_write_alerts, sink, items))
    deliverer.others.append(SpanKeeping(settings))
    return deliverer


def _read_alert(record: RawRecord) -> msgspec.Struct:
    return decode_record(record.value or b"")


def _write_alerts(
    sink: ClickHouseSink, items: EvidenceItems, given: Sequence[msgspec.Struct]
) -> Sequence[Refused]:
    """Steps and silences as rows; steps that raise an alert name some of the items behind it."""
    steps = [each for each in given if isinstance(each, AlertTransition)]
    pairs: list[tuple[msgspec.Struct, AlertLogRow]] = [
        (step, alert_log.of_transition(filled))
        for step, filled in zip(steps, items.fill(steps), strict=True)
    ]
    pairs += [(each, alert_log.of_command(each)) for each in given if isinstance(each, Silence)]
    given_of = {id(row): each for each, row in pairs}
    refused = sink.write("alert_log", [row for _, row in pairs])
    return [Refused(given_of[id(each.row)], each.reason) for each in refused]


def make_redis(settings: Settings, instance: str) -> Deliverer:
    """Live snapshots and alerts into Redis."""
    age_s = min(settings.deliver.batch_age_s_max, REDIS_BATCH_AGE_S_MAX)
    at_once = settings.deliver.model_copy(update={"batch_age_s_max": age_s})
    deliverer = _make(replace(settings, deliver=at_once), "redis", instance)
    connections = settings.connections
    sink = RedisSink(
        connections.redis,
        Names(settings.space.space).redis_prefix,
        password=connections.redis_password.get_secret_value() or None,
        expiry_s=settings.deliver.snapshot_ttl_s,
    )

    def write(rows: Sequence[msgspec.Struct]) -> Sequence[Refused]:
        sink.write(cast(Sequence[SnapshotRow], rows))
        return []

    feed = AlertFeed(
        connections.redis,
        Names(settings.space.space).redis_prefix,
        password=connections.redis_password.get_secret_value() or None,
    )

    def write_alerts(rows: Sequence[msgspec.Struct]) -> Sequence[Refused]:
        feed.write(each for each in rows if isinstance(each, AlertTransition))
        return []

    deliverer.others.append(PipelineWatch(settings, sink, feed))
    deliverer.deliver(Role.SNAPSHOTS, partial(_read_row, SnapshotRow), write)
    deliverer.deliver(Role.ALERTS, _read_alert, write_alerts)
    return deliverer


def _make(settings: Settings, sink: str, instance: str) -> Deliverer:
    app = make_app(
        AppSettings(
            kafka=settings.connections.kafka,
            group=Names(settings.space.space).group(f"deliver-{sink}"),
            instance_id=instance,
            session_timeout_s=settings.floor.session_timeout_s,
        )
    )
    return Deliverer(app, sink, settings)


def run_deliverer(deliverer: Deliverer) -> None:
    """Run until told to stop."""
    app, outage = deliverer.app, deliverer.outage

    def why_not() -> str | None:
        if outage.since_s is not None:
            return f"{deliverer.sink} is away"
        consumer = cast(Consumer | None, app._consumer)
        return None if consumer is not None and consumer.reading else "not reading yet"

    page = HealthPage(deliverer.settings.health, deliverer.meters, lambda: None, why_not)
    watchdog = Watchdog(app, excused=lambda: outage.since_s is not None)
    observer = DeliveryObserver(app, deliverer.sink, deliverer.meters)
    run(app, Page(page), watchdog, observer, *deliverer.deliveries, *deliverer.others)
