"""Connections for requests: a fresh one each, or the one of a session."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chdb.state.sqlitelike import Connection

from deploy.local.clickhouse_http.engine import Engine
from deploy.local.clickhouse_http.faults import Code, Fault

TIMEOUT_S_DEFAULT = 60
TIMEOUT_S_MAX = 3600


@dataclass(slots=True)
class _Session:
    connection: Connection
    idle_until_s: float = 0.0
    busy: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """Keeps a connection per session id: its settings and temporary tables last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: dict[str, _Session] = {}
        self._guard = threading.Lock()

    @contextmanager
    def connection(self, name: str, timeout_s: int, must_exist: bool) -> Iterator[Connection]:
        """A connection for one request; of the session ``name`` unless that is empty.

        Raises Fault when another request runs in the session.
        """
        self._close_idle()
        if not name:
            fresh = self._engine.connect()
            try:
                yield fresh
            finally:
                fresh.close()
            return
        session = self._take(name, must_exist)
        try:
            yield session.connection
        finally:
            session.idle_until_s = time.monotonic() + min(timeout_s, TIMEOUT_S_MAX)
            session.busy.release()

    def close(self) -> None:
        """Close every session."""
        with self._guard:
            for session in self._open.values():
                session.connection.close()
            self._open.clear()

    def _take(self, name: str, must_exist: bool) -> _Session:
        with self._guard:
            session = self._open.get(name)
            if session is None:
                if must_exist:
                    raise Fault(Code.SESSION_NOT_FOUND, f"Session {name} not found")
                session = self._open[name] = _Session(self._engine.connect())
            if not session.busy.acquire(blocking=False):
                message = f"Session {name} is locked by a concurrent client"
                raise Fault(Code.SESSION_IS_LOCKED, message)
            return session

    def _close_idle(self) -> None:
        now_s = time.monotonic()
        with self._guard:
            for name, session in [*self._open.items()]:
                if session.idle_until_s < now_s and session.busy.acquire(blocking=False):
                    session.connection.close()
                    del self._open[name]
