"""The files of rules and targets as options: those of the floor, unless others are named."""

from pathlib import Path

import click

from streams import settings_sources
from streams.notify_settings import Alerts

FILE = click.Path(path_type=Path, dir_okay=False)


def _rules() -> Path:
    return settings_sources.read(Alerts).rules


def _targets() -> Path:
    return settings_sources.read(Alerts).targets


def _policies() -> Path:
    return settings_sources.read(Alerts).policies


rules_option = click.option(
    "--rules",
    type=FILE,
    default=_rules,
    show_default="WATCHFLOOR_ALERTS_RULES",
    help="The file of rules.",
)
targets_option = click.option(
    "--targets",
    type=FILE,
    default=_targets,
    show_default="WATCHFLOOR_ALERTS_TARGETS",
    help="What was agreed.",
)
policies_option = click.option(
    "--policies",
    type=FILE,
    default=_policies,
    show_default="WATCHFLOOR_ALERTS_POLICIES",
    help="What is promised.",
)
