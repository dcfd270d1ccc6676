"""Sends simulated events when their moment has come, until the end or until told to stop."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeVar

from schemas.topics import Role

#: Events of so long are sent together: a smaller step costs more requests and shows no more.
STEP_S = 0.1
#: Records between two looks at whether to stop, when nothing has to be waited for.
LOOK_EVERY_RECORDS = 500


class Timed(Protocol):
    """Whatever has a moment, UTC ms."""

    @property
    def received_ms(self) -> int: ...


T = TypeVar("T", bound=Timed)


class Out(Protocol):
    """Where records go: ``streams.feed.Feed``, or a file."""

    sent: int

    async def put(self, role: Role, key: bytes | None, value: bytes, record_ms: int) -> None: ...

    async def flush(self) -> None: ...


class FileOut:
    """Event JSONL: one event per line, as ``watchfloor replay`` reads it."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew; OSError when that can't be done."""
        self._file: IO[bytes] = path.open("wb")
        self.sent = 0

    async def put(self, role: Role, key: bytes | None, value: bytes, record_ms: int) -> None:
        """Write one event."""
        self._file.write(value + b"\n")
        self.sent += 1

    async def flush(self) -> None:
        """Hand to the system what was written."""
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Pace:
    """Event time ``origin_ms`` is now; from then on it runs ``times`` as fast as the clock.

    ``times`` None: as fast as it goes.
    """

    origin_ms: int
    times: float | None
    began_s: float

    @classmethod
    def from_now(cls, origin_ms: int, times: float | None) -> "Pace":
        """A pace that begins at this moment."""
        return cls(origin_ms, times, time.monotonic())

    def wait_s(self, received_ms: int) -> float:
        """How long until the moment of an event has come; negative when it has passed."""
        if self.times is None:
            return -1.0
        due_s = (received_ms - self.origin_ms) / 1000 / self.times
        return due_s - (time.monotonic() - self.began_s)


async def paced(found: Iterable[T], pace: Pace, out: Out, stop: asyncio.Event) -> AsyncIterator[T]:
    """Yield each one when it is due; what was put before is flushed before any wait."""
    for number, each in enumerate(found):
        wait_s = pace.wait_s(each.received_ms)
        if wait_s > 0:
            await out.flush()
            await _wait(stop, max(wait_s, STEP_S))
        elif number % LOOK_EVERY_RECORDS == 0:
            await asyncio.sleep(0)
        if stop.is_set():
            return
        yield each


async def _wait(stop: asyncio.Event, wait_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), wait_s)


def now_ms() -> int:
    """Wall clock, UTC ms."""
    return int(time.time() * 1000)
