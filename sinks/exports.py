"""Answers of ClickHouse as files: streamed in the engine's own formats, whole or not there at all.

The answer goes to ``FILE.part`` beside the file and takes its name once it is complete. An engine
that fails amid an answer breaks the connection off, and writes a mark that is looked for as well.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from clickhouse_connect.driver.client import Client

from sinks.errors import SinkUnavailable

Format = Literal["parquet", "csv", "arrow"]
_NAMES: dict[Format, str] = {"parquet": "Parquet", "csv": "CSVWithNames", "arrow": "Arrow"}
#: How a complete file of a format ends; CSV has no mark of its own.
_ENDS: dict[Format, bytes] = {"parquet": b"PAR1", "csv": b"", "arrow": b"ARROW1"}
_BROKEN_OFF = b"__exception__"
_PIECE_BYTES = 1 << 20
_TAIL_BYTES = 64 * 1024
#: What is unknown is nothing in a CSV, and an empty text is two quotes.
_SETTINGS = {"readonly": 2, "format_csv_null_representation": ""}


@dataclass(frozen=True, slots=True)
class Export:
    """A query and the file that its answer becomes; ``about`` goes into the sidecar."""

    sql: str
    shape: Format
    path: Path
    about: dict[str, Any]

    @property
    def sidecar(self) -> Path:
        """Where the columns are explained: ``FILE.columns.json``."""
        return self.path.with_name(f"{self.path.name}.columns.json")


def write(client: Client, export: Export, on_bytes: Callable[[int], None]) -> int:
    """Write the file and its sidecar; the file's size. ``on_bytes`` hears how much is there.

    Raises DriverError when the engine refuses, SinkUnavailable when the answer broke off, OSError.
    """
    part = export.path.with_name(f"{export.path.name}.part")
    try:
        size = _stream(client, export, part, on_bytes)
        _check_end(part, size, export.shape)
        about = part.with_name(f"{export.sidecar.name}.part")
        about.write_bytes(orjson.dumps(export.about, option=orjson.OPT_INDENT_2))
        os.replace(about, export.sidecar)
        os.replace(part, export.path)
    finally:
        part.unlink(missing_ok=True)
    return size


def _stream(client: Client, export: Export, part: Path, on_bytes: Callable[[int], None]) -> int:
    answer: Any = client.raw_stream(export.sql, fmt=_NAMES[export.shape], settings=_SETTINGS)
    size = 0
    try:
        with part.open("wb") as file:
            while piece := answer.read(_PIECE_BYTES):
                size += file.write(piece)
                on_bytes(size)
            file.flush()
            os.fsync(file.fileno())
    finally:
        answer.close()
    return size


def _check_end(part: Path, size: int, shape: Format) -> None:
    with part.open("rb") as file:
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    if not tail.endswith(_ENDS[shape]) or tail.endswith(_BROKEN_OFF + b"\r\n"):
        raise SinkUnavailable("answer_broke_off")
