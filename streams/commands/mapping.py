"""`watchfloor mapping`: files that say how other people's records become events."""

import time
from importlib.resources import files
from pathlib import Path

import click

from streams.commands.invocation import show_rows
from streams.refusals import Refusal
from streams.replay import CLOCK_START_MS
from streams.sources.checking import Findings, Odd, check
from streams.sources.clock import parse_clock
from streams.sources.guessing import guess
from streams.sources.mapping import Mapping
from streams.sources.mapping_files import built_in_mappings, load_mapping
from streams.sources.reading import ReadOptions
from streams.sources.records import EventDict, SourceError
from streams.summary import iso_utc

_REMEDY = "mend the file or the mapping"


@click.group("mapping")
def command() -> None:
    """Say how records of other tools become events: list, show, guess and check mappings.

    A mapping is a YAML file; deploy/mappings/README.md explains it. A new one needs no Python.

    \b
    watchfloor mapping ls
    watchfloor mapping show label_studio > mine.yaml
    watchfloor mapping init judgments.csv > mine.yaml
    watchfloor mapping check mine.yaml judgments.csv

    Exit codes: 0 well, 1 a file can't be used or gives no event, 2 wrong usage.
    """


@command.command("ls")
def ls() -> None:
    """List the mappings that are built in.

    \b
    watchfloor mapping ls
    """
    rows = []
    for name in built_in_mappings():
        mapping = load_mapping(name)
        rows.append((name, mapping.format, len(mapping.events), mapping.about))
    show_rows(("mapping", "format", "events", "for"), rows)


@command.command("show")
@click.argument("name", metavar="MAPPING")
def show(name: str) -> None:
    """Print a mapping as it is written, to read it or to make your own of it.

    \b
    watchfloor mapping show cvat > mine.yaml
    """
    _loaded(name)
    if name in built_in_mappings():
        resource = files("deploy").joinpath("mappings", f"{name}.yaml")
        click.echo(resource.read_text("utf-8"), nl=False)
    else:
        click.echo(Path(name).read_text("utf-8-sig"), nl=False)


@command.command("init")
@click.argument("sample", type=click.Path(path_type=Path))
def init(sample: Path) -> None:
    """Guess a mapping for SAMPLE (CSV, JSON or JSON lines) and explain each guess.

    Prints it; redirect it into a file, correct what is wrong, then check it.

    \b
    watchfloor mapping init judgments.csv > mine.yaml
    watchfloor mapping check mine.yaml judgments.csv
    """
    try:
        click.echo(guess(sample), nl=False)
    except SourceError as error:
        raise Refusal(str(error), "give a sample of records with a header or keys") from error


@command.command("check")
@click.argument("name", metavar="MAPPING")
@click.argument("sample", type=click.Path(path_type=Path))
@click.option("--clock", metavar="rate:N|gaps:N[:SEED]", help="Times for a log that has none.")
@click.option("--label-column", metavar="COLUMN", help="The column that holds the answer's label.")
@click.option("--metrics", is_flag=True, help="Name every metric that will stay unknown.")
def check_command(
    name: str, sample: Path, clock: str | None, label_column: str | None, metrics: bool
) -> None:
    """Say what MAPPING makes of SAMPLE; nothing is sent.

    Shows records and their events, rejects by reason, what is odd (times in the future, ends
    before begins, the same event twice), and which metrics will stay unknown and why.

    \b
    watchfloor mapping check mine.yaml judgments.csv
    watchfloor mapping check label_studio export.jsonl --metrics
    """
    mapping = _loaded(name)
    try:
        parsed = parse_clock(clock, CLOCK_START_MS) if clock else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--clock") from error
    try:
        found = check(sample, mapping, ReadOptions(parsed, label_column), int(time.time() * 1000))
    except SourceError as error:
        raise Refusal(str(error), _REMEDY) from error
    _tell(found, every=metrics)
    if not found.events:
        raise Refusal("no record became an event", "look at the rejects, mend the mapping")


def _loaded(name: str) -> Mapping:
    try:
        return load_mapping(name)
    except SourceError as error:
        raise Refusal(str(error), "mend the mapping, or `watchfloor mapping ls`") from error


def _tell(found: Findings, *, every: bool) -> None:
    for (file, line), events in found.examples.items():
        click.echo(f"{Path(file).name}:{line}")
        for event in events:
            click.echo(f"  {_line(event)}")
    total = sum(found.events.values())
    rejected = sum(found.rejects.values())
    click.echo(
        f"\n{found.records} records with events or rejects: {total} events, {rejected} rejected"
    )
    if found.from_ms is not None and found.to_ms is not None:
        click.echo(f"from {iso_utc(found.from_ms)} to {iso_utc(found.to_ms)}")
    for kind, count in sorted(found.events.items()):
        click.echo(f"  {kind:24} {count}")
    for (reason, column), count in sorted(found.rejects.items()):
        click.echo(f"rejected {count}: {reason} {column}")
    for reject in found.first_rejects:
        click.echo(f"  {Path(reject.file).name}:{reject.line}: {reject.field}: {reject.message}")
    _tell_odd(found)
    _tell_unknown(found, every=every)


def _tell_odd(found: Findings) -> None:
    for odd, says in (
        (found.future, "lie in the future: the live floor refuses them; look at zone and unit"),
        (found.negative, "end before they began: their durations are negative"),
        (found.repeated, "are the same event again: it counts once"),
        (found.disagreeing, "have the id of an event that said something else: one is lost"),
        (found.old, "are over 30 days old: for `replay` into a space, not for the live floor"),
    ):
        if odd.counts:
            click.echo(f"odd: {sum(odd.counts.values())} events {says}")
            click.echo(f"  {_kinds(odd)}; first at {', '.join(odd.places)}")
    if found.is_partial:
        click.echo("note: the sample is large; repeats and durations were checked in a part of it")


def _kinds(odd: Odd) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(odd.counts.items()))


def _tell_unknown(found: Findings, *, every: bool) -> None:
    unknown = found.unknown()
    if not unknown:
        click.echo("every metric can have a value")
        return
    click.echo(f"{len(unknown)} metrics will stay unknown (null, never 0):")
    by_reason: dict[str, list[str]] = {}
    for each in unknown:
        by_reason.setdefault("; ".join(each.reasons), []).append(each.metric.id)
    for reason, names in by_reason.items():
        shown = names if every else names[:4]
        more = f" and {len(names) - len(shown)} more (--metrics)" if len(names) > len(shown) else ""
        click.echo(f"  {reason}: {', '.join(shown)}{more}")
    click.echo("SLA metrics need a policy as well: deploy/README.md")


_HIDDEN = ("event_id", "event_type", "schema_version", "occurred_at", "received_at", "org_id")


def _line(event: EventDict) -> str:
    at_ms = event["occurred_at"]
    assert isinstance(at_ms, int)
    said = " ".join(f"{name}={value}" for name, value in event.items() if name not in _HIDDEN)
    return f"{iso_utc(at_ms)} {event['event_type']} {said}"
