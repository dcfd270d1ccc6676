"""The files of rules, targets and policies as options: the floor's own, unless one is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from streams import settings_sources
from streams.notify_settings import Alerts

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)


def _file_of_floor(name: str, about: str) -> Callable[[F], F]:
    """An option for one of the files that ``Alerts`` names."""

    def named() -> Path:
        path: Path = getattr(settings_sources.read(Alerts), name)
        return path

    return click.option(
        f"--{name}",
        type=FILE,
        default=named,
        show_default=f"WATCHFLOOR_ALERTS_{name.upper()}",
        help=about,
    )


rules_option = _file_of_floor("rules", "The file of rules.")
targets_option = _file_of_floor("targets", "What was agreed.")
policies_option = _file_of_floor("policies", "What is promised.")
