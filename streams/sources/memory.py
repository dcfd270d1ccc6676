"""What past records said about something, so that a later one can be understood.

Label Studio's edits carry the time spent so far, not what is new; its deletes carry ids only;
CVAT does not say which attempt a submission is. A few versions are kept of each thing, with what
was made of them: a record that comes again finds what it found the first time, so its events are
the same; one that comes late adds nothing twice.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import orjson

VERSIONS_MAX = 8


@dataclass(frozen=True, slots=True)
class Version:
    """What was known after the record of ``at_ms``, and the part of a total that it added."""

    at_ms: int
    fields: dict[str, str]
    total_ms: int | None = None
    delta_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """The last versions of one thing by time; ``counted_ms`` of its total are told in deltas."""

    versions: tuple[Version, ...] = ()
    counted_ms: int | None = None

    def before(self, at_ms: int | None) -> Version | None:
        """The version before a time; the newest when there is no time."""
        found = [each for each in self.versions if at_ms is None or each.at_ms < at_ms]
        return found[-1] if found else None

    def at(self, at_ms: int | None) -> Version | None:
        """The version of exactly that time, if it was told before."""
        return next((each for each in self.versions if each.at_ms == at_ms), None)

    def told(
        self, at_ms: int, fields: dict[str, str], total_ms: int | None
    ) -> tuple["Remembered", Version]:
        """What is then remembered, and the version; nothing changes when it was told before.

        The delta is unknown at first sight, and when a total went back; a version that comes
        after a later one adds what that one did not have, so deltas never exceed the total.
        """
        same = self.at(at_ms)
        if same is not None:
            return self, same
        is_newest = not self.versions or at_ms > self.versions[-1].at_ms
        counted_ms, delta_ms = self.counted_ms, None
        if total_ms is not None:
            if counted_ms is not None and (total_ms >= counted_ms or not is_newest):
                delta_ms = max(0, total_ms - counted_ms)
            counted_ms = total_ms if is_newest else max(total_ms, counted_ms or 0)
        version = Version(at_ms, fields, total_ms, delta_ms)
        versions = sorted((*self.versions, version), key=lambda each: each.at_ms)
        return Remembered(tuple(versions[-VERSIONS_MAX:]), counted_ms), version

    def encode(self) -> bytes:
        """As JSON."""
        rows = [[v.at_ms, v.fields, v.total_ms, v.delta_ms] for v in self.versions]
        return orjson.dumps([self.counted_ms, rows])

    @staticmethod
    def decode(raw: bytes) -> "Remembered":
        """What :meth:`encode` wrote."""
        counted_ms, rows = orjson.loads(raw)
        return Remembered(tuple(Version(*row) for row in rows), counted_ms)


class Memory(Protocol):
    """Where it is kept, by a name that holds table and key."""

    def get(self, name: str) -> Remembered:
        """What is known; an empty one for what is not."""
        ...

    def put(self, name: str, remembered: Remembered) -> None:
        """Keep it instead of what was."""
        ...


class HeldMemory:
    """Memory in this process; ``changed`` names what was put since it was last cleared.

    Of more than ``things_max`` (None: any number) the one that was longest not put is forgotten,
    which counts as changed: its next total is at first sight, so unknown and never wrong.
    """

    def __init__(self, things_max: int | None = None) -> None:
        self.kept: dict[str, Remembered] = {}
        self.changed: set[str] = set()
        self._things_max = things_max

    def get(self, name: str) -> Remembered:
        """What is known; an empty one for what is not."""
        return self.kept.get(name, Remembered())

    def put(self, name: str, remembered: Remembered) -> None:
        """Keep it instead of what was."""
        self.kept.pop(name, None)
        self.kept[name] = remembered
        self.changed.add(name)
        if self._things_max is not None and len(self.kept) > self._things_max:
            oldest = next(iter(self.kept))
            del self.kept[oldest]
            self.changed.add(oldest)

    def in_order(self) -> list[str]:
        """What changed, forgotten things first and then as they were put: as it is to be stored."""
        gone = self.changed - self.kept.keys()
        # What was put is last of all that is kept.
        put = list(islice(reversed(self.kept), len(self.changed) - len(gone)))
        return [*sorted(gone), *reversed(put)]

    def encoded(self, name: str) -> bytes | None:
        """What is known as it is stored; None when it was forgotten."""
        return self.kept[name].encode() if name in self.kept else None

    def recall(self, name: str, stored: bytes | None) -> None:
        """Take in what ``encoded`` gave, in the order in which it was stored."""
        self.kept.pop(name, None)
        if stored is not None:
            self.kept[name] = Remembered.decode(stored)
