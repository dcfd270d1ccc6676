"""``watchfloor access``: who may read what in ClickHouse."""

import click
from clickhouse_connect.driver.exceptions import Error as DriverError

from sinks import access
from sinks.access import Project
from streams.commands.invocation import read_settings
from streams.refusals import Refusal
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names

_ACCESS_DENIED, _NO_STORAGE = 497, 514
_PROJECTS = click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="ORG/PROJECT",
    help="Also a role that sees this project only. May be given several times.",
)


@click.group("access")
def command() -> None:
    """Roles, quotas, row policies and limits of those who read and write ClickHouse.

    \b
    watchfloor access show                       the SQL, to be read or run by somebody else
    watchfloor access apply                      run it, as an administrator of ClickHouse
    watchfloor access apply --project northwind/comments-en

    Then give users a role: GRANT ops_analyst TO ada. ops_analyst and ops_grafana read numbers and
    no persons, ops_people persons, too; ops_writer is for `watchfloor deliver`. Apply it again
    after `watchfloor setup`, for tables and views may be new.
    """


@command.command("show")
@_PROJECTS
def show(projects: tuple[str, ...]) -> None:
    """Print the statements for the space's database, in order."""
    for statement in _statements(projects)[0]:
        click.echo(f"{statement};\n")


@command.command("apply")
@_PROJECTS
def apply(projects: tuple[str, ...]) -> None:
    """Run the statements; what is there already stays or becomes what the files say."""
    statements, settings = _statements(projects)
    client = connect_clickhouse(settings.connections)
    try:
        for statement in statements:
            client.command(statement)
    except DriverError as error:
        problem = str(error).splitlines()[0]
        if error.code in (_ACCESS_DENIED, _NO_STORAGE):
            raise Refusal(
                f"this user may not, or this server can't, manage access: {problem}",
                "use an administrator (access_management=1); the engine of `watchfloor local` has "
                "one user and no roles, there `access show` is all there is",
            ) from error
        raise Refusal(
            f"ClickHouse refused: {problem}",
            "run `watchfloor setup`, correct what it names, and apply again: it goes on",
        ) from error
    finally:
        client.close()
    click.echo(f"access: {len(statements)} statements applied")


def _statements(projects: tuple[str, ...]) -> tuple[list[str], Settings]:
    chosen = []
    for text in projects:
        org, slash, project = text.partition("/")
        if not (org and slash and project):
            raise click.UsageError(f"--project {text}: write ORG/PROJECT, as northwind/comments-en")
        chosen.append(Project(org, project))
    settings = read_settings()
    database = Names(settings.space.space).database
    client = connect_clickhouse(settings.connections)
    try:
        known = access.tables(client, database)
    finally:
        client.close()
    if not known:
        raise Refusal(f"there is no database {database}", "run `watchfloor setup` first")
    return list(access.statements(database, known, chosen)), settings
