"""People who were forgotten: what is kept in their place, and how they are known again.

The list holds fingerprints, which say nothing but "this one" to whoever has the pseudonym. In an
item's history a *mark* stands for the person, so that its story goes on being the same: equal
within the item, and different in every other. No grouping by people gets a mark, no row has one.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b

import msgspec

from schemas.envelope import PEOPLE_FIELDS
from schemas.forgetting import fingerprint as fingerprint
from schemas.groupings import PERSONS, SEPARATOR, Grouping
from streams.core.moments import DECIDED, Event, Moment

#: Begins every mark; a control character, which no id has.
_MARK = "\x1e"
_MARK_BYTES = 4
_KNOWN_MAX = 65_536


def mark(place: str, person: str) -> str:
    """What stands for a forgotten person in one place: an item, or a source."""
    text = SEPARATOR.join((place, person)).encode()
    return _MARK + blake2b(text, digest_size=_MARK_BYTES).hexdigest()


def is_mark(value: str | None) -> bool:
    """Whether a value stands for somebody who was forgotten."""
    return value is not None and value.startswith(_MARK)


def shown(value: str) -> str:
    """What rows say: nothing of who was forgotten."""
    return "" if value.startswith(_MARK) else value


def names_person(subject: str, person: str) -> bool:
    """Whether a subject is about a person, alone or with other dimensions."""
    return person in subject.split(SEPARATOR)[1:]


def names_anybody(moments: Iterable[Moment], person: str) -> bool:
    """Whether a person is in any of these moments."""
    return any(
        moment.actor == person or (moment.code == DECIDED and person in moment.details[:2])
        for moment in moments
    )


def without(moment: Moment, key: str, person: str) -> Moment:
    """The moment of the item ``key`` with a mark in a person's place."""
    details = moment.details
    if moment.code == DECIDED:
        people = [mark(key, person) if name == person else name for name in details[:2]]
        details = (*people, *details[2:])
    actor = mark(key, person) if moment.actor == person else moment.actor
    if actor == moment.actor and details == moment.details:
        return moment
    return msgspec.structs.replace(moment, actor=actor, details=details)


class Forgotten:
    """The list of one partition; what is new is taken by the next flush."""

    def __init__(self) -> None:
        self._fingerprints: set[str] = set()
        self._fresh: set[str] = set()
        #: What was found out about people and subjects since the list last changed.
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._fingerprints)

    def holds(self, name: str) -> bool:
        """Whether a fingerprint is on the list."""
        return name in self._fingerprints

    def __contains__(self, person: str) -> bool:
        known = self._known.get(person)
        if known is None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            known = self._known[person] = fingerprint(person) in self._fingerprints
        return known

    def add(self, person: str, *, stored: bool = True) -> None:
        """Know a person again from now on; ``stored`` makes it last, with the next flush."""
        self._fingerprints.add(fingerprint(person))
        self._known.clear()
        if stored:
            self.store([fingerprint(person)])

    def store(self, names: Collection[str]) -> None:
        """Write these fingerprints, if they are on the list, with the next flush."""
        self._fresh |= self._fingerprints & set(names)

    def put(self, name: str) -> None:
        """Take a fingerprint back in, as recovery found it."""
        self._fingerprints.add(name)

    def drop(self, name: str) -> None:
        """Recovery found a fingerprint deleted."""
        self._fingerprints.discard(name)

    def take_fresh(self) -> list[str]:
        """Fingerprints that are to be stored."""
        fresh, self._fresh = self._fresh, set()
        return sorted(fresh)

    def in_subject(self, subject: str, groupings: Mapping[str, Grouping]) -> bool:
        """Whether a subject is about somebody on the list."""
        name, *values = subject.split(SEPARATOR)
        if name not in groupings:
            return False  # Of a signal, which is about no person.
        pairs = zip(groupings[name].dimensions, values, strict=False)
        return any(dimension in PERSONS and value in self for dimension, value in pairs)

    def clean(self, event: Event, place: str) -> set[str]:
        """Put marks into an event where it names somebody on the list; who that was."""
        found: set[str] = set()
        for field in PEOPLE_FIELDS if self._fingerprints else ():
            person = event.get(field)
            if person is not None and person in self:
                event[field] = mark(place, person)
                found.add(person)
        return found
