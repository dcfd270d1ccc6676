"""``watchfloor rules backtest``: rules over the past, out of a log or of ClickHouse."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from schemas.alerts import AlertTransition
from schemas.codec import Decoder, DecoderSettings
from schemas.people import Scope, pseudonymiser
from schemas.rules_amounts import duration_ms
from streams import backtest, people_key
from streams.commands.invocation import read_settings, show_rows
from streams.commands.rule_options import FILE, rules_option, targets_option
from streams.core.engine import Engine
from streams.core.plan import Plan
from streams.core.rules import RuleBook
from streams.floor_files import read_calendar, read_groupings, read_plan
from streams.policy_files import read_book
from streams.refusals import Refusal
from streams.replay import CLOCK_START_MS, Log, open_log
from streams.rule_files import read_rules
from streams.settings import Settings
from streams.sources.clock import parse_clock
from streams.sources.mapping_files import load_mapping
from streams.sources.reading import ReadOptions
from streams.sources.records import SourceError
from streams.spaces import Names
from streams.summary import iso_utc

Wrapped = TypeVar("Wrapped", bound=Callable[..., object])
#: A time, UTC.
MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])


class DurationType(click.ParamType):
    """Reads ``5m``."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Milliseconds."""
        try:
            return value if isinstance(value, int) else duration_ms(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def of_a_log(*, required: bool) -> Callable[[Wrapped], Wrapped]:
    """The options that say how a log is read."""

    def decorate(wrapped: Wrapped) -> Wrapped:
        for add in (
            click.argument("files", nargs=-1, required=required, type=FILE),
            click.option("--mapping", metavar="NAME|FILE", help="How rows become events."),
            click.option("--clock", metavar="rate:N|gaps:N[:SEED]", help="Times where none are."),
        ):
            wrapped = add(wrapped)
        return wrapped

    return decorate


@dataclass(frozen=True, slots=True)
class Past:
    """A log, opened, and the engine that it goes through."""

    log: Log
    engine: Engine


def open_past(files: tuple[Path, ...], mapping: str | None, clock: str | None) -> Past:
    """A log and the engine that it goes through; raises Refusal."""
    settings = read_settings()
    try:
        times = parse_clock(clock, CLOCK_START_MS) if clock else None
        shape = load_mapping(mapping) if mapping else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--clock") from error
    except SourceError as error:
        raise Refusal(str(error), "mend the mapping") from error
    log = open_log(files, shape, ReadOptions(times, None), lambda _: None)
    return Past(log, _engine(log, settings))


def _engine(log: Log, settings: Settings) -> Engine:
    people = pseudonymiser(
        people_key.read(settings.people),
        are_pseudonyms=settings.people.are_pseudonyms,
        scope=Scope(settings.people.scope),
    )
    decoder = Decoder(people, DecoderSettings(accepted=log.accepted()))
    plan = read_plan(settings.floor).holding(log.from_ms or 0, log.to_ms or 0)
    return Engine(plan, decoder, read_calendar(), partitions=1, policies=read_book(plan))


@click.command("backtest")
@of_a_log(required=False)
@click.option("--from", "from_", type=MOMENT, help="UTC; default: the log's beginning.")
@click.option("--to", "to", type=MOMENT, help="UTC; default: the log's end.")
@rules_option
@targets_option
def command(  # noqa: PLR0913 - one for each option.
    files: tuple[Path, ...],
    mapping: str | None,
    clock: str | None,
    from_: datetime | None,
    to: datetime | None,
    rules: Path,
    targets: Path,
) -> None:
    """Say what the rules would have done over the log in FILES, or over what ClickHouse has.

    A log is read from its beginning, so that windows are full at --from. Without FILES, --from and
    --to are needed, and rules about backlogs and about the floor itself are left out: panes don't
    say how things stood.
    """
    book = read_rules(rules, targets)
    # What always fires says nothing about the past.
    kept = tuple(each for each in book.rules if each.rule.metric != "floor_alive")
    book = RuleBook(kept, book.targets)
    if files:
        past = open_past(files, mapping, clock)
        past.engine.watch(book)
        for _ in backtest.play(past.log, past.engine):
            pass
        said = past.engine.found.alerts
        first_ms = ms_of(from_) if from_ else past.log.from_ms or 0
        last_ms = ms_of(to) if to else (past.log.to_ms or 0) + 1
    elif from_ and to and from_ < to:
        first_ms, last_ms = ms_of(from_), ms_of(to)
        book, said = _from_clickhouse(book, (first_ms, last_ms))
    else:
        raise click.UsageError("say FILES, or --from and a later --to to ask ClickHouse")
    _tell(book, backtest.episodes(said, first_ms, last_ms), (first_ms, last_ms))


def _from_clickhouse(
    book: RuleBook, span_ms: tuple[int, int]
) -> tuple[RuleBook, list[AlertTransition]]:
    """The rules that panes can answer, and what they say."""
    # Imported here: a log needs no driver.
    from streams.backtest_history import is_in_history, play_history, read_history
    from streams.setup import connect_clickhouse

    settings = read_settings()
    left_out = [each.name for each in book.rules if not is_in_history(each)]
    if left_out:
        click.echo(f"not in ClickHouse's panes, left out: {', '.join(left_out)}", err=True)
    kept = RuleBook(tuple(filter(is_in_history, book.rules)), book.targets)
    asked = {each.grouping for each in kept.rules}
    groupings = [each for each in read_groupings() if each.name in asked]
    client = connect_clickhouse(settings.connections)
    database = Names(settings.space.space).database
    history = read_history(client, database, groupings, *span_ms)
    client.close()
    plan = Plan(groupings=read_groupings())
    return kept, play_history(history, kept, plan, read_calendar(), span_ms)


def _tell(book: RuleBook, found: list[backtest.Episode], span_ms: tuple[int, int]) -> None:
    names = [each.name for each in book.rules]
    tallies = [(name, backtest.Tally.of([e for e in found if e.rule == name])) for name in names]
    rows = [(name, t.fired, t.minutes, t.flapping, t.subjects) for name, t in tallies]
    show_rows(("rule", "fired", "minutes", "flapping", "subjects"), rows)
    first, last = map(iso_utc, span_ms)
    click.echo(f"{first} to {last}: {backtest.Tally.of(found)}")


def ms_of(moment: datetime) -> int:
    """A time of the command line, UTC ms."""
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
