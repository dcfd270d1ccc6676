"""``watchfloor export``: what a view answers, as a Parquet, CSV or Arrow file."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click
from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from sinks import exports
from sinks.exports import Export, Format
from streams.commands.view_options import Asking, asking, view_options
from streams.refusals import Refusal
from streams.view_question import ArgumentRefused

_FORMATS = ("parquet", "csv", "arrow")


@click.command(
    "export",
    epilog="""\b
watchfloor export throughput --from 2026-03-02 --to 2026-03-09 --step 1h --grouping queue \\
    --format parquet --out throughput.parquet
watchfloor export sla --from 2026-03-01 --to 2026-04-01 --tz Europe/Berlin --grouping project \\
    --where 'sla_attainment<0.95' --out march.csv
watchfloor export metric_definitions --out metrics.csv

FILE.columns.json beside it says what was asked and what each column means.
Exit codes: 0 written, 1 not written, 2 wrong usage.""",
)
@click.argument("view")
@view_options
@click.option("--format", "shape", type=click.Choice(_FORMATS), help="Default: by FILE's ending.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
def command(view: str, shape: str | None, out: Path, force: bool, **said: Any) -> None:
    """Write what VIEW answers to a file, whole or not at all.

    The answer is streamed, so it may be larger than memory. Times in the file are UTC unless the
    view itself takes a zone.
    """
    if out.exists() and not force:
        raise Refusal(f"{out} is there already", "name another file, or say --force")
    if not out.absolute().parent.is_dir():
        raise Refusal(f"{out.parent} is no folder", "make it first")
    with asking(view, said) as asked:
        export = Export(asked.sql, _shape(shape, out), out, _about(asked))
        with Progress(
            TextColumn("{task.description}"),
            TextColumn("{task.fields[size]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as progress:
            bar = progress.add_task(f"writing {out.name}", total=None, size="")
            size = _write(asked, export, lambda done: progress.update(bar, size=decimal(done)))
    click.echo(f"wrote {out} ({decimal(size)}) and {export.sidecar.name}")


def _shape(shape: str | None, out: Path) -> Format:
    found = shape or out.suffix.lstrip(".").lower()
    if found not in _FORMATS:
        raise ArgumentRefused(
            f"--out {out.name} names no format", f"say --format {'|'.join(_FORMATS)}"
        )
    return cast(Format, found)


def _write(asked: Asking, export: Export, on_bytes: Any) -> int:
    try:
        return exports.write(asked.client, export, on_bytes)
    except OSError as error:
        raise Refusal(f"{export.path} can't be written: {error}", "make room, or rights") from error


def _about(asked: Asking) -> dict[str, Any]:
    """What the sidecar says."""
    view = asked.question.view
    return {
        "view": view.name,
        "answers": view.comment,
        "database": asked.database,
        "asked": {
            **asked.question.arguments,
            "where": list(asked.question.conditions),
        },
        "made_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "columns": [asdict(column) for column in view.columns],
    }
