"""Requests that nobody should send, as bytes on a socket, with honest ones in between."""

import asyncio
import contextlib
import gzip
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from tests.gateway.running_gateway import event

_ANSWER_S_MAX = 60.0
#: Longer than any head or body may take in these tests.
_SLOW_S = 3.0
_TRIES_MAX = 60


def _post(body: bytes, *headers: str, length: str | None = None, path: str = "/v1/events") -> bytes:
    named = ["Host: 127.0.0.1", "Content-Type: application/json", *headers]
    named.append(f"Content-Length: {len(body) if length is None else length}")
    head = "\r\n".join([f"POST {path} HTTP/1.1", *named])
    return f"{head}\r\n\r\n".encode() + body


def _chunked(body: bytes) -> bytes:
    head = "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + body


def _wrong(**change: object) -> bytes:
    return _post(json.dumps(event("hostile") | change).encode())


_GOOD = json.dumps(event("smuggled")).encode()
#: Sent whole, and then the answer or the end of the connection is awaited.
WHOLE: dict[str, Callable[[Random], bytes]] = {
    "noise": lambda random: random.randbytes(random.randint(1, 4000)) + b"\r\n\r\n",
    "TLS": lambda random: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + random.randbytes(200),
    "HTTP/2": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "long head": lambda _: b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "long header": lambda _: _post(b"{}", f"X-Long: {'b' * 20_000}"),
    "many headers": lambda _: _post(b"{}", *(f"X-{n}: 1" for n in range(2000))),
    "null in a header": lambda _: _post(b"{}", "X-Null: a\0b"),
    "negative length": lambda _: _post(b"{}", length="-1"),
    "wordy length": lambda _: _post(b"{}", length="two"),
    "endless length": lambda _: _post(b"{}", length="9" * 40),
    "two lengths": lambda _: _post(_GOOD, "Content-Length: 5"),
    "length and chunks": lambda _: _post(_GOOD, "Transfer-Encoding: chunked"),
    "bad chunk": lambda _: _chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
    "endless chunk": lambda _: _chunked(b"f" * 5000),
    "oversized": lambda _: _post(b"", length=str(10**9)),
    "oversized chunks": lambda _: _chunked((b"10000\r\n" + b" " * 65_536 + b"\r\n") * 20),
    "gzip bomb": lambda _: _post(gzip.compress(b" " * 10**6), "Content-Encoding: gzip"),
    "deep": lambda _: _post(b"[" * 200_000 + b"]" * 200_000),
    "many objects": lambda _: _post(b"[" + b"{}," * 300_000 + b"{}]"),
    "long number": lambda _: _post(b'{"event_type":' + b"9" * 500_000 + b"}"),
    "not UTF-8": lambda random: _post(b'{"event_type":"' + random.randbytes(64) + b'"}'),
    "not JSON": lambda random: _post(random.randbytes(random.randint(0, 2000))),
    "NaN": lambda _: _post(b'{"event_id": NaN}'),
    "wrong type": lambda _: _wrong(event_type=["item.queued"]),
    "wrong field": lambda _: _wrong(item_id={"$ne": 1}),
    "control characters": lambda _: _wrong(item_id="a\x1fb"),
    "old": lambda _: _wrong(occurred_at=0),
    "wrong token": lambda _: _post(_GOOD, "Authorization: Bearer wf_guess"),
    "other site": lambda _: _post(_GOOD).replace(b"Host: 127.0.0.1", b"Host: evil.example"),
    "unsigned hook": lambda _: _post(b"{}", path="/v1/hooks/cvat"),
    "up the tree": lambda _: b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "many at once": lambda _: _post(b"{}") * 40,
}
#: Sent in part: then silence, or the connection's end.
PARTS: dict[str, bytes] = {
    "half a head": b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "half a body": _post(_GOOD[:50], length=str(len(_GOOD))),
    "half a chunk": _chunked(b"ff\r\n{"),
    "nothing": b"",
}


@dataclass(slots=True)
class Onslaught:
    """Sends hostile requests and honest events to one gateway, many at a time."""

    url: str
    at_once: int = 40
    #: What came back, by kind of request and status; 0: the connection was closed.
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    #: Event ids that were answered with 202.
    taken: set[str] = field(default_factory=set)

    async def run(self, count: int, seed: int, name: str) -> None:
        """Send ``count`` requests, a fifth of which are honest; their ids begin with ``name``."""
        random, slots = Random(seed), asyncio.Semaphore(self.at_once)
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                await slots.acquire()
                task = group.create_task(self._one(number, random, name))
                task.add_done_callback(lambda _: slots.release())

    async def _one(self, number: int, random: Random, name: str) -> None:
        if number % 5 == 0:
            return await self._honest(f"{name}-{number}")
        if number % 5 == 1:
            kind = random.choice(sorted(PARTS))
            return await self._partly(kind, stay=random.random() < 0.3, slow=random.random() < 0.3)
        kind = random.choice(sorted(WHOLE))
        self.answers[kind, await self.ask(WHOLE[kind](random))] += 1
        return None

    async def _honest(self, event_id: str) -> None:
        """As a sender should: the same event again until it is taken."""
        request = _post(json.dumps(event(event_id)).encode())
        for _ in range(_TRIES_MAX):
            status = await self.ask(request)
            self.answers["honest", status] += 1
            if status == 202:
                self.taken.add(event_id)
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"{event_id} was never taken, at last with {status}")

    async def ask(self, request: bytes) -> int:
        reader, writer = await self.connect()
        try:
            async with asyncio.timeout(_ANSWER_S_MAX):
                writer.write(request)
                line = await reader.readline()
                return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
        except (ConnectionError, ValueError, IndexError):
            return 0
        finally:
            writer.transport.abort()

    async def _partly(self, kind: str, *, stay: bool, slow: bool) -> None:
        """A part of a request, byte by byte when ``slow``, and then silence when ``stay``."""
        reader, writer = await self.connect()
        try:
            for byte in PARTS[kind] if slow else b"":
                if writer.transport.is_closing():
                    return
                writer.write(bytes([byte]))
                await asyncio.sleep(_SLOW_S / 200)
            writer.write(b"" if slow else PARTS[kind])
            if stay:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ANSWER_S_MAX):
                        await reader.read()
                    self.answers[f"{kind}, silent", 0] += 1
        except ConnectionError:
            self.answers[kind, 0] += 1
        finally:
            writer.transport.abort()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        place = urlsplit(self.url)
        return await asyncio.open_connection(place.hostname, place.port)
