"""The HTTP side: one handler, the server's headers, errors with code and status."""

import asyncio
import json
import secrets
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TypeVar

from aiohttp import web
from chdb import ChdbError

from deploy.local.clickhouse_http.bodies import Spool
from deploy.local.clickhouse_http.engine import Answer, Engine, remember, run
from deploy.local.clickhouse_http.faults import Fault, FaultText, describe
from deploy.local.clickhouse_http.requests import Request, read_request
from deploy.local.clickhouse_http.sessions import Sessions

_READ_BYTES = 1 << 18
_THREADS = 8
_CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
}
_ERRORS = (ChdbError, Fault, RuntimeError, UnicodeDecodeError)
T = TypeVar("T")


class Interface:
    """Answers requests; the engine works in threads, the event loop only moves bytes."""

    def __init__(self, engine: Engine, spool_dir: Path) -> None:
        self._engine = engine
        self._sessions = Sessions(engine)
        self._spool_dir = spool_dir
        self._threads = ThreadPoolExecutor(_THREADS, "engine")

    def close(self) -> None:
        """Wait for running statements, then close the data directory."""
        self._threads.shutdown()
        self._sessions.close()
        self._engine.close()

    async def ping(self, _: web.Request) -> web.Response:
        """Say that the process is there."""
        return web.Response(text="Ok.\n")

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """Run one statement; nothing of a request that is refused has any effect."""
        query_id = http.query.get("query_id") or str(uuid.uuid4())
        # Closed in a thread whatever happens: a client that goes away must not stop the loop.
        held = ExitStack()
        try:
            request = read_request(http.method, http.query, http.headers)
            text, file = self._new_file(held)
            spool = Spool(file, request.encoding)
            if not await self._receive(http, request, spool):
                return await self.ping(http)
            started = await self._thread(self._start, request, text, held)
            return await self._respond(http, started, query_id)
        except _ERRORS as error:
            return self._refuse(describe(error), query_id)
        finally:
            await self._thread(held.close)

    def _new_file(self, held: ExitStack) -> tuple[Path, IO[bytes]]:
        path = self._spool_dir / uuid.uuid4().hex
        held.callback(path.unlink, missing_ok=True)
        return path, held.enter_context(path.open("wb"))

    async def _receive(self, http: web.Request, request: Request, spool: Spool) -> bool:
        """Take the whole text; False when there is none."""
        if request.query:
            spool.write_plain(request.query.encode() + b"\n")
        empty = not request.query
        async for piece in http.content.iter_chunked(_READ_BYTES):
            await self._thread(spool.write, piece)
            empty = False
        await self._thread(spool.finish)
        return not empty

    def _start(self, request: Request, text: Path, held: ExitStack) -> tuple[Answer, bytes]:
        """Run until the first piece, so that most errors still get their status."""
        connection = held.enter_context(
            self._sessions.connection(
                request.session_id, request.session_timeout_s, request.session_must_exist
            )
        )
        if request.session_id:
            held.callback(remember(connection, request.asked))
        answer = run(connection, request.asked, text)
        held.callback(answer.close)
        return answer, next(answer.pieces, b"")

    async def _respond(
        self, http: web.Request, started: tuple[Answer, bytes], query_id: str
    ) -> web.StreamResponse:
        answer, piece = started
        tag = secrets.token_hex(8)
        response = web.StreamResponse(headers=self._headers(query_id))
        response.headers["X-ClickHouse-Format"] = answer.format
        response.headers["X-ClickHouse-Exception-Tag"] = tag
        summary = {name: str(value) for name, value in answer.summary.items()}
        response.headers["X-ClickHouse-Summary"] = json.dumps(summary)
        response.headers["Content-Type"] = _CONTENT_TYPES.get(
            answer.format, "text/tab-separated-values; charset=UTF-8"
        )
        await response.prepare(http)
        try:
            while piece:
                await response.write(piece)
                piece = await self._thread(next, answer.pieces, b"")
        except _ERRORS as error:
            await self._break_off(http, response, describe(error), tag)
            return response
        await response.write_eof()
        return response

    async def _break_off(
        self, http: web.Request, response: web.StreamResponse, fault: FaultText, tag: str
    ) -> None:
        """End an answer amid its rows as the server does: the error, then no proper end."""
        text = fault.text.encode()
        frame = f"__exception__\r\n{tag}\r\n".encode(), f"{len(text)} {tag}\r\n__exception__\r\n"
        await response.write(frame[0] + text + frame[1].encode())
        if http.transport is not None:
            http.transport.close()

    def _refuse(self, fault: FaultText, query_id: str) -> web.Response:
        headers = {**self._headers(query_id), "X-ClickHouse-Exception-Code": str(fault.code)}
        return web.Response(status=fault.status, text=fault.text, headers=headers)

    def _headers(self, query_id: str) -> dict[str, str]:
        return {
            "X-ClickHouse-Server-Display-Name": self._engine.name,
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self._engine.timezone,
        }

    async def _thread(self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)


def application(interface: Interface) -> web.Application:
    """The routes; closing it closes the engine."""

    async def close(_: web.Application) -> None:
        interface.close()

    app = web.Application()
    app.router.add_get("/ping", interface.ping)
    app.router.add_get("/", interface.handle)
    app.router.add_post("/", interface.handle)
    app.on_cleanup.append(close)
    return app
