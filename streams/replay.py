"""Logs of the past, in event-time order: through the core without a server, or into Kafka.

Both ways set the Kafka record's time to the event's own time, send a tick whenever an hour of the
log has passed, and end with a tick behind the last event; so both yield the same rows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import orjson

from schemas.codec import AcceptedTimes
from schemas.topics import Role
from streams.core.engine import Engine
from streams.core.plan import HOUR_MS
from streams.refusals import Refusal
from streams.sources.mapping import Mapping
from streams.sources.ordering import sort_by_time
from streams.sources.reading import ReadOptions, read_events
from streams.sources.records import Reject, SourceError, SourceEvent
from streams.sources.routing import route_of

TICK_EVERY_MS = HOUR_MS
#: Where the clock of a log without times begins, when nobody says: 2024-01-01T00:00:00Z.
CLOCK_START_MS = 1_704_067_200_000


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as a producer would send it; ``record_ms`` is its Kafka time (UTC ms)."""

    role: Role
    key: bytes | None
    value: bytes
    record_ms: int


@dataclass(slots=True)
class Log:
    """Files read to their end and put in order: nothing was passed on before all was seen."""

    files: tuple[Path, ...]
    events: Iterator[SourceEvent] = field(default_factory=lambda: iter(()))
    count: int = 0
    from_ms: int | None = None
    to_ms: int | None = None
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_rejects: list[Reject] = field(default_factory=list)

    def accepted(self) -> AcceptedTimes:
        """The range of event times that the log needs, exactly."""
        return AcceptedTimes(self.from_ms or 0, self.to_ms or 0, relative=False)

    def sends(self) -> Iterator[Sent]:
        """The events as records; those whose time can't be read keep the place of their line."""
        record_ms = self.from_ms or 0
        for found in self.events:
            occurred = found.event.get("occurred_at")
            if type(occurred) is int:
                record_ms = max(record_ms, occurred)
            route = route_of(found.event)
            yield Sent(route.role, route.key, orjson.dumps(found.event), record_ms)


def open_log(
    files: Iterable[Path],
    mapping: Mapping | None,
    options: ReadOptions,
    on_read: Callable[[int], None],
) -> Log:
    """Read files as one log; ``on_read`` hears how many events were found so far.

    Raises Refusal with file, line and field when one can't be used; nothing was done then.
    """
    log = Log(tuple(files))
    found = chain.from_iterable(read_events(path, mapping, options) for path in log.files)

    def on_reject(reject: Reject) -> None:
        log.rejects[reject.reason.value, reject.field] += 1
        if len(log.first_rejects) < 10:
            log.first_rejects.append(reject)

    try:
        log.events = sort_by_time(_measured(found, log, on_read), on_reject)
        first = next(log.events, None)
    except SourceError as error:
        raise Refusal(str(error), "mend the file or the mapping; nothing was replayed") from error
    if first is None:
        raise Refusal("the log has no events", "look at the rejects, or name another mapping")
    log.events = chain((first,), log.events)
    return log


def _measured(
    found: Iterable[SourceEvent | Reject], log: Log, on_read: Callable[[int], None]
) -> Iterator[SourceEvent | Reject]:
    for item in found:
        if isinstance(item, SourceEvent):
            log.count += 1
            occurred = item.event.get("occurred_at")
            if type(occurred) is int:
                log.from_ms = occurred if log.from_ms is None else min(log.from_ms, occurred)
                log.to_ms = occurred if log.to_ms is None else max(log.to_ms, occurred)
            if log.count % 1000 == 0:
                on_read(log.count)
        yield item


def replay_offline(log: Log, engine: Engine, on_done: Callable[[int], None]) -> None:
    """Put the whole log through the core; ``on_done`` hears how many events are through."""
    ticked_ms = 0
    done = 0
    for sent in log.sends():
        if sent.record_ms >= ticked_ms + TICK_EVERY_MS:
            ticked_ms = sent.record_ms
            engine.tick(ticked_ms)
        engine.put(sent.role, sent.key, sent.value, sent.record_ms)
        done += 1
        if done % 1000 == 0:
            on_done(done)
    engine.flush()
    engine.tick((log.to_ms or 0) + 1)
    engine.flush()
    on_done(done)
