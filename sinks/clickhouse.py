"""Rows into ClickHouse: absolute and versioned, so that sending them twice changes nothing.

A batch is one INSERT. What the engine can't take for good is found by halves and handed back;
every other row is stored. An outage raises ``SinkUnavailable`` and stores what it stored.
"""

import threading
from collections.abc import Sequence
from struct import error as StructError
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DataError, OperationalError
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import HTTPError

from sinks.errors import Refused, SinkError, SinkRefused, SinkUnavailable, SinkUnknown
from sinks.rows import TARGETS, RowKind, Target

#: Server errors that pass by themselves: time-outs, limits, lost peers, a full disk, shutdown.
_PASSING = frozenset(
    {159, 160, 198, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 265, 279, 285, 290, 319, 394}
    | {415, 425, 439, 745, 999}
)
#: Server errors about values: they would be the same again.
_ABOUT_VALUES = frozenset(
    {6, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 128, 131, 190, 321, 349, 407, 469, 675}
)
#: async_insert is the server's default since 26.2 and would answer before the rows are in.
_SETTINGS = {"async_insert": 0, "max_partitions_per_insert_block": 1000}
_CONNECT_S = 5
_ANSWER_S = 60


def classified(error: Exception) -> SinkError:
    """Which of the three kinds an error of the client or of the engine is."""
    if isinstance(error, DriverError):
        code = error.code
        if code in _ABOUT_VALUES or (code is None and isinstance(error, DataError)):
            return SinkRefused(f"clickhouse_{code}" if code else "value_does_not_fit")
        if code in _PASSING or (code is None and isinstance(error, OperationalError)):
            return SinkUnavailable(f"clickhouse_{code}" if code else "no_answer")
        return SinkUnknown(f"clickhouse_{code}")
    if isinstance(error, HTTPError | OSError):
        return SinkUnavailable("no_answer")
    return SinkUnknown(type(error).__name__)


def connect(url: str) -> Client:
    """A client of its own for this thread; SinkUnavailable when nobody answers.

    Sessions are off: the engine runs one query of a session at a time.
    """
    parts = urlsplit(url)
    try:
        return clickhouse_connect.get_client(
            interface=parts.scheme,
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 8123,
            username=parts.username or "default",
            password=parts.password or "",
            autogenerate_session_id=False,
            connect_timeout=_CONNECT_S,
            send_receive_timeout=_ANSWER_S,
        )
    except (DriverError, HTTPError, OSError) as error:
        raise classified(error) from error


class ClickHouseSink:
    """Writes rows to one database. Blocking: call it in a thread; each thread has its client."""

    def __init__(self, url: str, database: str) -> None:
        self._url = url
        self._database = database
        self._local = threading.local()

    def write(self, kind: RowKind, rows: Sequence[msgspec.Struct]) -> list[Refused]:
        """Store rows of one kind; those that can't be stored come back, each with its reason.

        Raises SinkUnavailable (try the same again later) or SinkUnknown (stop). Both leave some
        of the rows stored, which is harmless: the same rows again change nothing.
        """
        target = TARGETS[kind]
        return self._store(target, rows) if rows else []

    def close(self) -> None:
        """Drop this thread's connection, if any."""
        client: Client | None = getattr(self._local, "client", None)
        if client is not None:
            client.close()
            del self._local.client

    def _store(self, target: Target, rows: Sequence[msgspec.Struct]) -> list[Refused]:
        try:
            self._insert(target, rows)
        except SinkRefused as refused:
            if len(rows) == 1:
                return [Refused(rows[0], refused.reason)]
            half = len(rows) // 2
            return [*self._store(target, rows[:half]), *self._store(target, rows[half:])]
        return []

    def _insert(self, target: Target, rows: Sequence[msgspec.Struct]) -> None:
        try:
            columns: list[list[Any]] = target.columns(rows)
            self._client().insert(
                target.table,
                columns,
                column_names=target.names,
                column_type_names=target.types,
                database=self._database,
                column_oriented=True,
                settings=_SETTINGS,
            )
        except (DriverError, HTTPError, OSError) as error:
            raise classified(error) from error
        except (StructError, ArithmeticError, ValueError, TypeError, AttributeError) as error:
            # The driver gives up on a value in whatever way its writer happened to fail.
            raise SinkRefused("value_does_not_fit") from error

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = connect(self._url)
            self._local.client = client
        return client
