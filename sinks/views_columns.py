"""Columns of views, with what they mean: the engine lists none of a view that takes arguments.

``DESCRIBE`` of such a view, called with its arguments, has no comments either; its definition has.
"""

from sinks.ddl import quoted
from sinks.views_shape import Column, Shape, create

_COLUMN = r"`(\w+)` ([^`]+?) COMMENT '((?:[^'\\]|\\.)*)'"
_ARGUMENT = r"\{(\w+):\w"
_UNESCAPED = r"replaceRegexpAll(it.3, '\\\\(.)', '\\1')"


def statement(database: str) -> str:
    """The view of all views."""
    source = (
        # By a name of its own: in the view, "comment" is what the column means.
        "SELECT name, comment AS answers, arrayDistinct(extractAll(as_select, "
        f"{quoted(_ARGUMENT)})) AS arguments, arrayJoin(arrayEnumerate(columns)) AS position, "
        "columns[position] AS it FROM (SELECT name, comment, as_select, "
        f"arrayMap(c -> (c[1], c[2], c[3]), extractAllGroups(declared, {quoted(_COLUMN)})) "
        "AS columns FROM (SELECT *, splitByString(' AS SELECT ', create_table_query)[1] "
        f"AS declared FROM system.tables WHERE database = {quoted(database)} "
        "AND engine = 'View'))"
    )
    columns: list[Column] = [
        ("view String COMMENT 'Name of the view'", "name"),
        ("about String COMMENT 'What the view answers'", "answers"),
        ("arguments Array(String) COMMENT 'What it takes, all by name'", "arguments"),
        ("position UInt32 COMMENT 'Place of the column, from 1'", "position"),
        ("column String COMMENT 'Name of the column'", "it.1"),
        ("type String COMMENT 'Type of the column'", "it.2"),
        ("comment String COMMENT 'What the column means'", _UNESCAPED),
    ]
    return create(database, Shape("view_columns", columns, "Columns of all views"), source)
