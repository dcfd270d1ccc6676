"""The Faust app ``deliver-notify``: alerts in, notices out; one process at a time does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import faust
from faust.types import TP
from mode import Service

from schemas.topics import LIVE, Topics
from sinks.evidence_items import EvidenceItems
from sinks.notify.bodies import Links
from sinks.notify.targets import Targets
from streams.alert_access import Gate
from streams.alert_commands import Commands
from streams.alerts_api import AlertsApi
from streams.alerts_page import AlertsPage
from streams.batches import batch_topic, batches
from streams.clockwork import DeliveryObserver, Page
from streams.health import HealthPage
from streams.item_lookup import ItemLookup
from streams.kept_files import KeptFile
from streams.notifier import Notifier
from streams.notify_settings import Alerts, Notify
from streams.postman import Postman, Pulse, Receivers
from streams.principals import read_principals
from streams.receiver_files import read_receivers
from streams.runtime import App, AppSettings, Hooks, make_app, run
from streams.settings import Settings
from streams.spaces import Names
from streams.transport import Consumer
from streams.watchdog import Watchdog


@dataclass(slots=True)
class Notifying:
    """One process of the notifier."""

    app: App
    settings: Settings
    postman: Postman
    services: tuple[Service, ...]


def make_notify(settings: Settings, notify: Notify, alerts: Alerts, instance: str) -> Notifying:
    """Put it together; nothing connects yet. Raises FileRefused for a file that can't be used.

    In a space other than live nobody is told, unless the settings say so.
    """
    space = settings.space.space
    app = make_app(
        AppSettings(
            kafka=settings.connections.kafka,
            group=Names(space).group("deliver-notify"),
            instance_id=instance,
            session_timeout_s=settings.floor.session_timeout_s,
        )
    )
    receivers = None
    if space == LIVE or notify.replays:
        receivers = Receivers(notify.receivers, read_receivers)
    connections = settings.connections
    items = EvidenceItems(
        connections.clickhouse,
        Names(space).database,
        user=connections.clickhouse_user,
        password=connections.clickhouse_password.get_secret_value(),
    )
    notifier = Notifier(app, Topics(space), ItemLookup(items))
    targets = Targets(Links(notify.public_url), space, settings.connections.kafka)
    pulse = Pulse(notifier, settings.floor.partitions, notify)
    postman = Postman(notifier, receivers, targets, pulse)
    postman.caught_up_ms = int(notify.caught_up_s * 1000)
    _declare_agent(app, notifier)
    app.hooks = _hooks(notifier)
    gate = Gate(KeptFile(alerts.principals, read_principals), alerts.host)
    commands = Commands(notifier, settings.floor.partitions)
    api = AlertsApi(notifier, receivers, targets.links, gate, commands)
    page = AlertsPage(api, alerts.host, alerts.port)
    return Notifying(app, settings, postman, (pulse, postman, page))


def _declare_agent(app: App, notifier: Notifier) -> None:
    async def take(stream: faust.StreamT[object]) -> None:
        async for batch in batches(stream):
            await notifier.take(batch)

    app.agent(batch_topic(app, notifier.topics.alerts), name="notify-alerts")(take)


def _hooks(notifier: Notifier) -> Hooks:
    async def start_offsets(_sources: set[TP]) -> Mapping[TP, int]:
        return notifier.offsets()

    return Hooks(start_offsets=start_offsets)


def run_notify(notifying: Notifying) -> None:
    """Run until told to stop."""
    app, meters = notifying.app, notifying.postman.meters

    def why_not() -> str | None:
        consumer = cast(Consumer | None, app._consumer)
        return None if consumer is not None and consumer.reading else "not reading yet"

    page = HealthPage(notifying.settings.health, meters, lambda: None, why_not)
    observer = DeliveryObserver(app, "notify", meters)
    run(app, Page(page), Watchdog(app), observer, *notifying.services)
