"""Puts a log into event-time order without holding it in memory: runs on disk, then a merge."""

import heapq
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import IO

import orjson

from streams.sources.records import EventDict, Reject, SourceEvent

RUN_EVENTS_MAX = 100_000
BLOCK_BYTES = 1 << 16
_Keyed = tuple[int, int, str, int, EventDict]


def sort_by_time(
    found: Iterable[SourceEvent | Reject],
    on_reject: Callable[[Reject], None],
    run_events_max: int = RUN_EVENTS_MAX,
) -> Iterator[SourceEvent]:
    """Yields the events by ``occurred_at``, equal times in the order of the log.

    Reads ``found`` to its end before it yields the first event, so a damaged file raises before
    anything was passed on. The order depends on the log alone: to resume, read again and skip
    as many events as were passed on. An event without an integer time (JSONL may hold ISO text,
    or anything) keeps the place of its line: it gets the time of the event before it.
    """
    with tempfile.TemporaryFile() as spill:
        runs: list[tuple[int, int]] = []
        run: list[_Keyed] = []
        for keyed in _keyed(found, on_reject):
            run.append(keyed)
            if len(run) >= run_events_max:
                runs.append(_spilled(run, spill))
                run.clear()
        run.sort(key=_order)
        stored = [_read_back(spill, start, end) for start, end in runs]
        for _, _, file, line, event in heapq.merge(*stored, run, key=_order):
            yield SourceEvent(event, file, line)


def _order(keyed: _Keyed) -> tuple[int, int]:
    return keyed[0], keyed[1]


def _keyed(
    found: Iterable[SourceEvent | Reject], on_reject: Callable[[Reject], None]
) -> Iterator[_Keyed]:
    moment_ms, place = 0, 0
    for item in found:
        if isinstance(item, Reject):
            on_reject(item)
            continue
        moment_ms = _moment_ms(item.event.get("occurred_at"), moment_ms)
        yield moment_ms, place, item.file, item.line, item.event
        place += 1


def _moment_ms(value: object, otherwise_ms: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(datetime.fromisoformat(value).timestamp() * 1000)
        except (ValueError, OverflowError):
            return otherwise_ms
    return otherwise_ms


def _spilled(run: list[_Keyed], spill: IO[bytes]) -> tuple[int, int]:
    """Appends a sorted run to the file and returns where it starts and ends."""
    run.sort(key=_order)
    start = spill.tell()
    for keyed in run:
        spill.write(orjson.dumps(keyed))
        spill.write(b"\n")
    return start, spill.tell()


def _read_back(spill: IO[bytes], start: int, end: int) -> Iterator[_Keyed]:
    """Reads one run in blocks; all runs share the file, so each keeps its own place in it."""
    rest = b""
    while start < end:
        spill.seek(start)
        block = spill.read(min(BLOCK_BYTES, end - start))
        start += len(block)
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            moment_ms, place, file, line_number, event = orjson.loads(line)
            yield moment_ms, place, file, line_number, event
