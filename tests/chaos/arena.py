"""A space on the grounds with its crew at work, a feed of letters, and the wait for the truth."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

from clickhouse_connect.driver.client import Client
from kafka.errors import KafkaError

from schemas.topics import Topics
from sinks import clickhouse
from streams import settings, setup
from streams.admin import Kafka
from streams.refusals import Refusal
from streams.settings import Settings
from streams.spaces import Names
from tests.chaos import snapshots
from tests.chaos.comparison import Verdict, compare_clickhouse, compare_fates
from tests.chaos.crew import Crew
from tests.chaos.grounds import Grounds
from tests.chaos.promises import POLICIES, Promises
from tests.chaos.sending import Sending
from tests.chaos.truth import Panes, Place
from tests.integration.main_job.conftest import environment

SESSION_S = 6.0
WORKERS = 2
_POLL_S = 0.3
_BROKER_S_MAX = 60.0
_OWN = {
    "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
    "WATCHFLOOR_HEALTH_PORT": "0",
    "WATCHFLOOR_FLUSH_INTERVAL_S": "0.5",
    "WATCHFLOOR_SESSION_TIMEOUT_S": str(SESSION_S),
    "WATCHFLOOR_STALLED_S_MAX": "40",
    "WATCHFLOOR_DELIVER_BATCH_AGE_S_MAX": "0.5",
    "WATCHFLOOR_DELIVER_RETRY_S_MAX": "2",
}

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Arena:
    """Everything that a fault may harm and that a comparison may ask."""

    grounds: Grounds
    settings: Settings
    crew: Crew
    client: Client
    sending: Sending
    #: Rows that were put into an output topic so that a sink refuses them.
    refused: set[Place] = field(default_factory=set)
    #: How often its workers were made a later version.
    upgrades: int = 0

    @property
    def topics(self) -> Topics:
        """The space's topics."""
        return Topics(self.settings.space.space)

    @property
    def partitions(self) -> int:
        """How many each topic has."""
        return self.settings.floor.partitions

    def ask(self, question: Callable[[Kafka], Answer]) -> Answer:
        """Ask the broker something, again while it is on its way back from a restart."""
        until_s = time.monotonic() + _BROKER_S_MAX
        connections = self.settings.connections
        while True:
            try:
                with Kafka(connections.kafka, connections.timeout_s) as kafka:
                    return question(kafka)
            except (KafkaError, Refusal):
                if time.monotonic() > until_s:
                    raise
                time.sleep(_POLL_S)

    def await_exact(self, seconds_max: float, *, whole: bool = False) -> Verdict:
        """What differs from the truth, once nothing does, or at the latest after so long.

        ``whole`` also asks for every snapshot that Redis should have, long windows included.
        """
        sent, wanted = self.sending.sent, self.sending.sent.panes()
        changelog = self.topics.floor_changelog(1)
        until_s = time.monotonic() + seconds_max
        while True:
            fates = self.ask(lambda kafka: compare_fates(kafka, changelog, self.partitions, sent))
            if fates and time.monotonic() < until_s:
                time.sleep(_POLL_S)
                continue
            verdict = self._compare(wanted, whole)
            if fates:
                verdict.note(f"fates: {dict(fates)} more than sent")
            if verdict.exact or time.monotonic() >= until_s:
                return verdict
            time.sleep(_POLL_S)

    def _compare(self, wanted: Panes, whole: bool) -> Verdict:
        sending = self.sending
        verdict = compare_clickhouse(
            self.client, sending.sent, self.refused, wanted, sending.promises
        )
        redis_url = self.grounds.direct["WATCHFLOOR_REDIS"]
        prefix = Names(self.settings.space.space).redis_prefix
        found = snapshots.read(redis_url, prefix)
        snapshots.compare(found, sending.sent, wanted, verdict, whole=whole)
        return verdict


@contextmanager
def arena(grounds: Grounds, folder: Path, *, without: str | None = None) -> Iterator[Arena]:
    """Set a space up with a crew at work, perhaps without a guard; all is gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    policies = folder / "policies.yaml"
    policies.write_text(POLICIES)
    own = {
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_ALERTS_POLICIES": str(policies),
        **_OWN,
    }
    with environment(grounds.direct | own):
        found = settings.read(f"c{token_hex(5)}")
        setup.set_up(found, lambda _: None, None)
        promises = Promises(found)
    connections = found.connections
    client = clickhouse.connect(connections.clickhouse)
    client.database = Names(found.space.space).database
    topics = Topics(found.space.space)
    guard = {} if without is None else {"CHAOS_WITHOUT": without}
    crew = Crew(found.space.space, folder, grounds.through | own | guard)
    try:
        with Sending(connections.kafka, topics.prefix, promises) as sending:
            for number in range(WORKERS):
                crew.worker(f"w{number}")
            crew.deliver("clickhouse")
            crew.deliver("redis")
            crew.await_at_work()
            yield Arena(grounds, found, crew, client, sending)
            with Kafka(connections.kafka, connections.timeout_s) as kafka:
                kafka.delete_topics([each.name for each in topics.specs()])
    finally:
        crew.end()
        client.close()
