"""``watchfloor metrics``: what each metric means, its SQL, and the metrics of Watchfloor itself."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import click

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.metrics import METRIC_BY_ID, METRICS, Metric
from sinks.formula_text import formula_text
from streams.commands.invocation import read_settings, show_rows
from streams.metric_sql import Wanted, metric_sql
from streams.spaces import Names
from streams.telemetry import DECLARATIONS, Declaration


@click.group("metrics")
def command() -> None:
    """Explain the metrics of the floor, and with --own those of Watchfloor itself.

    \b
    watchfloor metrics ls
    watchfloor metrics show first_pass_yield
    watchfloor metrics sql first_pass_yield --grouping queue --from 2026-03-02 --to 2026-03-09
    watchfloor metrics show floor_lag_records
    """


@command.command("ls")
@click.option("--own", is_flag=True, help="The metrics that /metrics of a process shows.")
def ls(own: bool) -> None:
    """Name every metric."""
    if own:
        found = DECLARATIONS.values()
        show_rows(("name", "kind", "meaning"), [(it.name, it.kind, it.meaning) for it in found])
    else:
        titles = ("number", "id", "unit", "title")
        show_rows(titles, [(it.number, it.id, it.unit, it.title) for it in METRICS])


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show one metric NAME: its formula, unit, source and caveat."""
    found = METRIC_BY_ID.get(name) or DECLARATIONS.get(name)
    if found is None:
        raise _unknown(name)
    lines = _of_floor(found) if isinstance(found, Metric) else _of_ourselves(found)
    for title, text in lines:
        if text:
            click.echo(f"{title:<12} {text}")


def _unknown(name: str) -> click.UsageError:
    return click.UsageError(f"no metric is called {name!r}; `watchfloor metrics ls` names them")


def _of_floor(metric: Metric) -> Iterator[tuple[str, str]]:
    """What there is to say about a metric, in the order in which one asks."""
    fitting = [g.name for g in DEFAULT_GROUPINGS if metric.makes_sense_by(g.dimensions)]
    yield "id", metric.id
    yield "number", str(metric.number)
    yield "version", str(metric.version)
    yield "title", metric.title
    yield "formula", formula_text(metric.formula)
    yield "unit", metric.unit.value
    yield "direction", metric.direction.value
    yield "interval", metric.interval.value
    yield "needs", ", ".join(metric.needs)
    yield "min n", str(metric.min_n or "")
    yield "groupings", ", ".join(fitting)
    yield "dimensions", ", ".join(sorted(metric.dimensions))
    yield "always by", ", ".join(sorted(metric.always_by))
    yield "source", metric.source
    yield "caveat", metric.caveat
    yield "sql", f"watchfloor metrics sql {metric.id} --grouping {fitting[0]}"


def _of_ourselves(own: Declaration) -> Iterator[tuple[str, str]]:
    for field in fields(own):
        value = getattr(own, field.name)
        if isinstance(value, tuple | frozenset):
            value = ", ".join(str(each) for each in value)
        if value is not None:
            yield field.name.replace("_", " "), str(value)


@command.command("sql")
@click.argument("name")
@click.option("--grouping", default="all", show_default=True, help="By what, as queue or team.")
@click.option("--from", "since", metavar="TIME", help="Start, as 2026-03-02 or with T09:00.")
@click.option("--to", "until", metavar="TIME", help="End, exclusive. Default: the last full hour.")
@click.option("--step", metavar="15m|1h|1d|0", help="Length of a row; 0: one. Default: 1h.")
@click.option("--tz", "zone", metavar="ZONE", help="A step of days is one of this zone's days.")
@click.option("--as-of", metavar="TIME", help="What was told by then, instead of now.")
@click.option("--where", multiple=True, metavar="DIMENSION=VALUE", help="Only such subjects.")
def sql(name: str, **said: Any) -> None:
    """Print SQL that answers for the metric NAME; it runs nothing.

    \b
    watchfloor metrics sql throughput --grouping queue | watchfloor sql
    watchfloor metrics sql handle_time_p95 --from 2026-03-02 --to 2026-03-09 --step 1d \\
        --tz Europe/Berlin --as-of 2026-03-05T18:00
    watchfloor metrics sql skip_rate --grouping project --where project=images

    Exit code 2 when it can't be asked so.
    """
    metric = METRIC_BY_ID.get(name)
    if metric is None:
        raise _unknown(name)
    database = Names(read_settings().space.space).database
    click.echo(metric_sql(database, metric, Wanted(**said), DEFAULT_GROUPINGS, datetime.now(UTC)))
