"""``watchfloor dlq``: list, show and replay dead letters."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress

from schemas.dead_letters import Reason
from schemas.topics import Topics
from streams.admin import Kafka
from streams.commands.invocation import read_settings, show_rows
from streams.redelivery import Choice, Letter, Mailbox
from streams.sender import Sender
from streams.settings import Settings

_REASONS = click.Choice([reason.value for reason in Reason])


@click.group("dlq")
def command() -> None:
    """List, show and replay dead letters: messages that could not be read.

    \b
    watchfloor dlq ls
    watchfloor dlq show 2/17
    watchfloor dlq replay --reason time_out_of_range --limit 10
    """


@command.command("ls")
@click.option("--letters", is_flag=True, help="One line per letter instead of counts.")
@click.option("--reason", type=_REASONS, default=None, help="Only letters with this reason.")
def ls(letters: bool, reason: str | None) -> None:
    """Count letters by topic, reason and field."""
    with _mailbox(read_settings()) as mailbox:
        found = mailbox.letters(Choice(reason or ""))
        _show_letters(found) if letters else _show_counts(found)


def _show_counts(letters: Iterator[Letter]) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    replayed: Counter[tuple[str, str, str]] = Counter()
    for each in letters:
        kind = (each.letter.origin.topic, each.letter.reason.value, each.letter.field)
        counts[kind] += 1
        replayed[kind] += each.replayed
    titles = ("topic", "reason", "field", "letters", "replayed")
    show_rows(titles, [(*kind, n, replayed[kind]) for kind, n in counts.most_common()])


def _show_letters(letters: Iterator[Letter]) -> None:
    titles = ("letter", "topic", "reason", "field", "type", "replayed")
    show_rows(
        titles,
        [
            (
                each.name,
                each.letter.origin.topic,
                each.letter.reason.value,
                each.letter.field,
                each.letter.event_type,
                "yes" if each.replayed else "no",
            )
            for each in letters
        ],
    )


@command.command("show")
@click.argument("letter")
@click.option("--payload", is_flag=True, help="Print key, headers and value too; may be personal.")
def show(letter: str, payload: bool) -> None:
    """Show one LETTER, named partition/offset as `dlq ls --letters` does."""
    partition, _, offset = letter.partition("/")
    if not (partition.isdigit() and offset.isdigit()):
        raise click.UsageError("a letter is named partition/offset, as in 2/17")
    with _mailbox(read_settings()) as mailbox:
        found = mailbox.letter(int(partition), int(offset))
    origin = found.letter.origin
    lines = {
        "letter": found.name,
        "reason": found.letter.reason.value,
        "field": found.letter.field,
        "message": found.letter.message,
        "event type": found.letter.event_type,
        "from": f"{origin.topic} partition {origin.partition} offset {origin.offset}",
        "replayed": "yes" if found.replayed else "no",
        "value": f"{len(origin.value or b'')} bytes; --payload prints them",
    }
    for name, text in lines.items():
        click.echo(f"{name:<11} {text}")
    if payload:
        click.echo(f"{'key':<11} {origin.key!r}")
        for name, value in origin.headers:
            click.echo(f"{'header':<11} {name}: {value!r}")
        click.echo(origin.value or b"")


@command.command("replay")
@click.option("--reason", type=_REASONS, required=True, help="Only letters with this reason.")
@click.option("--field", default="", help="Only letters that blame this field.")
@click.option("--topic", default="", help="Only letters that came from this topic.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the oldest first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(reason: str, field: str, topic: str, limit: int | None, yes: bool) -> None:
    """Send messages back to where they came from, each once.

    First mend what made them dead letters (a setting, an accepted range, a version), or they
    come back. A second run leaves out what was sent already.
    """
    settings = read_settings()
    connections = settings.connections
    with _mailbox(settings) as mailbox:
        chosen = mailbox.letters(Choice(reason, field, topic))
        letters = [each for each in chosen if not each.replayed][:limit]
        if not letters:
            click.echo("nothing to replay")
            return
        if not yes:
            click.confirm(f"send {len(letters)} messages again?", abort=True, err=True)
        with (
            Sender(connections.kafka, connections.timeout_s) as sender,
            Progress(console=Console(stderr=True), transient=True) as progress,
        ):
            bar = progress.add_task("replay", total=len(letters))
            sent = mailbox.send_again(
                letters,
                sender,
                settings.floor.partitioner,
                lambda n: progress.advance(bar, n),
            )
    click.echo(f"replayed {sent} messages")


@contextmanager
def _mailbox(settings: Settings) -> Iterator[Mailbox]:
    connections = settings.connections
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        yield Mailbox(kafka, Topics(settings.space.space))
