"""Rules over a log of the past: how often, how long, and what would flap."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.alerts import AlertTransition, Transition
from schemas.metrics import METRIC_BY_ID
from streams import backtest
from streams.backtest import Sample
from streams.commands.rules import command
from streams.core.alerts import Timing
from streams.refusals import Refusal
from tests.rules.texts import GOOD, TARGETS, edited

START_MS = 1_772_409_600_000
MINUTE_MS = 60_000
RULES = edited(
    edited(GOOD, "first_pass_yield", "golden_accuracy"), "window: 1h", "window: 5m"
).replace("clear: 0.92\n    for: 5m\n    keep_firing_for: 10m\n    min_events: 30", "min_events: 5")


def answers(minute: int, count: int, correct: int) -> list[str]:
    """Golden answers within a minute, as lines of a log."""
    return [
        json.dumps(
            {
                "event_id": f"{minute}/{number}",
                "event_type": "golden.answered",
                "schema_version": "1.0",
                "occurred_at": START_MS + minute * MINUTE_MS + number * 1000,
                "received_at": START_MS + minute * MINUTE_MS + number * 1000,
                "source": "cvat",
                "org_id": "acme",
                "project_id": "street",
                "queue_id": "boxes",
                "item_id": f"item-{minute}-{number}",
                "actor_id": "ana",
                "golden_id": f"g{number}",
                "correct": number < correct,
            }
        )
        for number in range(count)
    ]


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three hours of answers: wrong in the second one, but for ten minutes in its middle."""
    wrong = {*range(60, 80), *range(90, 120)}
    lines = [line for at in range(180) for line in answers(at, 4, 0 if at in wrong else 4)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "yield.md").write_text("Look.\n")
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "targets.yaml").write_text(TARGETS)
    monkeypatch.setenv("WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS", "true")
    return [str(tmp_path / name) for name in ("rules.yaml", "targets.yaml", "log.jsonl")]


def test_backtest_says_how_often_and_how_long_it_would_have_fired(past: list[str]) -> None:
    rules, targets, log = past
    ran = CliRunner().invoke(command, ["backtest", "--rules", rules, "--targets", targets, log])
    last = ran.output.splitlines()[-1]
    assert last == (
        "2026-03-02T00:00:00Z to 2026-03-02T02:59:03Z: "
        "would have fired 2 times, 58 minutes, 1 would flap"
    )
    within = ["--from", "2026-03-02T01:10:00Z", "--to", "2026-03-02T01:40:00Z"]
    ran = CliRunner().invoke(
        command, ["backtest", "--rules", rules, "--targets", targets, *within, log]
    )
    assert ran.output.splitlines()[-1].endswith(": would have fired once, 9 minutes, 1 would flap")


def test_suggest_shows_the_week_and_what_thresholds_would_have_cost(past: list[str]) -> None:
    ran = CliRunner().invoke(
        command, ["suggest", "golden_accuracy", "--window", "15m", "--for", "0s", past[2]]
    )
    lines = ran.output.splitlines()
    assert lines[0] == "median golden_accuracy (fraction) by hour of the week, UTC"
    monday = {line.split()[0]: line.split()[1] for line in lines[2:26]}
    assert (monday["00:00"], monday["04:00"]) == ("1", "-")
    assert float(monday["01:00"]) < 1
    assert lines[27].split() == ["threshold", "beyond", "pages", "a", "week"]
    assert lines[-1].startswith("< ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["suggest", "nothing"], "no metric is called 'nothing'"),
        (["suggest", "golden_accuracy", "--by", "reviewer"], "golden_accuracy is by one of:"),
        (["suggest", "golden_accuracy", "--for", "5"], "'5' is no duration"),
        (["backtest", "--clock", "never"], "Invalid value for --clock"),
    ],
)
def test_wrong_usage_says_what_is_accepted(
    past: list[str], arguments: list[str], words: str
) -> None:
    ran = CliRunner().invoke(command, [*arguments, past[2]])
    assert ran.exit_code == 2
    assert words in ran.output


def test_without_a_log_backtest_wants_to_know_the_time() -> None:
    ran = CliRunner().invoke(command, ["backtest", "--from", "2026-03-02"])
    assert ran.exit_code == 2
    assert "say FILES, or --from and a later --to to ask ClickHouse" in ran.output


def test_a_metric_that_was_never_known_has_no_threshold(past: list[str]) -> None:
    ran = CliRunner().invoke(command, ["suggest", "first_pass_yield", past[2]])
    assert isinstance(ran.exception, Refusal)
    assert "was never known in this log" in str(ran.exception)


def said(transition: Transition, minute: int) -> AlertTransition:
    return AlertTransition(
        "f", 0, minute, transition, "firing", minute * MINUTE_MS, "R", "v", {}, {}
    )


def test_an_alert_that_never_resolves_lasts_until_the_end() -> None:
    log = [said("firing", 10), said("resolved", 20), said("firing", 80)]
    found = backtest.episodes(log, 0, 100 * MINUTE_MS)
    lasted = [(each.to_ms - each.from_ms) // MINUTE_MS for each in found]
    assert (lasted, [each.flaps for each in found]) == ([10, 20], [False, False])


def test_a_threshold_counts_pages_as_the_rule_would_fire() -> None:
    """A week in which every tenth minute is bad: with a hold of five minutes nobody is paged."""
    samples = [
        Sample("q", at * MINUTE_MS, 0.5 if at % 10 == 0 else 0.9) for at in range(7 * 24 * 60)
    ]
    metric = METRIC_BY_ID["golden_accuracy"]
    at_once = backtest.thresholds(samples, metric, Timing())
    held = backtest.thresholds(samples, metric, Timing(for_ms=5 * MINUTE_MS))
    assert [round(each.pages_per_week) for each in at_once if each.value == 0.9] == [1008]
    assert [each.pages_per_week for each in held] == [0.0] * len(held)
