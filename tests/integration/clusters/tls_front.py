"""TLS in front of a server that has none, as a load balancer does it.

The local ClickHouse engine and the packaged Valkey speak no TLS; what is tested is our clients'.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.integration.clusters.authority import HOST, Authority, Pair

_CHUNK = 64 * 1024


@contextmanager
def tls_front(plain: str, pair: Pair, asks: Authority | None = None) -> Iterator[str]:
    """Listen with this certificate, pass on to ``host:port``; yields the address.

    ``asks``: whose certificate a client must show.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if asks is not None:
        context.load_verify_locations(asks.file)
        context.verify_mode = ssl.CERT_REQUIRED
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    front = _Front(*plain.rsplit(":", 1))
    listening = asyncio.run_coroutine_threadsafe(front.listen(context), loop)
    try:
        yield f"{HOST}:{listening.result(10)}"
    finally:
        asyncio.run_coroutine_threadsafe(front.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Front:
    """One listener, and the connections through it."""

    def __init__(self, host: str, port: str) -> None:
        self._plain = (host, int(port))
        self._through: set[asyncio.Task[None]] = set()

    async def listen(self, context: ssl.SSLContext) -> int:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, ssl=context)
        return int(self._server.sockets[0].getsockname()[1])

    async def _take(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._pass_on(near, back))
        self._through.add(task)
        task.add_done_callback(self._through.discard)

    async def _pass_on(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection(*self._plain)
        ways = [asyncio.ensure_future(_copy(near, forth)), asyncio.ensure_future(_copy(far, back))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for writer in (forth, back):
                writer.close()
                with suppress(OSError, ssl.SSLError):
                    await writer.wait_closed()

    async def close(self) -> None:
        self._server.close()
        for task in list(self._through):
            task.cancel()
        await asyncio.gather(*self._through, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
