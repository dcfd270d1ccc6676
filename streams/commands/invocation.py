"""What every command needs: its settings, its space, and a way to show rows."""

from collections.abc import Iterable, Sequence

import click

from streams import logs, settings
from streams.cli import SPACE


def read_settings() -> settings.Settings:
    """The settings of this call, ``--space`` included; logging is set up with them."""
    found = settings.read(click.get_current_context().meta.get(SPACE))
    logs.set_up(found.logs.level, space=found.space.space)
    return found


def show_rows(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns on standard output; numbers to the right, unknown as ``-``."""
    cells = [tuple("-" if value is None else str(value) for value in row) for row in rows]
    table = [tuple(titles), *cells]
    widths = [max(len(row[column]) for row in table) for column in range(len(titles))]
    for row in table:
        line = (
            cell.rjust(width) if _is_number(cell) else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(line).rstrip())


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).lstrip("-").isdigit()
