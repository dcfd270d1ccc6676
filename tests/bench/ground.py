"""What the parts of the benchmark stand on: the real local stack, spaces on it, and readers.

Linux only, for CPU time and memory of the processes are read from ``/proc``.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from deploy.local.stack import Stack
from schemas.topics import Role, Topics
from streams import settings
from streams.feed import Feed
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.history import CELL_EVENTS_PER_S, encoded, history
from tests.bench import rates
from tests.bench.environments import Unavailable
from tests.bench.rates import Rate
from tests.integration.main_job.floor_processes import FloorSpace, floor_space

ROOT = Path(__file__).parents[2]
READ_S_MAX = 600
#: Events a second of floor time; a person sends 0.033 of them, so it is some 18,000 people.
FLOOR_EVENTS_PER_S = 600.0

#: Role, key, value, record time in UTC ms.
Sent = tuple[Role, bytes, bytes, int]


@dataclass(slots=True)
class Ground:
    """A running stack, and where the benchmark keeps its things."""

    home: Path
    stack: Stack
    kafka: str
    _spaces: int = 0
    #: What a reader said on standard error, for whoever wonders.
    logs: Path = field(init=False)

    def __post_init__(self) -> None:
        self.logs = self.home / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)

    def new_name(self) -> str:
        """The name of a space that nobody used."""
        self._spaces += 1
        return f"bench-{os.getpid()}-{self._spaces}"

    @contextmanager
    def space(self, **given: str) -> Iterator[FloorSpace]:
        """A space of its own with these settings (``WATCHFLOOR_`` left out of their names)."""
        with environment({f"WATCHFLOOR_{name.upper()}": value for name, value in given.items()}):
            name = self.new_name()
            folder = self.logs / name
            folder.mkdir(exist_ok=True)
            with floor_space(settings.read(name), folder, None) as space:
                yield space

    def read(self, name: str, command: list[str]) -> Rate:
        """Run a reader to its end; Unavailable with its last words when it tells no rate."""
        folder = self.logs / f"{name}-{time.monotonic_ns()}"
        folder.mkdir()
        with (folder / "stderr").open("wb") as errors:
            try:
                done = subprocess.run(
                    command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=subprocess.PIPE, stderr=errors, timeout=READ_S_MAX, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise Unavailable(f"it was not done in {READ_S_MAX} s") from error
        found = rates.read(done.stdout.decode())
        if found is None:
            last = (folder / "stderr").read_text(errors="replace").strip().splitlines()[-1:]
            raise Unavailable(f"it ended with {done.returncode}: {' '.join(last)}")
        return found

    def bytes_on_disk(self, topic: str) -> int:
        """What the broker stores of a topic, compressed as it was sent."""
        logs = self.stack.places.data("kafka") / "logs"
        return sum(file.stat().st_size for file in logs.glob(f"{topic}-*/*.log"))


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """These variables too, for this process and its children."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def ground(home: Path) -> Iterator[Ground]:
    """Start a stack of its own under ``home``; its data is gone afterwards, downloads stay."""
    root = home / "stack"
    root.mkdir(parents=True, exist_ok=True)
    stack = Stack(root)
    try:
        found = stack.up(quiet=False)
        assert found.kafka is not None
        parts = {f"WATCHFLOOR_{part.upper()}": where for part, where in found.as_dict().items()}
        own = {
            "WATCHFLOOR_LOCAL_DIR": str(root),
            "WATCHFLOOR_PEOPLE_KEY": "6b" * 32,
            "WATCHFLOOR_HEALTH_PORT": "0",
            # On a machine that others use a backlog may keep one partition waiting for minutes.
            "WATCHFLOOR_STALLED_S_MAX": str(READ_S_MAX),
            "WATCHFLOOR_LOG_LEVEL": "info",
            "PYTHONPATH": str(ROOT),
        }
        with environment({**parts, **own}):
            yield Ground(home, stack, found.kafka)
    finally:
        stack.reset()


def send(kafka: str, topics: Topics, partitions: int, records: Iterable[Sent]) -> int:
    """Put records into a space's topics; how many those were."""

    async def put() -> int:
        async with Feed(kafka, topics, partitions) as feed:
            for record in records:
                await feed.put(*record)
        return feed.sent

    return asyncio.run(put())


def busyness(start_ms: int, end_ms: int) -> float:
    """How much more a simulated floor does in a span than over its day; the same for any size."""
    floor = sum(1 for _ in history(1, start_ms, end_ms, CELL_EVENTS_PER_S))
    return floor / CELL_EVENTS_PER_S / ((end_ms - start_ms) / 1000)


def simulated(events: int) -> Iterator[Sent]:
    """About so many events of a simulated floor, whose last ones arrive about now.

    One large floor, not copies of a small one: those compress so well that a fetch would bring
    ten times as many events as it does in life.
    """
    end_ms = int(time.time() * 1000)
    span_ms = int(events / FLOOR_EVENTS_PER_S * 1000)
    span_ms = int(span_ms / busyness(end_ms - span_ms, end_ms))
    floor = Floor(1, FloorConfig().for_rate(FLOOR_EVENTS_PER_S))
    for event in islice(floor.events(end_ms - span_ms, end_ms), events):
        each = encoded(event)
        yield each.role, each.key, each.value, each.received_ms
