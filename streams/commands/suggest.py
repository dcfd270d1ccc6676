"""``watchfloor rules suggest``: how a metric was spread, and what thresholds would have cost."""

from datetime import datetime
from pathlib import Path

import click

from schemas.groupings import Grouping
from schemas.metrics import METRIC_BY_ID, Metric
from streams import backtest
from streams.commands.backtest import MOMENT, DurationType, ms_of, of_a_log, open_past
from streams.commands.invocation import read_settings, show_rows
from streams.core.alerts import Timing
from streams.core.plan import Plan
from streams.core.rules import grouping_of, looks_at_window, needs_gauges, window_names
from streams.floor_files import read_calendar, read_groupings
from streams.refusals import Refusal
from streams.spaces import Names

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.command("suggest")
@click.argument("metric")
@of_a_log(required=False)
@click.option("--from", "from_", type=MOMENT, help="UTC; without FILES.")
@click.option("--to", "to", type=MOMENT, help="UTC; without FILES.")
@click.option("--by", default="project,queue", show_default=True, help="Dimensions of a grouping.")
@click.option("--window", default="1h", show_default=True, type=click.Choice(window_names()))
@click.option("--for", "hold", type=DurationType(), default="5m", show_default=True)
@click.option("--min-events", type=int, default=0, show_default=True)
def command(  # noqa: PLR0913 - one for each option.
    metric: str,
    files: tuple[Path, ...],
    mapping: str | None,
    clock: str | None,
    from_: datetime | None,
    to: datetime | None,
    by: str,
    window: str,
    hold: int,
    min_events: int,
) -> None:
    """Show how METRIC was spread over the week, and what thresholds would have cost.

    Out of the log in FILES, or without any out of ClickHouse, from --from to --to.
    """
    found = METRIC_BY_ID.get(metric)
    if found is None:
        raise click.UsageError(f"no metric is called {metric!r}; `watchfloor metrics ls` names all")
    grouping = _grouping(found, by)
    sampler = backtest.Sampler(
        found, grouping.name, window if looks_at_window(found) else None, min_events
    )
    if files:
        past = open_past(files, mapping, clock)
        for now_ms in backtest.play(past.log, past.engine):
            sampler.read(past.engine.states, now_ms)
    elif from_ and to and from_ < to:
        _sample_history(sampler, found, grouping, (ms_of(from_), ms_of(to)))
    else:
        raise click.UsageError("say FILES, or --from and a later --to to ask ClickHouse")
    if not sampler.samples:
        when = "in this log" if files else "then"
        raise Refusal(f"{metric} was never known {when}", "try another --by or --window")
    _tell(found, sampler.samples, Timing(hold, hold))


def _sample_history(
    sampler: backtest.Sampler, metric: Metric, grouping: Grouping, span_ms: tuple[int, int]
) -> None:
    # Imported here: a log needs no driver.
    from streams.backtest_history import minutes, read_history
    from streams.setup import connect_clickhouse

    if needs_gauges(metric):
        raise Refusal(f"{metric.id} looks at what stood, which panes don't say", "name a log")
    settings = read_settings()
    client = connect_clickhouse(settings.connections)
    database = Names(settings.space.space).database
    history = read_history(client, database, [grouping], *span_ms)
    client.close()
    for minute in minutes(history, Plan(groupings=read_groupings()), read_calendar(), span_ms):
        if minute.now_ms > span_ms[0]:
            sampler.read([minute.rollups], minute.now_ms)


def _tell(metric: Metric, samples: list[backtest.Sample], timing: Timing) -> None:
    hours = backtest.by_hour_of_week(samples)
    click.echo(f"median {metric.id} ({metric.unit.value}) by hour of the week, UTC")
    rows = [
        (f"{hour:02}:00", *[_shown(hours.get((day, hour))) for day in range(7)])
        for hour in range(24)
    ]
    show_rows(("hour", *DAYS), rows)
    side = "<" if metric.direction.value == "higher_is_better" else ">"
    click.echo("")
    show_rows(
        ("threshold", "beyond", "pages a week"),
        [
            (f"{side} {each.value:.4g}", f"{each.share_beyond:.1%}", f"{each.pages_per_week:.1f}")
            for each in backtest.thresholds(samples, metric, timing)
        ],
    )


def _grouping(metric: Metric, by: str) -> Grouping:
    wanted = tuple(name for name in by.split(",") if name)
    groupings = read_groupings()
    grouping = grouping_of(wanted, groupings)
    if grouping is None or not metric.makes_sense_by(grouping.dimensions):
        fitting = [each.dimensions for each in groupings if metric.makes_sense_by(each.dimensions)]
        shown = " ".join(",".join(dims) for dims in fitting)
        raise click.BadParameter(f"{metric.id} is by one of: {shown}", param_hint="--by")
    return grouping


def _shown(value: float | None) -> str | None:
    return None if value is None else f"{value:.4g}"
