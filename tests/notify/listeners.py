"""Receivers that really listen, each with its own manners; what they heard can be awaited."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

Manner = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Heard:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    #: When it was heard, UTC ms.
    at_ms: int

    @property
    def json(self) -> Any:
        """The body, read."""
        return msgspec.json.decode(self.body)


@dataclass(slots=True)
class Listener:
    """A receiver on 127.0.0.1; ``status`` is what it answers unless ``manner`` says more."""

    port: int = 0
    status: int = 200
    manner: Manner | None = None
    heard: list[Heard] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def until(self, enough: Callable[[list[Heard]], bool], timeout_s: float = 120.0) -> None:
        """Wait until what was heard is enough."""
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: enough(self.heard))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take a request down and answer it."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._news:
            self.heard.append(Heard(request.path, headers, body, time.time_ns() // 1_000_000))
            self._news.notify_all()
        if self.manner is not None:
            return await self.manner(request)
        return web.Response(status=self.status)


@asynccontextmanager
async def listening(status: int = 200, manner: Manner | None = None) -> AsyncIterator[Listener]:
    """A receiver for the time of a test."""
    listener = Listener(status=status, manner=manner)
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", listener.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.port = int(runner.addresses[0][1])
    try:
        yield listener
    finally:
        await runner.cleanup()


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def babble(request: web.Request) -> web.StreamResponse:
    """Answers 200 and never stops talking."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


async def send_elsewhere(_request: web.Request) -> web.StreamResponse:
    """Redirects to where clouds keep their credentials."""
    raise web.HTTPTemporaryRedirect("http://169.254.169.254/latest/meta-data/")
