"""`watchfloor replay`: logs of the past, offline into files or through Kafka into a space."""

import time
from pathlib import Path

import click
import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from schemas.codec import Decoder, DecoderSettings
from schemas.people import Scope, pseudonymiser
from schemas.topics import LIVE
from streams import people_key
from streams.commands.invocation import read_settings
from streams.core.engine import Engine
from streams.floor_files import read_calendar, read_plan
from streams.policy_files import read_book
from streams.refusals import Refusal
from streams.replay import CLOCK_START_MS, Log, open_log, replay_offline
from streams.replay_send import Pace, replay_to_kafka
from streams.settings import People, Settings
from streams.settings_sources import people_key_path
from streams.sources.clock import parse_clock
from streams.sources.mapping_files import load_mapping
from streams.sources.reading import ReadOptions
from streams.sources.records import SourceError
from streams.summary import FactFile, headline, iso_utc, summary, write_rows


@click.command(
    epilog="""\b
watchfloor replay events.jsonl.gz --out found
watchfloor replay judgments.csv.gz --mapping judgments --clock rate:5 --out found
watchfloor --space june replay june.jsonl --to kafka
watchfloor --space june replay Batch_1_batch_results.csv --to kafka --speed 60x"""
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", "mapping_name", metavar="NAME|FILE", help="How rows become events.")
@click.option("--label-column", metavar="COLUMN", help="The column that holds the answer's label.")
@click.option("--clock", metavar="rate:N|gaps:N[:SEED]", help="Times for a log that has none.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Offline, into DIR.")
@click.option("--to", "to_kafka", type=click.Choice(["kafka"]), help="Through Kafka, into a space.")
@click.option("--speed", default="max", show_default=True, metavar="max|live|Nx")
def command(  # noqa: PLR0913 - one for each option.
    files: tuple[Path, ...],
    mapping_name: str | None,
    label_column: str | None,
    clock: str | None,
    out: Path | None,
    to_kafka: str | None,
    speed: str,
) -> None:
    """Replay logs: event JSONL, CSV by a mapping, Mechanical Turk results; plain, gzip or zip.

    Reads all of the log before it passes on the first event, so a damaged file does nothing.
    """
    if (out is None) == (to_kafka is None):
        raise click.UsageError("say --out DIR, or --to kafka")
    settings = read_settings()
    pace = _pace(speed)
    if to_kafka and settings.space.space == LIVE:
        raise Refusal(
            "a replay would mix the past with the live floor", "name a space: --space NAME"
        )
    with _progress() as progress:
        log = _open(files, _reading(mapping_name, label_column, clock), progress)
        if out is not None:
            _offline(log, settings, out, progress)
            return
        task = progress.add_task("sending", total=log.count)
        began_s = time.monotonic()
        sent = replay_to_kafka(log, settings, pace, lambda n: progress.update(task, completed=n))
    click.echo(f"sent {sent} events in {time.monotonic() - began_s:.1f} s")
    space = settings.space.space
    click.echo(f"next: watchfloor --space {space} worker, deliver, and then lag or sql")


def _pace(speed: str) -> Pace:
    try:
        return Pace.parse(speed)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--speed") from error


def _reading(mapping: str | None, column: str | None, clock: str | None) -> tuple[object, ...]:
    try:
        parsed = parse_clock(clock, CLOCK_START_MS) if clock else None
        return (load_mapping(mapping) if mapping else None, ReadOptions(parsed, column))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--clock") from error
    except SourceError as error:
        raise Refusal(str(error), "mend the mapping; nothing was replayed") from error


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )


def _open(files: tuple[Path, ...], reading: tuple[object, ...], progress: Progress) -> Log:
    mapping, options = reading
    task = progress.add_task("reading", total=None)
    log = open_log(files, mapping, options, lambda n: progress.update(task, completed=n))  # type: ignore[arg-type]  # As _reading made them.
    progress.update(task, completed=log.count, total=log.count)
    for (reason, field), count in sorted(log.rejects.items()):
        progress.console.print(f"rejected {count} rows: {reason} {field}")
    for reject in log.first_rejects:
        progress.console.print(f"  {reject.file}:{reject.line}: {reject.field}: {reject.message}")
    return log


def _offline(log: Log, settings: Settings, out: Path, progress: Progress) -> None:
    """Run the core over the log and write what it found, all files or none that look whole."""
    out.mkdir(parents=True, exist_ok=True)
    people = pseudonymiser(
        _key(settings.people),
        are_pseudonyms=settings.people.are_pseudonyms,
        scope=Scope(settings.people.scope),
    )
    decoder = Decoder(people, DecoderSettings(accepted=log.accepted()))
    plan = read_plan(settings.floor).holding(log.from_ms or 0, log.to_ms or 0)
    facts = FactFile(out / "facts.jsonl.gz")
    partitions = settings.floor.partitions
    policies = read_book(plan)
    engine = Engine(plan, decoder, read_calendar(), partitions=partitions, policies=policies)
    engine.listen(facts.take)
    task = progress.add_task("replaying", total=log.count)
    replay_offline(log, engine, lambda n: progress.update(task, completed=n))
    facts.close()
    write_rows(out, engine.found)
    summed = summary(engine.found, log.from_ms or 0, log.to_ms or 0)
    summed["conservation"] = engine.counters()
    summed["rejects"] = [
        {"reason": reason, "field": field, "rows": rows}
        for (reason, field), rows in sorted(log.rejects.items())
    ]
    (out / "summary.json").write_bytes(orjson.dumps(summed, option=orjson.OPT_INDENT_2))
    progress.stop()
    _tell(summed, log, out)


def _key(people: People) -> bytes | None:
    """The key of people's pseudonyms; who has none yet gets one, since nothing else is set up."""
    if people.are_pseudonyms or people.key is not None or people.key_file is not None:
        return people_key.read(people)
    path = people_key_path()
    people_key.create(path)
    click.echo(f"people key: made {path}; with it the same people have the same pseudonyms again")
    return people_key.read(people.model_copy(update={"key_file": path}))


def _tell(summed: dict[str, object], log: Log, out: Path) -> None:
    click.echo(f"{log.count} events, {iso_utc(log.from_ms or 0)} to {iso_utc(log.to_ms or 0)}")
    counts = " ".join(f"{name}={n}" for name, n in dict(summed["conservation"]).items())  # type: ignore[call-overload]  # A dict, by replay.
    click.echo(counts)
    for name, value, n in headline(summed):
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        click.echo(f"  {name:32} {shown:>12}  n={n}")
    click.echo(f"wrote {out}/: panes, facts, items, labels, dead_letters, summary.json")
