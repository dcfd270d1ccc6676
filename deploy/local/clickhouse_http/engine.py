"""The embedded engine: connections, sessions, and running one statement."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import chdb
from chdb.state.sqlitelike import Connection

from deploy.local.clickhouse_http.faults import Code, Fault
from deploy.local.clickhouse_http.native_blocks import REVISION_MIN, with_block_info
from deploy.local.clickhouse_http.statements import InsertHead, insert_head, output_of

# One block per insert: the engine stores it whole or not at all. The engine's streaming
# insert (``send_insert``) is not used: it reports success for a block that a constraint or
# the partition limit refused.
_WHOLE: Mapping[str, int] = {
    "async_insert": 0,
    "max_insert_block_size": 1_000_000_000_000,
    "min_insert_block_size_rows": 1_000_000_000_000,
    "min_insert_block_size_bytes": 0,
    "min_insert_block_size_rows_for_materialized_views": 0,
    "min_insert_block_size_bytes_for_materialized_views": 0,
    "max_insert_threads": 1,
}
# Formats whose pieces, put one after the other, are what one answer would be.
_STREAMED = frozenset(
    {"Native", "RowBinary", "TSV", "TabSeparated", "TSVRaw", "TabSeparatedRaw", "CSV"}
    | {"JSONEachRow", "JSONCompactEachRow", "JSONStringsEachRow"}
)
_HEAD_BYTES_MAX = 256 * 1024
_TEXT_BYTES_MAX = 16 * 1024 * 1024
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, beside its text."""

    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    readonly: bool = False
    default_format: str = "TabSeparated"
    protocol_revision: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Pieces of the result, in ``format``; ``summary`` is for the client's statistics.

    ``close`` ends a result that was not read to its end; call it before the connection's,
    which otherwise waits for ever.
    """

    pieces: Iterator[bytes]
    format: str
    summary: Mapping[str, int]
    close: Callable[[], None] = lambda: None


class _Result(Protocol):
    """A result of the engine, or a piece of one."""

    def bytes(self) -> bytes: ...
    def rows_read(self) -> int: ...
    def bytes_read(self) -> int: ...
    def rows_written(self) -> int: ...
    def bytes_written(self) -> int: ...
    def elapsed(self) -> float: ...


class _Stream(Protocol):
    """A result that comes in pieces; None after the last."""

    def fetch(self) -> _Result | None: ...
    def close(self) -> None: ...


class Engine:
    """Opens the data directory and hands out connections; safe for threads."""

    def __init__(self, data: Path, config: Path) -> None:
        self._address = f"{data}?config-file={config}&log-level=error"
        # Kept open, for the engine ends with its last connection.
        self._first: Connection = chdb.connect(self._address)
        self.timezone = _text(self._first, "SELECT timezone()")
        self.name = _text(self._first, "SELECT hostName()")

    def connect(self) -> Connection:
        """A connection with settings, a database and temporary tables of its own."""
        return chdb.connect(self._address)

    def close(self) -> None:
        """Close the data directory."""
        self._first.close()


def run(connection: Connection, asked: Asked, text: Path) -> Answer:
    """Run the one statement that the file ``text`` holds, rows included.

    Raises ChdbError or Fault; then an insert has stored nothing.
    """
    _apply(connection, asked)
    with text.open("rb") as source:
        head = insert_head(source.read(_HEAD_BYTES_MAX))
    if head is not None:
        if asked.readonly:
            raise Fault(Code.READONLY, "Cannot execute query in readonly mode, send it by POST")
        return _insert(connection, head, text)
    if text.stat().st_size > _TEXT_BYTES_MAX:
        message = f"The query is larger than {_TEXT_BYTES_MAX} bytes"
        raise Fault(Code.TOO_LARGE_STRING_SIZE, message)
    return _for_client(_query(connection, asked, text.read_bytes()), asked)


def remember(connection: Connection, asked: Asked) -> Callable[[], None]:
    """What undoes the settings and the database of one request in a lasting session."""
    database = _text(connection, "SELECT currentDatabase()")
    before = {
        name: _text(connection, f"SELECT toString(getSetting({_quoted(name)}))")
        for name in _settings(asked)
    }

    def restore() -> None:
        connection.query(f"USE {_quoted(database, '`')}")
        for name, value in before.items():
            connection.query(f"SET {name} = {_quoted(value)}")

    return restore


def _apply(connection: Connection, asked: Asked) -> None:
    if asked.database:
        connection.query(f"USE {_quoted(asked.database, '`')}")
    for name, value in _settings(asked).items():
        connection.query(f"SET {name} = {_quoted(value)}")


def _settings(asked: Asked) -> dict[str, str]:
    settings = {name: value for name, value in asked.settings.items() if name not in _WHOLE}
    for name in settings:
        if not _SETTING_NAME.match(name):
            raise Fault(Code.BAD_ARGUMENTS, f"Bad name of a setting: {name}")
    return settings


def _insert(connection: Connection, head: InsertHead, text: Path) -> Answer:
    """Insert rows as the engine's own client does from a file, checked by their number."""
    rows = text.with_suffix(".rows")
    try:
        with text.open("rb") as source, rows.open("wb") as target:
            source.seek(head.rows_from)
            shutil.copyfileobj(source, target, 1 << 20)
        pinned = ", ".join(f"{name} = {value}" for name, value in _WHOLE.items())
        settings = f"{head.settings}, {pinned}" if head.settings else pinned
        result = connection.query(
            f"{head.target} FROM INFILE {_quoted(str(rows))} COMPRESSION 'none' "
            f"SETTINGS {settings} FORMAT {head.format}"
        )
    finally:
        rows.unlink(missing_ok=True)
    sent, written = result.rows_read(), result.rows_written()
    # More is written than sent when materialized views follow the table.
    if written < sent:
        raise Fault(Code.INCORRECT_DATA, f"{sent} rows were sent but {written} were written")
    return Answer(iter(()), head.format, _summary(result))


