"""``watchfloor people``: from a person's id to the pseudonym. The way back is not here."""

import sys

import click

from schemas.people import pseudonymiser
from streams import people_key
from streams.commands.invocation import read_settings
from streams.refusals import Refusal


@click.group("people")
def command() -> None:
    """Turn people's ids into the pseudonyms that topics, tables and boards hold.

    \b
    watchfloor people hash --org acme --source cvat 4711
    watchfloor people hash --org acme --source cvat < ids.txt
    """


@command.command("hash")
@click.option("--org", required=True, help="The event's org_id.")
@click.option("--source", required=True, help="The event's source, as cvat or label_studio.")
@click.argument("ids", nargs=-1)
def hash_ids(org: str, source: str, ids: tuple[str, ...]) -> None:
    """Print the pseudonym of each of IDS, or of each line of standard input.

    Give ids on standard input when others can see the process list of this machine.
    """
    people = read_settings().people
    key = people_key.read(people)
    hasher = pseudonymiser(key, are_pseudonyms=people.are_pseudonyms, scope=people.scope)
    if hasher is None:
        raise Refusal(
            "the sources send pseudonyms already (WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS)",
            "look for the id itself",
        )
    for person_id in ids or (line.rstrip("\n") for line in sys.stdin):
        click.echo(hasher.pseudonym(org, source, person_id))
