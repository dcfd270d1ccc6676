"""People of one source partition, and the other voices that are not items (queues, sources).

Only their presence makes facts. Everything they say is remembered for the retention, so that a
repeat counts once.
"""

from bisect import insort
from collections.abc import Callable

import msgspec

from schemas.groupings import SEPARATOR
from streams.core.facts import Fact
from streams.core.moments import Event, event_hash
from streams.core.plan import HOUR_MS, Plan
from streams.core.presence import Sighting, add_sighting, sighting_of

#: Which field names the speaker, in the order of preference.
_SPEAKERS = ("actor_id", "queue_id", "project_id", "source")


class Person(msgspec.Struct, array_like=True):
    """What one person was seen to do, oldest first, and the ids of all other events heard."""

    sightings: list[Sighting]
    heard: list[tuple[int, int]]
    latest_ms: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Person).decode


class Persons:
    """Everybody who speaks in one source partition, by (org, source, id)."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._people: dict[str, Person] = {}
        self._dirty: set[str] = set()
        #: Event time at which everybody was last looked at for retirement.
        self._looked_ms = 0

    def __contains__(self, key: str) -> bool:
        return key in self._people

    def hear(self, event: Event, record_ms: int) -> list[Fact] | None:
        """Take an event in; returns the facts that change, None when it was heard before."""
        speaker = next(event[name] for name in _SPEAKERS if event.get(name))
        key = SEPARATOR.join((event["org_id"], event["source"], speaker))
        person = self._people.get(key)
        if person is None:
            person = self._people[key] = Person([], [])
        facts: list[Fact] | None
        if event["event_type"] == "presence.changed":
            facts = add_sighting(self._plan, speaker, person.sightings, sighting_of(event))
        else:
            facts = self._remember(person, event)
        if facts is not None:
            person.latest_ms = max(person.latest_ms, record_ms)
            self._dirty.add(key)
        return facts

    @staticmethod
    def _remember(person: Person, event: Event) -> list[Fact] | None:
        entry = (event["occurred_at"], event_hash(event["event_id"]))
        if entry in person.heard:
            return None
        insort(person.heard, entry)
        return []

    def put(self, key: str, packed: bytes) -> None:
        """Take a person back in, as recovery found them."""
        self._people[key] = _decode(packed)

    def drop(self, key: str) -> None:
        """Forget a person that recovery found deleted."""
        self._people.pop(key, None)

    def rename(self, person: str, mark_in: Callable[[str], str]) -> list[str]:
        """Keep a person under the mark of each source; the keys that are no more."""
        gone = []
        for key in [key for key in self._people if key.split(SEPARATOR)[-1] == person]:
            place = SEPARATOR.join(key.split(SEPARATOR)[:-1])
            new = SEPARATOR.join((place, mark_in(place)))
            was, known = self._people.pop(key), self._people.get(new)
            if known is not None:
                was.sightings = sorted({*was.sightings, *known.sightings})
                was.heard = sorted({*was.heard, *known.heard})
                was.latest_ms = max(was.latest_ms, known.latest_ms)
            self._people[new] = was
            self._dirty.discard(key)
            self._dirty.add(new)
            gone.append(key)
        return gone

    def touch_all(self, keys: set[str]) -> None:
        """Have people written again with the next flush."""
        self._dirty |= keys & self._people.keys()

    def take_dirty(self) -> list[tuple[str, bytes]]:
        """Changed people with their stored form."""
        dirty, self._dirty = self._dirty, set()
        return [(key, _encode(self._people[key])) for key in dirty]

    def retire(self, now_ms: int) -> list[str]:
        """Forget what is older than the retention; returns the keys of those fully forgotten."""
        if now_ms < self._looked_ms + HOUR_MS:
            return []
        self._looked_ms = now_ms
        limit_ms = now_ms - self._plan.retention_ms
        gone = []
        for key, person in self._people.items():
            if person.latest_ms < limit_ms and key not in self._dirty:
                gone.append(key)
            elif person.heard and person.heard[0][0] < limit_ms:
                person.heard = [entry for entry in person.heard if entry[0] >= limit_ms]
        for key in gone:
            del self._people[key]
        return gone
