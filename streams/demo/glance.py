"""What Redis says now: the floor as a whole and each queue. Nothing here is worked out again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.groupings import SEPARATOR, subject_key
from schemas.readings import Reading
from sinks.redis import RedisSink

WHOLE = subject_key("all", ())
_QUEUES = "queue" + SEPARATOR
#: What a subject without a window says about every metric.
_NOTHING = Reading(None, None, None, 0, None)


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject's snapshot. ``oldest_waiting_ms`` is an age as of ``as_of_ms``, event time."""

    name: str
    as_of_ms: int
    gauges: Mapping[str, Any]
    windows: Mapping[str, Mapping[str, Any]]

    def reading(self, window: str, metric: str) -> Reading:
        """A metric in a window; without value or cause when there is no such window yet."""
        found = self.windows.get(window, {}).get(metric)
        return _NOTHING if found is None else Reading(**found)


@dataclass(frozen=True, slots=True)
class Glance:
    """The whole floor, None before its first snapshot, and its queues by name."""

    whole: Subject | None = None
    queues: tuple[Subject, ...] = ()

    def age_s(self, now_ms: int) -> float | None:
        """How old the newest numbers are; None when there are none."""
        return None if self.whole is None else (now_ms - self.whole.as_of_ms) / 1000


def look(sink: RedisSink) -> Glance:
    """Read it all. Blocking; redis.RedisError when Redis does not answer."""
    keys = [key for key in sink.subjects() if key.startswith(_QUEUES)]
    queues = [_subject(sink, key, key.rsplit(SEPARATOR, 1)[1]) for key in keys]
    return Glance(
        _subject(sink, WHOLE, "all"), tuple(queue for queue in queues if queue is not None)
    )


def _subject(sink: RedisSink, key: str, name: str) -> Subject | None:
    found = sink.read(key)
    if found is None:
        return None
    return Subject(name, found["as_of_ms"], found["gauges"], found["windows"])