def _query(connection: Connection, asked: Asked, text: bytes) -> Answer:
    output = output_of(text)
    format_name = output.format or asked.default_format
    sql = text.decode("utf-8", "surrogateescape")
    kind = connection._conn.classify_query(sql)
    if kind["statement_count"] > 1:
        raise Fault(Code.SYNTAX_ERROR, "Multi-statements are not allowed")
    reads = kind["query_class"].name == "READ_ONLY"
    if asked.readonly and not reads:
        raise Fault(Code.READONLY, "Cannot execute query in readonly mode, send it by POST")
    params = dict(asked.params)
    if output.selects and reads and format_name in _STREAMED:
        stream = connection.send_query(sql, format_name, params=params)
        return Answer(_pieces(stream), format_name, {}, stream.close)
    result = connection.query(sql, format_name, params=params)
    return Answer(iter((result.bytes(),)), format_name, _summary(result))


def _for_client(answer: Answer, asked: Asked) -> Answer:
    if answer.format != "Native" or asked.protocol_revision < REVISION_MIN:
        return answer
    pieces = (part for piece in answer.pieces for part in with_block_info(piece))
    return replace(answer, pieces=pieces)


def _pieces(stream: _Stream) -> Iterator[bytes]:
    while (piece := stream.fetch()) is not None:
        yield piece.bytes()


def _summary(result: _Result) -> dict[str, int]:
    return {
        "read_rows": result.rows_read(),
        "read_bytes": result.bytes_read(),
        "written_rows": result.rows_written(),
        "written_bytes": result.bytes_written(),
        "elapsed_ns": round(result.elapsed() * 1e9),
    }


def _quoted(text: str, quote: str = "'") -> str:
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escaped}{quote}"


def _text(connection: Connection, sql: str) -> str:
    return str(connection.query(sql, "TabSeparatedRaw").bytes().decode().strip())
