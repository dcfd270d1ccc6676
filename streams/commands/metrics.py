"""``watchfloor metrics``: what each metric means, and the metrics of Watchfloor itself."""

from dataclasses import fields

import click

from schemas.metrics import METRIC_BY_ID, METRICS
from streams.commands.invocation import show_rows
from streams.telemetry import DECLARATIONS


@click.group("metrics")
def command() -> None:
    """Explain the metrics of the floor, and with --own those of Watchfloor itself.

    \b
    watchfloor metrics ls
    watchfloor metrics show first_pass_yield
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
        raise click.UsageError(f"no metric is called {name!r}; `watchfloor metrics ls` names them")
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, tuple | frozenset):
            value = ", ".join(str(each) for each in value)
        if value not in (None, ""):
            click.echo(f"{field.name.replace('_', ' '):<12} {value}")
