"""What the gateway takes: many connections with an outage of the broker, and hostile requests.

``python -m tests.bench.gateway`` starts a broker and a gateway of its own and prints figures;
``--hostile 10000`` attacks instead. It exits with 1 when an accepted event is lost.
"""

import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import click

from deploy.local.errors import StackError
from deploy.local.stack import Stack
from tests.bench.environments import say
from tests.gateway.hostile import Onslaught
from tests.gateway.running_gateway import RunningGateway, event, running_gateway

_RETRY_S = 1.0
_SETTLE_S = 90.0


@dataclass(slots=True)
class Crowd:
    """Connections that each send one event after the other, and again what was not taken."""

    url: str
    connections: int
    taken: set[str] = field(default_factory=set)
    #: (when it was answered, how long that took), both in seconds, of those that were taken.
    answered: list[tuple[float, float]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    ends_s: float = 0.0

    async def run(self, seconds: float) -> None:
        """Send for so long; what is not taken then is sent until it is."""
        self.ends_s = time.monotonic() + seconds
        connector = aiohttp.TCPConnector(limit=self.connections)
        session = aiohttp.ClientSession(connector=connector)
        async with session, asyncio.TaskGroup() as group:
            for number in range(self.connections):
                group.create_task(self._one(session, number))

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        turn = 0
        while time.monotonic() < self.ends_s:
            event_id = f"c{number}-{turn}"
            body = json.dumps(event(event_id)).encode()
            while not await self._taken(session, body):
                if time.monotonic() > self.ends_s + _SETTLE_S:
                    return
                await asyncio.sleep(_RETRY_S)
            self.taken.add(event_id)
            turn += 1

    async def _taken(self, session: aiohttp.ClientSession, body: bytes) -> bool:
        began_s = time.monotonic()
        kind = {"Content-Type": "application/json"}
        try:
            async with session.post(f"{self.url}/v1/events", data=body, headers=kind) as answer:
                await answer.read()
                self.statuses[answer.status] += 1
        except aiohttp.ClientError:
            self.statuses[0] += 1
            return False
        if answer.status == 202:
            now_s = time.monotonic()
            self.answered.append((now_s, now_s - began_s))
        return answer.status == 202


def quantile(values: list[float], share: float) -> float:
    """The smallest value that ``share`` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _outage(stack: Stack, after_s: float, lasts_s: float) -> tuple[float, float]:
    """Kill the broker, and start it again; when it was away."""
    await asyncio.sleep(after_s)
    say("broker: killed")
    began_s = time.monotonic()
    await asyncio.to_thread(stack.kill, "kafka")
    await asyncio.sleep(lasts_s)
    for tries_left in (2, 1, 0):
        try:
            await asyncio.to_thread(stack.start, "kafka")
            break
        except StackError:
            # On a busy machine reading its log can take longer than the stack waits.
            if not tries_left:
                raise
    say(f"broker: answers again after {time.monotonic() - began_s:.0f} s")
    return began_s, time.monotonic()


async def _crowd(gateway: RunningGateway, stack: Stack, crowd: Crowd, span: "Span") -> None:
    began_s = time.monotonic()
    outage = asyncio.create_task(_outage(stack, span.seconds / 2, span.outage_s))
    await crowd.run(span.seconds + span.outage_s)
    away = await outage
    calm = [took for at, took in crowd.answered if at < away[0]]
    over_s = away[0] - began_s
    say(f"{len(calm) / over_s:,.0f} events/s before the outage, one event a request")
    for share in (0.5, 0.99):
        say(f"p{share * 100:g} {1000 * quantile(calm, share):,.0f} ms")
    back = min((at for at, _ in crowd.answered if at > away[0] + 1), default=away[1])
    say(f"first event {back - away[0]:.0f} s after the kill; answers: {dict(crowd.statuses)}")


@dataclass(frozen=True, slots=True)
class Span:
    """How long it sends, half before and half after an outage."""

    seconds: float
    outage_s: float


def _account(gateway: RunningGateway, taken: set[str]) -> int:
    """Print what became of the events; 1 when one that was accepted is not there."""
    stored, until_s = gateway.stored_ids(), time.monotonic() + _SETTLE_S
    # A broker that has just come back does not name the ends of all partitions at once.
    while taken - set(stored) and time.monotonic() < until_s:
        time.sleep(_RETRY_S)
        stored = gateway.stored_ids()
    lost, resident = taken - set(stored), gateway.measured("process_resident_bytes")
    say(f"accepted {len(taken):,}, stored {len(stored):,} records, {len(set(stored)):,} events")
    say(f"lost {len(lost)}; memory {resident / 1e6:.0f} MB")
    return 1 if lost else 0


@click.command()
@click.option("--connections", default=500, show_default=True, help="Connections at once.")
@click.option("--seconds", default=30.0, show_default=True, help="Time to send, outage apart.")
@click.option("--outage", default=30.0, show_default=True, help="Seconds without a broker.")
@click.option("--hostile", default=0, help="Send so many hostile and honest requests instead.")
def main(connections: int, seconds: float, outage: float, hostile: int) -> None:
    """Measure the gateway, or attack it."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        try:
            kafka = stack.up(("kafka",)).kafka
            assert kafka is not None
            patience = {"SILENT_S": "2", "BODY_S": "2"} if hostile else {}
            given = {f"WATCHFLOOR_GATEWAY_{name}": value for name, value in patience.items()}
            space = f"b{secrets.token_hex(4)}"
            with running_gateway(Path(folder), space, kafka, given) as gateway:
                if hostile:
                    sys.exit(_attack(gateway, hostile))
                crowd = Crowd(gateway.url, connections)
                asyncio.run(_crowd(gateway, stack, crowd, Span(seconds, outage)))
                sys.exit(_account(gateway, crowd.taken))
        finally:
            stack.reset()


def _attack(gateway: RunningGateway, count: int) -> int:
    onslaught = Onslaught(gateway.url)
    for tenth in range(10):
        asyncio.run(onslaught.run(count // 10, tenth, f"t{tenth}"))
        resident = gateway.measured("process_resident_bytes")
        say(f"{(tenth + 1) * (count // 10):,} requests: {resident / 1e6:.0f} MB")
    say(f"statuses: {dict(sorted(_by_status(onslaught).items()))}")
    return _account(gateway, onslaught.taken)


def _by_status(onslaught: Onslaught) -> Counter[int]:
    found: Counter[int] = Counter()
    for (_, status), count in onslaught.answers.items():
        found[status] += count
    return found


if __name__ == "__main__":
    main()
