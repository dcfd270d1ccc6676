"""Numbered migrations: forward only, each once, and what was applied may not change.

A file is ``NNN_name.sql`` with statements that end in ``;`` at a line's end; ``{db}`` stands for
the database. Every statement can be run twice, because a run may end between two of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from clickhouse_connect.driver.client import Client

from sinks import views

_FILE = re.compile(r"(\d{3})_([a-z0-9_]+)\.sql")
_STATEMENT_END = re.compile(r";[ \t]*(?:\n|\Z)")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEDGER = """
CREATE TABLE IF NOT EXISTS {db}.schema_migrations
(
    number UInt16 COMMENT 'Number of the file',
    name String COMMENT 'Name of the file',
    checksum FixedString(64) COMMENT 'SHA-256 of the file as it was applied',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree(applied_at) ORDER BY number
COMMENT 'Migrations that this database has had'
"""


class MigrationChanged(Exception):
    """An applied file has another content now, or is gone: write a new file instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return sha256(self.text.encode()).hexdigest()

    def statements(self, database: str) -> Iterator[str]:
        """The file's statements for one database."""
        bare = re.sub(r"^\s*--.*$", "", self.text, flags=re.MULTILINE)
        for statement in _STATEMENT_END.split(bare):
            if statement.strip():
                yield statement.strip().replace("{db}", database)


def load() -> list[Migration]:
    """Every migration of ``deploy/clickhouse``, in order; numbers are 1, 2, 3 and so on."""
    found = []
    for entry in (files("deploy") / "clickhouse").iterdir():
        match = _FILE.fullmatch(entry.name)
        if match:
            text = entry.read_text(encoding="utf-8").replace("\r\n", "\n")
            found.append(Migration(int(match[1]), match[2], text))
    found.sort(key=lambda migration: migration.number)
    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    return found


def pending(client: Client, database: str, known: list[Migration]) -> list[Migration]:
    """The migrations that a database still needs; MigrationChanged when an applied one changed."""
    rows = client.query(
        f"SELECT number, checksum FROM {database}.schema_migrations FINAL"
    ).result_rows
    applied = {number: _text(checksum) for number, checksum in rows}
    by_number = {migration.number: migration for migration in known}
    for number, checksum in applied.items():
        migration = by_number.get(number) if isinstance(number, int) else None
        if migration is None or migration.checksum != checksum:
            raise MigrationChanged(f"migration {number} of {database} is not the one applied")
    return [migration for migration in known if migration.number not in applied]


def migrate(client: Client, database: str, known: list[Migration] | None = None) -> list[str]:
    """Bring a database up to date and put its views in place; the names of what was applied."""
    if not _DATABASE.fullmatch(database):
        raise ValueError(f"not a database name: {database!r}")
    client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
    client.command(_LEDGER.replace("{db}", database))
    done = []
    for migration in pending(client, database, load() if known is None else known):
        for statement in migration.statements(database):
            client.command(statement)
        client.command(
            f"INSERT INTO {database}.schema_migrations (number, name, checksum) "
            f"VALUES ({migration.number}, '{migration.name}', '{migration.checksum}')"
        )
        done.append(f"{migration.number:03d}_{migration.name}")
    for statement in views.statements(database):
        client.command(statement)
    return done


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
