"""A relay before one server that can be cut, stand still, be slow, lose answers or refuse inserts.

It lives in a thread of its own, so that a busy driver does not look like a slow network.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

HOST = "127.0.0.1"
_CHUNK_BYTES = 256 * 1024
_SLOW_S = 0.15
_STILL_POLL_S = 0.05
#: How a ClickHouse says that its disk is full (NOT_ENOUGH_SPACE).
_FULL = b"Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)\n"
_FULL_ANSWER = (
    b"HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: 243\r\n"
    b"Content-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)


class Mode(StrEnum):
    """What the way to the server is like."""

    OPEN = "open"
    #: Connections are broken, and new ones are broken at once.
    CUT = "cut"
    #: Connections stay, and nothing comes through.
    STILL = "still"
    #: Every piece waits a while, in both directions.
    SLOW = "slow"
    #: Requests arrive; the connection breaks when the answer comes.
    DEAF = "deaf"
    #: ClickHouse's answer to everything is that the disk is full.
    FULL = "full"


class Proxy:
    """Relays ``127.0.0.1:port`` to a server of this machine."""

    def __init__(self, target_port: int) -> None:
        self.mode = Mode.OPEN
        self.port = 0
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        assert self._listening.wait(10), "the proxy does not listen"

    def to(self, mode: Mode) -> None:
        """Change what the way is like; cutting breaks what is connected."""
        self.mode = mode
        if mode is Mode.CUT:
            self._loop.call_soon_threadsafe(self._break_all)

    def close(self) -> None:
        """Stop listening, and break what is connected."""
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.run_forever()
        if self._tasks:
            self._loop.run_until_complete(asyncio.wait(self._tasks))
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._listening.set()

    def _stop(self) -> None:
        self._server.close()
        self._break_all()
        for task in self._tasks:
            task.cancel()
        self._loop.stop()

    def _break_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = {writer}
        self._writers.add(writer)
        try:
            if self.mode is Mode.CUT:
                return
            to_server = await asyncio.open_connection(HOST, self._target_port)
            mine.add(to_server[1])
            self._writers.add(to_server[1])
            pumps = [
                asyncio.create_task(self._requests(reader, to_server[1], writer)),
                asyncio.create_task(self._answers(to_server[0], writer)),
            ]
            _, pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pending:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            return
        finally:
            for each in mine:
                self._writers.discard(each)
                each.transport.abort()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        to_client: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self.mode is Mode.FULL:
                to_client.write(_FULL_ANSWER)
                await to_client.drain()
                return
            await self._delay()
            to_server.write(data)
            await to_server.drain()

    async def _answers(self, reader: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self.mode is Mode.DEAF:
                return
            await self._delay()
            to_client.write(data)
            await to_client.drain()

    async def _delay(self) -> None:
        while self.mode is Mode.STILL:
            await asyncio.sleep(_STILL_POLL_S)
        if self.mode is Mode.SLOW:
            await asyncio.sleep(_SLOW_S)


@contextmanager
def proxied(target_port: int) -> Iterator[Proxy]:
    """A proxy that is closed at the end."""
    proxy = Proxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
