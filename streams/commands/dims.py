"""``watchfloor dims``: what ids stand for, out of files into ClickHouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError

from sinks import dimensions, dimensions_files, dimensions_rows, dimensions_store
from sinks.dimensions_files import DimensionsRefused
from sinks.dimensions_rows import FAULTS_TOLD_MAX, Row
from streams.commands.invocation import read_settings, show_rows
from streams.refusals import Refusal
from streams.setup import connect_clickhouse
from streams.spaces import Names

_FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=False)
)
_AS = click.option(
    "--as",
    "only",
    type=click.Choice(list(dimensions.ALL)),
    help="Which table CSV files are for, where their names do not say it.",
)


@click.group("dims")
def command() -> None:
    """Load names, teams, sites, targets and cost rates for SQL, with their history.

    A CSV is named after its table (teams.csv, cost_rates-2026.csv) and begins with the names of
    its columns; a YAML has the table's name on top and a list of rows below. A row holds from
    valid_from up to before valid_to; without one it always did, or still does. The files of a
    call are the whole content of their tables: what they leave out is no more.

    \b
    watchfloor dims check teams.csv cost_rates.csv
    watchfloor dims load teams.csv cost_rates.csv deploy/targets.yaml
    watchfloor dims ls
    watchfloor dims ls cost_rates

    Exit codes: 0 well, 1 a file or ClickHouse is not, 2 wrong usage.
    """


@command.command("check")
@_FILES
@_AS
def check(files: tuple[Path, ...], only: str | None) -> None:
    """Say what is wrong with FILES, with file, line and field; nothing is stored.

    \b
    watchfloor dims check rates.csv --as cost_rates
    """
    for name, rows in _read(files, only).rows.items():
        click.echo(f"{name}: {len(rows)} rows, all well")


@command.command("load")
@_FILES
@_AS
def load(files: tuple[Path, ...], only: str | None) -> None:
    """Make FILES the content of their tables, whole or not at all.

    \b
    watchfloor dims load deploy/sites.yaml deploy/targets.yaml
    watchfloor dims load teams-emea.csv teams-apac.csv cost_rates.csv
    """
    found = _read(files, only)
    with _store() as (client, database):
        done = dimensions_store.load(client, database, found.rows, found.files)
    for name, changed in done.items():
        said = "loaded" if changed else "unchanged"
        click.echo(f"{name}: {said}, {len(found.rows[name])} rows")


@command.command("ls")
@click.argument("table", required=False, type=click.Choice(list(dimensions.ALL)))
def ls(table: str | None) -> None:
    """Show what is stored, or all rows of TABLE.

    \b
    watchfloor dims ls
    watchfloor dims ls teams --space june
    """
    with _store() as (client, database):
        if table is None:
            found = dimensions_store.overview(client, database)
            titles = ("table", "rows", "hold today", "loaded (UTC)", "from")
            show_rows(
                titles,
                [
                    (
                        it.name,
                        it.rows,
                        it.valid_today,
                        it.loaded_at and f"{it.loaded_at:%Y-%m-%d %H:%M:%S}",
                        ", ".join(it.files) or None,
                    )
                    for it in found
                ],
            )
            return
        dimension = dimensions.ALL[table]
        rows = dimensions_store.stored(client, database, dimension)
    columns = [column.name for column in dimension.columns]
    # Most targets name few of sixteen dimensions.
    used = [
        at
        for at, name in enumerate(columns)
        if any(row[at] not in ("", None) for row in rows) or not rows
    ]
    show_rows([columns[at] for at in used], [_shown(row, used) for row in rows])


def _shown(row: Row, used: list[int]) -> list[object]:
    cells = [row[at] for at in used]
    return [None if cell in ("", dimensions.OPEN_END) else cell for cell in cells]


@dataclass(frozen=True, slots=True)
class _Found:
    """What files hold, by dimension, and the names of the files that it came from."""

    rows: dict[str, list[Row]]
    files: dict[str, list[str]]


def _read(files: tuple[Path, ...], only: str | None) -> _Found:
    try:
        raw = dimensions_files.read(files, only)
        names = {
            name: list(dict.fromkeys(Path(row.file).name for row in rows))
            for name, rows in raw.items()
        }
        return _Found(dimensions_rows.rows_of(raw), names)
    except DimensionsRefused as refused:
        faults = sorted(refused.faults, key=lambda fault: (fault.file, fault.line))
        told = [str(fault) for fault in faults[:FAULTS_TOLD_MAX]]
        if len(faults) > len(told):
            told.append(f"and {len(faults) - len(told)} more")
        raise Refusal("\n".join(told), "correct the file; nothing was changed") from refused


@contextmanager
def _store() -> Iterator[tuple[Client, str]]:
    """The space's database; Refusal when it does not let us in or has no such tables."""
    settings = read_settings()
    client = connect_clickhouse(settings.connections)
    try:
        yield client, Names(settings.space.space).database
    except DriverError as error:
        raise Refusal(
            f"ClickHouse refused: {str(error).splitlines()[0]}",
            "`watchfloor setup` makes the tables; else ask for the right to write them",
        ) from error
    finally:
        client.close()
