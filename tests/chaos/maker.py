"""Events with known truth: lives of items and presence of people, told twice, late and spoilt.

Knows nothing of the product but its topics and the shape of events. What it says is decided by
its seed, except for times: a live floor only takes events of now.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
#: Disorder: how long before its record an event may lie and still belong to its minute.
AGE_MS_MAX = 54 * MINUTE_MS
#: The whole life of a late item lies between these ages.
LATE_MS = (70 * MINUTE_MS, 170 * MINUTE_MS)
#: How far behind the clock of some records is.
SLOW_MS = 30 * MINUTE_MS
QUEUES = ("images", "texts", "appeals")
LABELS = ("safe", "spam", "adult")
#: Events of the hot item, and the time between them.
HOT_EVENTS = 250
HOT_EVERY_MS = 12_000

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """One record to send. ``event`` is None when nobody may count it; ``slow_ms``: clock behind."""

    topic: str
    key: str
    value: bytes
    event: Event | None
    late: bool = False
    slow_ms: int = 0


@dataclass(slots=True)
class Maker:
    """Writes the records of one episode; ``number`` keeps the items of episodes apart.

    ``crew`` names the people who work on them; by default an episode has its own.
    """

    seed: int
    number: int
    now_ms: int
    crew: int | None = None
    _count: int = 0
    _rng: Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = Random(f"{self.seed}/{self.number}")

    @property
    def _crew(self) -> int:
        return self.number if self.crew is None else self.crew

    def letters(self, items: int) -> list[Letter]:
        """All records in the order of sending: lives mixed, some told two to five times.

        With 40 items the hot one has half of them.
        """
        rng = self._rng
        lives = [list(self._life(f"{self.number}-{at}")) for at in range(items)]
        lives += [list(self._presence(f"{self.number}-person-{at}")) for at in range(6)]
        lives.append(list(self._hot()))
        found = [letter for life in lives for letter in life]
        rng.shuffle(found)
        for letter in rng.sample(found, len(found) // 8):
            for _ in range(rng.randrange(1, 5)):
                found.insert(rng.randrange(len(found)), letter)
        return found

    def _life(self, name: str) -> Iterator[Letter]:
        rng = self._rng
        late = rng.random() < 0.1
        oldest, youngest = (LATE_MS[1], LATE_MS[0]) if late else (AGE_MS_MAX, 0)
        slow_ms = SLOW_MS if not late and rng.random() < 0.1 else 0
        if slow_ms:
            # Younger ones would lie in the future of their record, and be refused.
            youngest = slow_ms
        ages = sorted((rng.randrange(youngest + 1, oldest) for _ in range(8)), reverse=True)
        for age_ms, (kind, fields) in zip(ages, self._story(name), strict=False):
            event = self._event(kind, self.now_ms - age_ms, fields)
            topic = "reviews" if kind.startswith("review") else "annotations"
            if rng.random() < 0.04:
                yield self._spoilt(topic, name, event)
            else:
                yield Letter(topic, name, _bytes(event), event, late, slow_ms)

    def _story(self, name: str) -> Iterator[tuple[str, Event]]:
        """What happens to an item, up to where it has got."""
        rng = self._rng
        place = {
            "item_id": name,
            "project_id": rng.choice(("p1", "p2")),
            "queue_id": rng.choice(QUEUES),
        }
        turn: Event = {
            "actor_id": f"{self._crew}-person-{rng.randrange(6)}",
            "assignment_id": f"{name}/1",
            "team_id": rng.choice(("blue", "red")),
            "site": rng.choice(("manila", "lisbon")),
        }
        work: Event = {
            "attempt": 1,
            "active_ms": rng.randrange(60_000),
            "labels": [rng.choice(LABELS)],
        }
        review = {
            "review_id": f"{name}/r",
            "reviewer_id": "reviewer-1",
            "author_id": turn["actor_id"],
            "outcome": rng.choice(("accept", "reject", "fix")),
        }
        skip = turn | {"reason": "unclear"}
        ended = rng.choice((("item.submitted", turn | work), ("item.skipped", skip)))
        story: list[tuple[str, Event]] = [
            ("item.created", {"created_at": self.now_ms}),
            ("item.queued", {}),
            ("item.claimed", turn),
            ("work.started", turn),
            ended,
            ("review.decided", review),
            ("item.completed", {"terminal_state": "done", "actor_type": "human"}),
        ]
        for kind, fields in story[: rng.randrange(1, len(story) + 1)]:
            yield kind, place | fields

    def _hot(self) -> Iterator[Letter]:
        """One item with half of all records."""
        name = f"{self.number}-hot"
        place = {"item_id": name, "project_id": "p1", "queue_id": "images"}
        turn = place | {"actor_id": f"{self._crew}-person-1", "assignment_id": "hot/1"}
        for at in range(HOT_EVENTS):
            age_ms = AGE_MS_MAX - at * HOT_EVERY_MS
            event = self._event("work.heartbeat", self.now_ms - age_ms, turn)
            event["active_ms_delta"] = 1_000
            yield Letter("annotations", name, _bytes(event), event)

    def _presence(self, name: str) -> Iterator[Letter]:
        for number in range(4):
            age_ms = AGE_MS_MAX - number * 700_000 - self._rng.randrange(60_000)
            says = {"actor_id": name, "status": "available", "productive": number % 2 == 0}
            event = self._event("presence.changed", self.now_ms - age_ms, says)
            yield Letter("workforce", name, _bytes(event), event)

    def _spoilt(self, topic: str, key: str, event: Event) -> Letter:
        """A record that must end among the dead letters."""
        match self._rng.randrange(4):
            case 0:
                value = _bytes(event)[:-9]
            case 1:
                value = _bytes(event | {"event_type": "item.lost"})
            case 2:
                value = b"\xff\x00" + self._rng.randbytes(20)
            case _:
                # A clock that is an hour ahead.
                value = _bytes(event | {"occurred_at": self.now_ms + HOUR_MS})
        return Letter(topic, key, value, None)

    def _event(self, kind: str, at_ms: int, fields: Event) -> Event:
        self._count += 1
        return {
            "event_id": f"{self.seed}.{self.number}.{self._count}.{self._rng.randrange(1 << 30)}",
            "event_type": kind,
            "schema_version": "1.0",
            "occurred_at": at_ms,
            "received_at": at_ms,
            "source": "studio",
            "org_id": "acme",
            **fields,
        }


def _bytes(event: Event) -> bytes:
    return json.dumps(event).encode()
