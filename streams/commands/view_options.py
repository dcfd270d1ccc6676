"""The options of a question to a view, and asking it."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import HTTPError

from sinks.ddl import quoted
from sinks.errors import SinkError
from sinks.view_catalog import ViewInfo, catalog
from streams.commands.invocation import read_settings
from streams.floor_files import read_groupings
from streams.refusals import Refusal
from streams.setup import connect_clickhouse
from streams.spaces import Names
from streams.view_question import Asked, Question, question

_EXCEPTION = re.compile(r"DB::Exception: (.+?)(?:: while executing|: In scope|\. \([A-Z_]+\))")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--from", "since", metavar="TIME", help="Start, as 2026-03-02 or with T09:00."),
    click.option("--to", "until", metavar="TIME", help="End, exclusive."),
    click.option("--step", metavar="15m|1h|1d", help="Length of a row; none: the whole range."),
    click.option("--grouping", metavar="NAME", help="By what, as queue; default: all."),
    click.option("--tz", "zone", metavar="ZONE", help="Zone of times that name none; default UTC."),
    click.option("--as-of", metavar="TIME", help="Figures as they stood then, where kept."),
    click.option("--at", metavar="TIME", help="Where before ends: guideline_change, drift."),
    click.option(
        "--where",
        multiple=True,
        metavar="COLUMN=VALUE",
        help="Only such rows; also != < <= > >=. May be repeated.",
    ),
)


def view_options(command: _Command) -> _Command:
    """Give a command the options that say what to ask a view."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, and where to ask it."""

    client: Client
    database: str
    question: Question

    @property
    def sql(self) -> str:
        """The question in SQL."""
        return self.question.sql(self.database)

    def with_step(self, step_s: int) -> "Asking":
        """The same question in steps of so many seconds."""
        question = replace(self.question, step_s=step_s)
        return replace(self, question=question)._with("step_s", str(step_s))

    def with_metric(self, metric: str) -> "Asking":
        """The same question about one metric only, where the view can be told so."""
        return self._with("metric", quoted(metric))

    def _with(self, name: str, literal: str) -> "Asking":
        if name not in self.question.arguments:
            return self
        arguments = {**self.question.arguments, name: literal}
        return replace(self, question=replace(self.question, arguments=arguments))


#: Adds what was left out to what was said, knowing the view.
Complete = Callable[[Client, ViewInfo, Mapping[str, Any]], Mapping[str, Any]]


def as_said(_client: Client, _view: ViewInfo, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nothing is added."""
    return said


def _told(error: DriverError) -> str:
    """What the engine itself says, without where in the query it says it."""
    text = " ".join(str(error).split())
    found = _EXCEPTION.search(text)
    return found[1] if found else text


@contextmanager
def asking(view: str, said: Mapping[str, Any], complete: Complete = as_said) -> Iterator[Asking]:
    """Check what was said and ask in the space's database; Refusal when that fails."""
    settings = read_settings()
    database = Names(settings.space.space).database
    client = connect_clickhouse(settings.connections)
    client.database = database
    try:
        groupings = [grouping.name for grouping in read_groupings()]
        views = catalog(client, database)
        if view in views:
            said = complete(client, views[view], said)
        yield Asking(client, database, question(Asked(view, **said), views, groupings))
    except DriverError as error:
        raise Refusal(f"ClickHouse refused: {_told(error)}", "correct the question") from error
    except (SinkError, HTTPError) as error:
        raise Refusal(
            f"ClickHouse broke off: {error}", "nothing was written; try again, or a shorter range"
        ) from error
    finally:
        client.close()
