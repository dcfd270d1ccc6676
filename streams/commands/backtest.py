"""``watchfloor rules backtest`` and ``suggest``: rules over a log of the past."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from schemas.alerts import AlertTransition
from schemas.codec import Decoder, DecoderSettings
from schemas.metrics import METRIC_BY_ID, Metric
from schemas.people import Scope, pseudonymiser
from schemas.rules_amounts import duration_ms
from streams import backtest, people_key
from streams.commands.invocation import read_settings, show_rows
from streams.commands.rule_options import FILE, rules_option, targets_option
from streams.core.alerts import Timing
from streams.core.engine import Engine
from streams.core.plan import Plan
from streams.core.rules import RuleBook, grouping_of, looks_at_window, window_names
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
_MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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


def _of_a_log(*, required: bool) -> Callable[[Wrapped], Wrapped]:
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


def _open(files: tuple[Path, ...], mapping: str | None, clock: str | None) -> Past:
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
@_of_a_log(required=False)
@click.option("--from", "from_", type=_MOMENT, help="UTC; default: the log's beginning.")
@click.option("--to", "to", type=_MOMENT, help="UTC; default: the log's end.")
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
        past = _open(files, mapping, clock)
        past.engine.watch(book)
        for _ in backtest.play(past.log, past.engine):
            pass
        said = past.engine.found.alerts
        first_ms = _ms(from_) if from_ else past.log.from_ms or 0
        last_ms = _ms(to) if to else (past.log.to_ms or 0) + 1
    elif from_ and to and from_ < to:
        first_ms, last_ms = _ms(from_), _ms(to)
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


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


@click.command("suggest")
@click.argument("metric")
@_of_a_log(required=True)
@click.option("--by", default="project,queue", show_default=True, help="Dimensions of a grouping.")
@click.option("--window", default="1h", show_default=True, type=click.Choice(window_names()))
@click.option("--for", "hold", type=DurationType(), default="5m", show_default=True)
@click.option("--min-events", type=int, default=0, show_default=True)
def suggest(  # noqa: PLR0913 - one for each option.
    metric: str,
    files: tuple[Path, ...],
    mapping: str | None,
    clock: str | None,
    by: str,
    window: str,
    hold: int,
    min_events: int,
) -> None:
    """Show how METRIC was spread over the week in FILES, and what thresholds would have cost."""
    found = METRIC_BY_ID.get(metric)
    if found is None:
        raise click.UsageError(f"no metric is called {metric!r}; `watchfloor metrics ls` names all")
    past = _open(files, mapping, clock)
    sampler = backtest.Sampler(
        found, _grouping(found, by), window if looks_at_window(found) else None, min_events
    )
    for now_ms in backtest.play(past.log, past.engine):
        sampler.read(past.engine, now_ms)
    if not sampler.samples:
        raise Refusal(f"{metric} was never known in this log", "try another --by or --window")
    hours = backtest.by_hour_of_week(sampler.samples)
    click.echo(f"median {metric} ({found.unit.value}) by hour of the week, UTC")
    rows = [
        (f"{hour:02}:00", *[_shown(hours.get((day, hour))) for day in range(7)])
        for hour in range(24)
    ]
    show_rows(("hour", *DAYS), rows)
    timing = Timing(hold, hold)
    side = "<" if found.direction.value == "higher_is_better" else ">"
    click.echo("")
    show_rows(
        ("threshold", "beyond", "pages a week"),
        [
            (f"{side} {each.value:.4g}", f"{each.share_beyond:.1%}", f"{each.pages_per_week:.1f}")
            for each in backtest.thresholds(sampler.samples, found, timing)
        ],
    )


def _grouping(metric: Metric, by: str) -> str:
    wanted = tuple(name for name in by.split(",") if name)
    groupings = read_groupings()
    grouping = grouping_of(wanted, groupings)
    if grouping is None or not metric.makes_sense_by(grouping.dimensions):
        fitting = [each.dimensions for each in groupings if metric.makes_sense_by(each.dimensions)]
        shown = " ".join(",".join(dims) for dims in fitting)
        raise click.BadParameter(f"{metric.id} is by one of: {shown}", param_hint="--by")
    return grouping.name


def _shown(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"
