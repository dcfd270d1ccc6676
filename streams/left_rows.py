"""Rows of a floor whose topics are gone.

A revision grows with the changelog of its space. In new topics it begins anew, and every row that
ClickHouse has of the lost ones would be taken for newer than what is told of the same thing now:
an item would stand still for ever. So a space begins where nothing of its name is left.
"""

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError

from streams.refusals import Refusal

_TABLES = ("rollups", "items")
#: The engine's codes for an unknown table and an unknown database.
ABSENT = frozenset({60, 81})


def refuse(client: Client, database: str, space: str) -> None:
    """Raise Refusal when a database has rows that a space without topics did not write."""
    for table in _TABLES:
        if _has_rows(client, f"{database}.{table}"):
            raise Refusal(
                f"{database}.{table} has rows of a space {space} whose topics are gone",
                f"keep it to read and begin another: WATCHFLOOR_SPACE={space}-2; or delete what is "
                f"left: `watchfloor space drop {space}`",
            )


def _has_rows(client: Client, table: str) -> bool:
    try:
        return bool(client.query(f"SELECT 1 FROM {table} LIMIT 1").result_rows)
    except DriverError as error:
        if error.code in ABSENT:
            return False
        raise
