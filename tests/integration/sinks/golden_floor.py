"""A simulated floor whose every submission is of a golden item, and its answers counted by hand."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

from schemas.codec import Decoder, DecoderSettings
from streams.core.engine import Engine
from streams.core.plan import HOUR_MS, MINUTE_MS, Plan
from streams.floor_files import read_calendar
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from tests.analysts.offline_floor import ACCEPTED, SPAN_MS, START_MS

#: From a minute to a minute, a quarter of an hour begun on both ends.
FROM_MS, TO_MS = START_MS + 7 * MINUTE_MS, START_MS + SPAN_MS - 4 * MINUTE_MS
LABELS = ("cat", "dog", "owl")
#: Place, expected and given label; then answers, and correct ones.
Cells = dict[tuple[str | None, ...], tuple[int, int]]
Event = dict[str, Any]
#: Events and the times of their Kafka records, in order of arrival.
Arrived = list[tuple[Event, int]]


def _answers(rng: Random, submitted: Event, number: int) -> Iterator[Event]:
    """Up to three golden answers about a submission's item, of people of their own."""
    expected = rng.choice(LABELS)
    for person in range(rng.choice([1, 1, 2, 3])):
        given = expected if rng.random() < 0.7 else rng.choice(LABELS)
        labels = {} if number % 9 == 0 else {"expected": expected, "actual": given}
        yield {
            **{name: submitted[name] for name in ("schema_version", "source", "org_id")},
            **{name: submitted[name] for name in ("project_id", "queue_id", "item_id")},
            **labels,
            "event_id": f"golden-{number}-{person}",
            "event_type": "golden.answered",
            "occurred_at": submitted["occurred_at"] // MINUTE_MS * MINUTE_MS + person,
            "received_at": submitted["received_at"],
            "golden_id": "g",
            "actor_id": f"p{(number + person) % 7}",
            # Some pools take what is near enough.
            "correct": given == expected or (number % 5 == 0 and not person),
        }


def sent() -> Arrived:
    """All events of the floor; some come hours late."""
    rng, found = Random(5), list[Event]()
    for event in Floor(7, FloorConfig().for_rate(2.0)).events(START_MS, START_MS + SPAN_MS):
        if event["event_type"] == "golden.answered":
            continue
        found.append(event)
        if event["event_type"] == "item.submitted":
            found += _answers(rng, event, len(found))
    late = [rng.randrange(3 * HOUR_MS) if rng.random() < 0.05 else 0 for _ in found]
    arrived = [(it, it["received_at"] + late_ms) for it, late_ms in zip(found, late, strict=True)]
    return sorted(arrived, key=lambda it: it[1])


def new_engine() -> Engine:
    """A floor that has heard nothing yet."""
    decoder = Decoder(None, DecoderSettings(accepted=ACCEPTED))
    return Engine(Plan(), decoder, read_calendar(), partitions=4)


def _pane(event: Event, record_ms: int) -> tuple[int, int]:
    """Start and length of the pane in which it counts."""
    late = event["occurred_at"] < record_ms - HOUR_MS
    size_ms = (15 if late else 1) * MINUTE_MS
    return event["occurred_at"] // size_ms * size_ms, size_ms


def _is_sure(given: list[Event]) -> bool:
    """Whether an item's answers in one pane can be told apart by their counts."""
    pairs = {(it.get("expected"), it.get("actual")) for it in given}
    missed, taken = ({pair[at] for pair in pairs if pair[0] != pair[1]} for at in (0, 1))
    as_labels = all(it["correct"] == (it.get("expected") == it.get("actual")) for it in given)
    labelled = (None, None) not in pairs
    return labelled and (as_labels or len(pairs) == 1) and min(len(missed), len(taken)) <= 1


def counted(events: Arrived) -> Cells:
    """By place and labels, out of the events."""
    panes: dict[tuple[object, ...], list[Event]] = defaultdict(list)
    for event, record_ms in events:
        start_ms, size_ms = _pane(event, record_ms)
        if event["event_type"] == "golden.answered" and FROM_MS <= start_ms < TO_MS:
            panes[event["item_id"], event["queue_id"], start_ms, size_ms].append(event)
    n, correct = Counter[tuple[str | None, ...]](), Counter[tuple[str | None, ...]]()
    for given in panes.values():
        is_sure = _is_sure(given)
        for event in given:
            place = (event["org_id"], event["source"], event["project_id"], event["queue_id"])
            pair = (event["expected"], event["actual"]) if is_sure else (None, None)
            n[*place, *pair] += 1
            correct[*place, *pair] += event["correct"]
    return {cell: (count, correct[cell]) for cell, count in n.items()}
