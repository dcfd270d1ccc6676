"""What questions have in common: a range of time, a place, and columns that say what they mean."""

from collections.abc import Sequence

from sinks import views_arguments
from sinks.ddl import quoted
from sinks.views_shape import Column, Shape, create

#: A column: its name, type, comment, and the expression that fills it.
Told = tuple[str, str, str, str]

PLACE: list[Told] = [
    ("org", "String", "Organisation", "org"),
    ("source", "String", "Platform that sent the events", "source"),
    ("project", "String", "Project within organisation and source", "project"),
]


def within(time: str) -> str:
    """Whether a time lies in the range that is asked for."""
    return f"{time} >= {{from:DateTime('UTC')}} AND {time} < {{to:DateTime('UTC')}}"


def question(database: str, name: str, about: str, columns: Sequence[Told], source: str) -> str:
    """A view that takes ``from`` and ``to``, and refuses a reversed range."""
    shape = Shape(name, declared(columns), about, (views_arguments.span(),))
    return create(database, shape, source)


def declared(columns: Sequence[Told]) -> list[Column]:
    """Columns as a view declares them."""
    return [(f"{each} {kind} COMMENT {quoted(text)}", sql) for each, kind, text, sql in columns]
