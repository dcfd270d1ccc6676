"""What mappings remember of past deliveries, and what was last seen of each thing, in SQLite.

In a file it outlives the gateway; without one it is forgotten with the process. Either way its
rows are limited, and the ones longest unused go first.
"""

import sqlite3
from pathlib import Path

from streams.refusals import Refusal
from streams.sources.memory import Remembered

_TABLE = "CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, held BLOB, used INTEGER)"
_BY_USE = "CREATE INDEX IF NOT EXISTS by_use ON known (used)"
_PUT = "INSERT OR REPLACE INTO known VALUES (?, ?, ?)"
_DROP = "DELETE FROM known WHERE name IN (SELECT name FROM known ORDER BY used LIMIT ?)"
#: Dropped at a time, so that a full memory is not tidied at each delivery.
_DROP_SHARE = 20


class KeptMemory:
    """Memory of at most ``rows_max`` things; see ``streams.sources.memory.Memory``."""

    def __init__(self, path: Path | None, rows_max: int) -> None:
        """Open it; raises Refusal for a file that can't be used."""
        try:
            self._kept = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._kept.execute("PRAGMA journal_mode=WAL")
            self._kept.execute("PRAGMA synchronous=NORMAL")
            self._kept.execute(_TABLE)
            self._kept.execute(_BY_USE)
            found = self._kept.execute("SELECT count(*), coalesce(max(used), 0) FROM known")
            self._rows, self._turn = found.fetchone()
        except sqlite3.Error as error:
            raise Refusal(
                f"{path} can't be used as the gateway's memory: {error}",
                "set WATCHFLOOR_GATEWAY_MEMORY to a file that may be written, of one gateway only",
            ) from error
        self._rows_max = rows_max

    def get(self, name: str) -> Remembered:
        """What is known; an empty one for what is not."""
        row = self._kept.execute("SELECT held FROM known WHERE name = ?", (name,)).fetchone()
        return Remembered() if row is None else Remembered.decode(row[0])

    def put(self, name: str, remembered: Remembered) -> None:
        """Keep it instead of what was."""
        self._turn += 1
        known = self._kept.execute("SELECT 1 FROM known WHERE name = ?", (name,)).fetchone()
        self._kept.execute(_PUT, (name, remembered.encode(), self._turn))
        self._rows += known is None
        if self._rows > self._rows_max:
            dropped = max(1, self._rows_max // _DROP_SHARE)
            self._kept.execute(_DROP, (dropped,))
            self._rows -= dropped

    def close(self) -> None:
        """Close the file."""
        self._kept.close()
