"""Closes connections that keep a place without asking anything, and refuses those beyond a limit.

aiohttp waits for the head of a request as long as its sender likes to take.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

_LOOK_EVERY_S = 0.5
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Length: 0\r\n\r\n"
)


class _Refusing(asyncio.Protocol):
    """Says that there are too many, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(_FULL)
        transport.close()


@dataclass(slots=True)
class Guard:
    """Looks after the connections of a server; ``silent_s`` is how long one may say nothing."""

    silent_s: float
    connections_max: int
    #: Since when each connection has waited for the head of a request.
    _waiting: dict[web.RequestHandler, float] = field(default_factory=dict)
    _busy: set[web.RequestHandler] = field(default_factory=set)
    #: Accepted, and not among the server's connections yet: a turn of the loop accepts many.
    _coming: set[web.RequestHandler] = field(default_factory=set)

    @property
    def connections(self) -> int:
        """How many there were at the last look."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def answering(self, request: web.Request) -> AsyncIterator[None]:
        """A request of a connection is being answered meanwhile."""
        connection = request.protocol
        self._busy.add(connection)
        try:
            yield
        finally:
            self._busy.discard(connection)
            self._waiting[connection] = time.monotonic()

    def protocol(self, server: web.Server) -> asyncio.Protocol:
        """What a new connection talks to."""
        if len(server.connections) + len(self._coming) >= self.connections_max:
            return _Refusing()
        made = server()
        self._coming.add(made)
        # Runs right before the call that makes it one of the server's.
        asyncio.get_running_loop().call_soon(self._coming.discard, made)
        return made

    async def watch(self, server: web.Server) -> None:
        """Close who waits too long, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self._look(server)

    def _look(self, server: web.Server) -> None:
        now_s = time.monotonic()
        self._waiting = {each: self._waiting.get(each, now_s) for each in server.connections}
        for each, since_s in self._waiting.items():
            idle = each not in self._busy and now_s - since_s > self.silent_s
            if idle and each.transport is not None:
                each.transport.abort()
