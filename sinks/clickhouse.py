"""Rows into ClickHouse: absolute and versioned, so that sending them twice changes nothing.

A batch is one INSERT. What the engine can't take for good is found by halves and handed back;
every other row is stored. An outage raises ``SinkUnavailable`` and stores what it stored.
"""

import logging
import threading
from collections.abc import Sequence
from struct import error as StructError

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DataError, OperationalError
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import HTTPError

from sinks import clients
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
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        # The driver tells it as text only. It passes: certificates are renewed.
        return SinkUnavailable("certificate_of_unknown_authority_or_other_host_or_time")
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


def connect(url: str, user: str = "default", password: str = "") -> Client:
    """A client of its own for this thread; SinkUnavailable when nobody answers.

    A user and password in the URL come first. Sessions are off: the engine runs one query of a
    session at a time.
    """
    # The driver logs values that do not fit, which would put content into our logs.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL + 1)
    try:
        return clients.clickhouse(
            url,
            user,
            password,
            autogenerate_session_id=False,
            connect_timeout=_CONNECT_S,
            send_receive_timeout=_ANSWER_S,
        )
    except (DriverError, HTTPError, OSError) as error:
        raise classified(error) from error


class ClickHouseSink:
    """Writes rows to one database. Blocking: call it in a thread; each thread has its client."""

    def __init__(
        self, url: str, database: str, *, user: str = "default", password: str = ""
    ) -> None:
        self._url = url
        self._database = database
        self._user = user
        self._password = password
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
        refusal = self._refusal(target, rows)
        if refusal is None:
            return []
        if len(rows) == 1:
            return [Refused(rows[0], refusal)]
        half = len(rows) // 2
        return [*self._store(target, rows[:half]), *self._store(target, rows[half:])]

    def _refusal(self, target: Target, rows: Sequence[msgspec.Struct]) -> str | None:
        """Insert the rows; why they were refused, None when they are in."""
        try:
            batch = target.batch(rows)
            self._client().insert(
                target.table,
                batch.columns,
                column_names=batch.names,
                column_type_names=batch.types,
                database=self._database,
                column_oriented=True,
                settings=_SETTINGS,
            )
        except SinkRefused as refused:
            return refused.reason
        except (DriverError, HTTPError, OSError) as error:
            known = classified(error)
            if isinstance(known, SinkRefused):
                return known.reason
            raise known from error
        except (StructError, ArithmeticError, ValueError, TypeError, AttributeError):
            # The driver gives up on a value in whatever way its writer happened to fail.
            return "value_does_not_fit"
        return None

    def _client(self) -> Client:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = connect(self._url, self._user, self._password)
            self._local.client = client
        return client
