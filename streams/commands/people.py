"""``watchfloor people``: from a person's id to the pseudonym, and back by the directory only.

The directory is one ClickHouse table that no view reads; who may read it is a matter of grants.
"""

import csv
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError

from schemas.people import Pseudonymiser, pseudonymiser
from schemas.topics import Topics
from streams import forget_topics, people_key
from streams.admin import Kafka
from streams.commands import forget
from streams.commands.invocation import read_settings, show_rows
from streams.core.forgotten import fingerprint
from streams.refusals import Refusal
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names

_DIRECTORY = ("person", "org", "source", "person_id", "name", "revision")


@click.group("people")
def command() -> None:
    """Turn people's ids into the pseudonyms that topics, tables and boards hold, and back.

    \b
    watchfloor people load --org acme --source cvat roster.csv
    watchfloor people who p_k3jq5x7a2mzn4w6rt8yb
    watchfloor people hash --org acme --source cvat 4711
    watchfloor people hash --org acme --source cvat < ids.txt
    watchfloor people forget 4711 --org acme --source cvat
    """


command.add_command(forget.command)


@command.command("hash")
@click.option("--org", required=True, help="The event's org_id.")
@click.option("--source", required=True, help="The event's source, as cvat or label_studio.")
@click.argument("ids", nargs=-1)
def hash_ids(org: str, source: str, ids: tuple[str, ...]) -> None:
    """Print the pseudonym of each of IDS, or of each line of standard input.

    Give ids on standard input when others can see the process list of this machine.
    """
    hasher = _hasher(read_settings())
    for person_id in ids or (line.rstrip("\n") for line in sys.stdin):
        click.echo(hasher.pseudonym(org, source, person_id))


def _hasher(settings: Settings) -> Pseudonymiser:
    people = settings.people
    key = people_key.read(people)
    hasher = pseudonymiser(key, are_pseudonyms=people.are_pseudonyms, scope=people.scope)
    if hasher is None:
        raise Refusal(
            "the sources send pseudonyms already (WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS)",
            "look for the id itself",
        )
    return hasher


@contextmanager
def _directory(settings: Settings) -> Iterator[Client]:
    """The space's database; Refusal when it has no directory or does not let us in."""
    client = connect_clickhouse(settings.connections)
    client.database = Names(settings.space.space).database
    try:
        yield client
    except DriverError as error:
        raise Refusal(
            f"the directory refused: {str(error).splitlines()[0]}",
            "`watchfloor setup` makes it; else ask for the right to use it",
        ) from error
    finally:
        client.close()


@command.command("load")
@click.option("--org", required=True, help="The events' org_id.")
@click.option("--source", required=True, help="The events' source, as cvat or label_studio.")
@click.argument("roster", type=click.File(encoding="utf-8-sig"))
def load(org: str, source: str, roster: TextIO) -> None:
    """Put the people of ROSTER, a CSV with the columns `id` and `name`, into the directory.

    The same people again restate their names; who was forgotten is left out. Only those who may
    read the table people_directory can turn a pseudonym back.
    """
    settings = read_settings()
    hasher = _hasher(settings)
    reader = csv.DictReader(roster)
    if not {"id", "name"} <= set(reader.fieldnames or ()):
        raise Refusal(f"{roster.name}: needs the columns id and name", "correct the first line")
    written = time.time_ns() // 1_000_000
    rows = [
        (hasher.pseudonym(org, source, row["id"]), org, source, row["id"], row["name"], written)
        for row in reader
    ]
    gone = _forgotten(settings)
    kept = [row for row in rows if fingerprint(row[0]) not in gone]
    with _directory(settings) as client:
        client.insert("people_directory", kept, column_names=_DIRECTORY)
    click.echo(f"{len(kept)} people are in the directory")
    if len(kept) < len(rows):
        click.echo(f"{len(rows) - len(kept)} were forgotten and are left out")


def _forgotten(settings: Settings) -> frozenset[str]:
    connections = settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        return forget_topics.listed(kafka, Topics(settings.space.space))


@command.command("who")
@click.argument("pseudonym")
def who(pseudonym: str) -> None:
    """Print whom PSEUDONYM stands for, for those who may read the directory."""
    settings = read_settings()
    columns = "org, source, person_id, name"
    question = f"SELECT {columns} FROM people_directory FINAL WHERE person = {{who:String}}"
    with _directory(settings) as client:
        found = client.query(question, parameters={"who": pseudonym}).result_rows
    if not found:
        raise Refusal("the directory does not know that pseudonym", "`watchfloor people load`")
    show_rows(("org", "source", "id", "name"), found)
