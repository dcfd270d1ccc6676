"""``watchfloor people forget``: remove a person everywhere, and prove it."""

import sys
from collections.abc import Sequence

import click

from schemas.people import Scope, pseudonymiser
from schemas.topics import INPUT_ROLES
from streams import people_key, spaces
from streams.commands.invocation import read_settings, show_rows
from streams.forget_steps import Forgetting, Found
from streams.forget_topics import Expiring, expiring
from streams.refusals import Refusal
from streams.settings import Settings

#: A shorter name would be found by chance in texts that do not mean it.
_NAME_CHARS_MIN = 8


@click.command(
    "forget",
    epilog="""\b
watchfloor people forget 4711 --org acme --source cvat --dry-run
watchfloor people forget 4711 --org acme --source cvat --yes
watchfloor people forget p_k3jq5x7a2mzn4w6rt8yb --yes

Exit codes: 0 nothing names them any more, 1 something does or has to be waited for, 2 usage.""",
)
@click.argument("person")
@click.option("--org", help="The events' org_id, when PERSON is an id of the source.")
@click.option("--source", help="The events' source, when PERSON is an id of the source.")
@click.option("--dry-run", "how", flag_value="dry", help="Only say where they are.")
@click.option("--yes", "how", flag_value="yes", help="Do not ask.")
@click.option(
    "--wait",
    "wait_s",
    default=120.0,
    show_default=True,
    type=click.FloatRange(1, 86_400),
    help="Seconds to wait for the floor and for the deliveries, each.",
)
def command(
    person: str, org: str | None, source: str | None, how: str | None, wait_s: float
) -> None:
    """Remove PERSON, an id with --org and --source, or a pseudonym, from everything that is ours.

    While the floor runs: the worker forgets them by a command, and deliveries have to be running.
    Counts of queues, teams and sites stay as they are. Items stay, without the name; labels that
    they gave go, as do alerts about them. If they work again, their work counts for queues and
    teams, and for no person. Each space is a floor of its own: run it in each that has them.
    """
    settings = read_settings()
    name = _pseudonym(settings, person, org, source)
    with Forgetting(settings, name, lambda text: click.echo(text, err=True), wait_s) as work:
        before = work.search()
        _show(before)
        if how == "dry":
            _show_remains(expiring(work.kafka, work.topics), work)
            return
        if how is None:
            click.confirm(f"forget {name}? Nothing can bring it back.", abort=True, err=True)
        work.run()
        after = work.search()
        click.echo("\nproof: the same search again")
        _show(after)
        _show_remains(expiring(work.kafka, work.topics), work)
        others = [
            name
            for name in spaces.existing(work.kafka.topic_names())
            if name != work.topics.space_name
        ]
    if others:
        click.echo(f"\nother spaces have their own memory, run it there, too: {', '.join(others)}")
    left = [found.place for found in after if found.count]
    if left:
        click.echo(f"still named in {', '.join(left)}: run this again", err=True)
        sys.exit(1)
    click.echo(f"forgotten: {name}")


def _pseudonym(settings: Settings, person: str, org: str | None, source: str | None) -> str:
    if (org is None) != (source is None):
        raise click.UsageError("--org and --source belong together")
    if org is not None and source is not None:
        people = settings.people
        hasher = pseudonymiser(
            people_key.read(people),
            are_pseudonyms=people.are_pseudonyms,
            scope=Scope(people.scope),
        )
        person = person if hasher is None else hasher.pseudonym(org, source, person)
    elif not person.startswith("p_") and not settings.people.are_pseudonyms:
        raise click.UsageError("an id of a source needs --org and --source")
    if len(person) < _NAME_CHARS_MIN or any(ord(character) < 32 for character in person):
        raise Refusal(
            f"{person!r} is too short a name to be searched for",
            f"names of {_NAME_CHARS_MIN} characters and more can be told from other text",
        )
    return person


def _show(found: Sequence[Found]) -> None:
    show_rows(("place", "found"), [(each.place, each.count) for each in found])


def _show_remains(found: Sequence[Expiring], work: Forgetting) -> None:
    """What goes by time: nothing can be taken out of such a topic."""
    raw = {work.topics.name(role) for role in INPUT_ROLES} | {work.topics.dead_letters}
    click.echo("\nwhat goes by time, and can't be removed before")
    rows = [
        (
            each.topic,
            "as the source sent it" if each.topic in raw else "the pseudonym",
            "when the space is dropped" if each.gone_by is None else f"{each.gone_by:%Y-%m-%d}",
        )
        for each in found
    ]
    rows.append((work.topics.notify_changelog, "alerts about them", "once their end was told"))
    show_rows(("topic", "names them", "gone by"), rows)
