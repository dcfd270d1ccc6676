"""Targets, and rules that are ready: what was agreed, in which unit, from when on."""

from pathlib import Path

import pytest

from streams.marked_yaml import FileRefused
from streams.rule_files import read_targets
from tests.rules.texts import BUDGET, GOOD, SURE, TARGETS, edited, read, refused


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("targets: [{metric: yields, value: 1}]", "targets.yaml:1: targets.0.metric: no metric"),
        ("targets: [{metric: throughput, value: 95%}]", "is no amount of per hour"),
        ("targets: [{metric: throughput}]", "`value` is missing"),
        ("targets: [{metric: throughput, value: 1, where: {lane: a}}]", "no dimension 'lane'"),
        ("targets: [{metric: f1, value: 1, where: {reviewer: a}}]", "not known by reviewer"),
        ("targets: [{metric: throughput, value: 1, valid_from: May}]", "valid date"),
        (TARGETS + "  - {metric: first_pass_yield, value: 0.9}\n", "another target says"),
        ("targets: [{metric: throughput, value: 1, until: 3}]", "unknown key `until`"),
    ],
)
def test_wrong_targets_are_refused(tmp_path: Path, targets: str, words: str) -> None:
    faults = refused(tmp_path, GOOD, targets)
    assert any(words in fault for fault in faults), faults


def test_a_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="none\\.yaml:1: can't be read"):
        read_targets(tmp_path / "none.yaml")


def test_a_good_rule_is_ready_with_units_and_durations_resolved(tmp_path: Path) -> None:
    (ready,) = read(tmp_path, GOOD).rules
    assert (ready.grouping, ready.windows) == ("queue", ("1h",))
    assert (ready.threshold, ready.clear) == (0.9, 0.92)
    assert (ready.rule.for_ms, ready.rule.keep_firing_for_ms) == (300_000, 600_000)
    (sure,) = read(tmp_path, SURE).rules
    assert sure.windows == ("business_day",)
    (budget,) = read(tmp_path, BUDGET).rules
    assert budget.windows == ("1h", "5m", "28d")


def test_the_closest_and_latest_target_holds(tmp_path: Path) -> None:
    targets = """\
targets:
  - {metric: first_pass_yield, value: 90%}
  - {metric: first_pass_yield, value: 0.8, where: {queue: hard}}
  - {metric: first_pass_yield, value: 0.85, where: {queue: hard}, valid_from: 2026-03-02}
"""
    rules = edited(GOOD, "value: 0.9\n    clear: 0.92", "target: true")
    book = read(tmp_path, rules, targets)
    march_2_ms = 1_772_409_600_000
    hard = {"org": "o", "queue": "hard"}
    assert book.threshold(book.rules[0], {"queue": "easy"}, march_2_ms) == 0.9
    assert book.threshold(book.rules[0], hard, march_2_ms - 1) == 0.8
    assert book.threshold(book.rules[0], hard, march_2_ms) == 0.85
