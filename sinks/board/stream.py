"""One client's stream of server-sent events.

A client whose way is full is not written to: it misses turns, and gets a snapshot when it can
take one again. So it holds one message at most, however slow it is.
"""

import asyncio
import contextlib
import socket
import time

from aiohttp import web

from sinks.board.answers import HEADERS
from sinks.board.channels import Channel, event

#: Told first: how long a browser waits before it comes back, in ms.
_RETRY = b"retry: 2000\n\n"
#: A client that took nothing for so long is gone, whatever its socket says.
STUCK_S = 30.0
#: What the kernel may hold for a client.
KERNEL_BYTES = 128 * 1024


async def serve(
    request: web.Request, channel: Channel, last_id: str, bye: asyncio.Event
) -> web.StreamResponse:
    """Tell a client of every turn until it goes, is stuck, or the board closes."""
    response = web.StreamResponse(
        headers={**HEADERS, "Content-Type": "text/event-stream; charset=utf-8",
                 "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )  # fmt: skip
    _narrow(request)
    await response.prepare(request)
    channel.clients += 1
    channel.was_heard = True
    try:
        with contextlib.suppress(ConnectionError, TimeoutError):
            await _tell(request, response, channel, last_id, bye)
    finally:
        channel.clients -= 1
    return response


def _narrow(request: web.Request) -> None:
    """Let the kernel hold little for a client, or a slow one would see old turns for minutes."""
    given = None if request.transport is None else request.transport.get_extra_info("socket")
    if given is not None:
        with contextlib.suppress(OSError):
            given.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)


async def _tell(
    request: web.Request,
    response: web.StreamResponse,
    channel: Channel,
    last_id: str,
    bye: asyncio.Event,
) -> None:
    missed = channel.since(last_id) if last_id else None
    await _write(response, _RETRY + (channel.whole() if missed is None else missed))
    number, took_s = channel.number, time.monotonic()
    while not bye.is_set():
        turn = channel.turn
        await turn.wait()
        if _is_full(request):
            if time.monotonic() - took_s > STUCK_S:
                _drop(request)
                return
            continue
        took_s = time.monotonic()
        data = channel.news if channel.number == number + 1 else channel.whole()
        number = channel.number
        await _write(response, data + channel.beat)
    await _write(response, event("bye", {"says": "The board is closing."}))


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(STUCK_S):
        await response.write(data)


def _is_full(request: web.Request) -> bool:
    transport = request.transport
    return transport is None or transport.get_write_buffer_size() > 0


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
