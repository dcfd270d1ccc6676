"""``watchfloor sql``: ask ClickHouse in SQL."""

import sys

import click
from clickhouse_connect.driver.exceptions import Error as DriverError

from streams.commands.invocation import read_settings
from streams.refusals import Refusal
from streams.setup import connect_clickhouse
from streams.spaces import Names

#: The engine's way to allow settings in a query and nothing that writes.
_READ_ONLY = {"readonly": 2}


@click.command("sql")
@click.argument("query", required=False)
@click.option(
    "--format",
    "shape",
    default=None,
    help="Any output format of ClickHouse, as CSVWithNames, JSONEachRow, Vertical. "
    "Default: a table on a terminal, else TSVWithNames.",
)
def command(query: str | None, shape: str | None) -> None:
    """Run QUERY, or what comes on standard input, in the space's database; read only.

    \b
    watchfloor sql "SHOW TABLES"
    watchfloor sql "SELECT max(pane_start) FROM rollups" --space june
    watchfloor sql --format CSVWithNames < question.sql
    """
    settings = read_settings()
    text = (query or sys.stdin.read()).strip().rstrip(";")
    if not text:
        raise click.UsageError("what is the question? e.g. watchfloor sql 'SHOW TABLES'")
    shape = shape or ("PrettyCompactMonoBlock" if sys.stdout.isatty() else "TSVWithNames")
    client = connect_clickhouse(settings.connections)
    client.database = Names(settings.space.space).database
    try:
        answer = client.raw_query(text, fmt=shape, settings=_READ_ONLY)
    except DriverError as error:
        raise Refusal(
            f"ClickHouse refused: {str(error).strip()}",
            "correct the query; `SHOW TABLES` and `DESCRIBE TABLE rollups` list what there is",
        ) from error
    finally:
        client.close()
    click.echo(answer, nl=False)
