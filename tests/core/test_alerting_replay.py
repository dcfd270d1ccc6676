"""Live is replay: the same log and ticks give the same alerts, whatever the batches and owners."""

from random import Random

import orjson
import pytest

from schemas.alerts import AlertTransition
from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.people import Scope, pseudonymiser
from schemas.topics import Role
from streams.core.engine import Engine
from streams.core.plan import DAY_MS, HOUR_MS, MINUTE_MS, Plan
from tests.core.floors import CALENDAR
from tests.core.rule_floors import START_MS, book, rule

RULES = book(
    rule(window="5m", for_="2m", keep_firing_for="3m", clear=0.95),
    rule(alert="Sure", window=None, decide_on="confidence", since="day", series=10),
    rule(alert="Old", metric="oldest_waiting_age", window=None, op=">", value="20m", min_events=0),
    rule(alert="Busy", metric="arrival_rate", by=[], window="15m", op=">", value=1, min_events=0),
)


def log(seed: int) -> list[tuple[int, dict[str, object]]]:
    """Two hours of items and golden answers in three queues, with a bad half hour."""
    rng = Random(seed)
    found = []
    for number in range(600):
        at_ms = START_MS + rng.randrange(2 * HOUR_MS)
        bad = START_MS + HOUR_MS < at_ms < START_MS + HOUR_MS + 30 * MINUTE_MS
        event = {
            "event_id": str(number),
            "event_type": rng.choice(["golden.answered", "golden.answered", "item.queued"]),
            "schema_version": "1.0",
            "occurred_at": at_ms,
            "received_at": at_ms,
            "source": "coop",
            "org_id": "north",
            "project_id": "chat",
            "queue_id": f"q{rng.randrange(3)}",
            "item_id": f"i{number}",
            "actor_id": "ana",
            "golden_id": "g",
            "correct": rng.random() > (0.6 if bad else 0.03),
        }
        found.append((at_ms, event))
    return sorted(found, key=lambda each: each[0])


def said(seed: int, partitions: int, flush_share: float) -> list[tuple[object, ...]]:
    """What rules say of the log, ticking every minute, with flushes in between at random."""
    rng = Random(seed)
    accepted = AcceptedTimes(START_MS - DAY_MS, START_MS + DAY_MS, relative=False)
    people = pseudonymiser(None, are_pseudonyms=True, scope=Scope.SOURCE)
    decoder = Decoder(people, DecoderSettings(accepted=accepted))
    engine = Engine(Plan(), decoder, CALENDAR, partitions=partitions)
    engine.watch(RULES)
    tick_ms = START_MS
    for at_ms, event in log(seed):
        while at_ms >= tick_ms:
            engine.tick(tick_ms)
            engine.flush()
            tick_ms += MINUTE_MS
        key = str(event["item_id"]).encode()
        engine.put(Role.ANNOTATIONS, key, orjson.dumps(event), at_ms)
        if rng.random() < flush_share:
            engine.flush()
    assert engine.counters()["applied"] == 600
    return sorted(map(told, engine.found.alerts))


def told(each: AlertTransition) -> tuple[object, ...]:
    """A transition without its contributors: which of them are near depends on the partition."""
    assert each.evidence is not None
    seen = each.evidence
    return (each.at_ms, each.id, each.transition, str(seen.value), seen.n, each.annotations)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_log_and_ticks_give_the_same_alerts(seed: int) -> None:
    once = said(seed, 1, 0.0)
    assert {each[2] for each in once} >= {"pending", "firing"}
    assert said(seed, 1, 0.2) == once
    assert said(seed, 4, 0.1) == once
