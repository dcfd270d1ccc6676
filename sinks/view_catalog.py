"""Which views a database has: their arguments, their columns, and what each column means."""

import re
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

#: A column as CREATE VIEW declares it; commas and quotes may stand in types and comments.
_COLUMN = re.compile(r"`(\w+)` (.+?) COMMENT '((?:[^'\\]|\\.)*)'(?=, `|\))", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view."""

    name: str
    kind: str
    comment: str

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, or unknown."""
        return re.fullmatch(r"(Nullable\()?U?(Int|Float)\d+\)?", self.kind) is not None


@dataclass(frozen=True, slots=True)
class ViewInfo:
    """A view of the database: what it takes (name to type) and what it gives."""

    name: str
    comment: str
    arguments: dict[str, str]
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


def catalog(client: Client, database: str) -> dict[str, ViewInfo]:
    """Every view of a database by its name."""
    rows = client.query(
        "SELECT name, comment, parameterized_view_parameters, create_table_query "
        "FROM system.tables WHERE database = {database:String} AND engine = 'View' ORDER BY name",
        parameters={"database": database},
    ).result_rows
    return {str(row[0]): _view(*row) for row in rows}


def _view(name: str, comment: str, arguments: list[Any], text: str) -> ViewInfo:
    found = _COLUMN.findall(text.partition(" AS ")[0] if not arguments else text)
    columns = tuple(Column(each, kind, _ESCAPED.sub(r"\1", about)) for each, kind, about in found)
    pairs = (each.values() if isinstance(each, dict) else each for each in arguments)
    return ViewInfo(name, comment, {str(key): str(kind) for key, kind in pairs}, columns)
