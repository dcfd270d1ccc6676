"""Many clients on one board, some of them slow: what it costs, and how late a turn arrives.

``python -m tests.board.crowd --board PID --worker PID`` measures a board and a floor that run
already: first without clients, then with them.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PATH = "/api/stream?by=queue"
SLOW_BYTES, SLOW_EVERY_S = 512, 1.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGESIZE")


@dataclass(slots=True)
class Heard:
    """What fast clients heard: how late each delta was, in s, and how many events came."""

    late_s: list[float] = field(default_factory=list)
    events: int = 0
    lost: int = 0

    def late_p(self, share: float) -> float:
        """A quantile of lateness in s."""
        found = sorted(self.late_s)
        return found[min(len(found) - 1, int(share * len(found)))] if found else float("nan")


@dataclass(frozen=True, slots=True)
class Cost:
    """A process at a moment: CPU s since its start, and resident bytes."""

    cpu_s: float
    resident: int

    @classmethod
    def of(cls, pid: int) -> "Cost":
        """As the kernel tells."""
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        return cls((int(parts[11]) + int(parts[12])) / _TICKS_PER_S, resident)


async def fast(url: str, heard: Heard) -> None:
    """Read everything at once, and note how late each delta is."""
    reader, writer = await _ask(url)
    try:
        name = ""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
                heard.events += 1
            elif line.startswith(b"data: ") and name == "delta":
                # The head of the body says when the board worked it out.
                at = line.index(b'"now_ms":') + 9
                told_ms = int(line[at : line.index(b",", at)])
                heard.late_s.append(time.time() - told_ms / 1000)
        heard.lost += 1
    finally:
        writer.close()


async def slow(url: str) -> None:
    """Read a few bytes a second."""
    reader, writer = await _ask(url, receive_bytes=4096)
    try:
        while await reader.read(SLOW_BYTES):
            await asyncio.sleep(SLOW_EVERY_S)
    finally:
        writer.close()


async def _ask(
    url: str, receive_bytes: int | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    given = socket.socket()
    given.setblocking(False)
    if receive_bytes is not None:
        given.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    await asyncio.get_running_loop().sock_connect(given, (parts.hostname, parts.port))
    limit = 2**24 if receive_bytes is None else 2**11
    reader, writer = await asyncio.open_connection(sock=given, limit=limit)
    request = f"GET {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
    writer.write(request.encode())
    await writer.drain()
    return reader, writer


async def crowd(url: str, clients: int, seconds: float, per_s: float = 25.0) -> Heard:
    """So many clients for so long, every second one slow; they come at ``per_s``."""
    heard, tasks = Heard(), []
    for number in range(clients):
        one = slow(url) if number % 2 else fast(url, heard)
        tasks.append(asyncio.create_task(one))
        await asyncio.sleep(1 / per_s)
    heard.late_s.clear()  # What they heard while others still came is not counted.
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await task
    return heard


def main() -> None:
    """Measure, and print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8200")
    parser.add_argument("--board", type=int, required=True, help="process id of the board")
    parser.add_argument("--worker", type=int, required=True, help="process id of a worker")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--alone", type=float, default=60, help="seconds without clients")
    given = parser.parse_args()
    found: dict[str, object] = {"clients": given.clients, "seconds": given.seconds}
    before = Cost.of(given.worker), Cost.of(given.board)
    time.sleep(given.alone)
    alone = Cost.of(given.worker), Cost.of(given.board)
    found["worker_cpu_alone"] = (alone[0].cpu_s - before[0].cpu_s) / given.alone
    found["board_cpu_alone"] = (alone[1].cpu_s - before[1].cpu_s) / given.alone
    found["board_mb_alone"] = alone[1].resident / 1e6
    resident: list[int] = []

    async def watched() -> Heard:
        async def look() -> None:
            while True:
                resident.append(Cost.of(given.board).resident)
                await asyncio.sleep(5)

        looking = asyncio.create_task(look())
        heard = await crowd(given.url, given.clients, given.seconds)
        looking.cancel()
        return heard

    began_s, start = time.monotonic(), (Cost.of(given.worker), Cost.of(given.board))
    heard = asyncio.run(watched())
    passed_s, end = time.monotonic() - began_s, (Cost.of(given.worker), Cost.of(given.board))
    found["worker_cpu_with"] = (end[0].cpu_s - start[0].cpu_s) / passed_s
    found["board_cpu_with"] = (end[1].cpu_s - start[1].cpu_s) / passed_s
    found["board_mb"] = [round(each / 1e6) for each in resident[:: max(1, len(resident) // 12)]]
    found |= {f"late_ms_p{p}": 1000 * heard.late_p(p / 100) for p in (50, 95, 99)}
    found |= {"deltas": len(heard.late_s), "events": heard.events, "lost": heard.lost}
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
