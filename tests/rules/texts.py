"""Rules that are right, to be made wrong in one place."""

from pathlib import Path

import pytest

from schemas.groupings import DEFAULT_GROUPINGS
from streams.core.rules import RuleBook
from streams.marked_yaml import FileRefused
from streams.rule_files import read_rules

GOOD = """\
rules:
  - alert: LowYield
    metric: first_pass_yield
    by: [project, queue]
    window: 1h
    op: "<"
    value: 0.9
    clear: 0.92
    for: 5m
    keep_firing_for: 10m
    min_events: 30
    labels: {severity: warning}
    annotations:
      summary: "{queue}: {value:.1%} (n={n})"
      runbook: runbooks/yield.md
"""
SURE = GOOD.replace("window: 1h", "since: day").replace(
    "    clear: 0.92\n", "    decide_on: confidence\n"
)
BUDGET = GOOD.replace(
    'window: 1h\n    op: "<"\n    value: 0.9\n    clear: 0.92',
    "slo: {objective: 0.95, period: 28d, budget_share: 0.02, window: 1h, short: 5m}",
)
TWICE = GOOD + GOOD.removeprefix("rules:\n")
TARGETS = "targets:\n  - {metric: first_pass_yield, value: 95%}\n"


def read(folder: Path, rules: str, targets: str = TARGETS) -> RuleBook:
    """The files as they would lie in a folder."""
    (folder / "runbooks").mkdir(exist_ok=True)
    (folder / "runbooks" / "yield.md").write_text("Look at the queue.\n")
    (folder / "rules.yaml").write_text(rules)
    (folder / "targets.yaml").write_text(targets)
    return read_rules(folder / "rules.yaml", folder / "targets.yaml", DEFAULT_GROUPINGS)


def refused(folder: Path, rules: str, targets: str = TARGETS) -> list[str]:
    with pytest.raises(FileRefused) as caught:
        read(folder, rules, targets)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def edited(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)
