"""What people read: definitions, runbooks, an empty floor, how a number stands to its target."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.groupings import DEFAULT_GROUPINGS
from schemas.metrics import METRICS
from schemas.metrics.formulas import Formula
from schemas.targets import Target
from sinks.board import runbooks
from sinks.board.body import EMPTY
from sinks.board.ids import id_of, key_of
from sinks.board.standing import Goal, budget_of, goal_of, status_of
from sinks.board.words import why
from sinks.formula_text import formula_text
from streams.core.engine import OfflineRecord

DEPLOY = Path(__file__).parents[2] / "deploy"
HOSTILE = "<img src=x onerror=alert(1)> ~/%\u2603'\"\\"


@pytest.mark.parametrize("formula", [each.formula for each in METRICS], ids=str)
def test_a_formula_in_words_names_measures_and_no_python(formula: Formula) -> None:
    text = formula_text(formula)
    assert text
    assert "(plus" not in text


def test_the_runbook_of_every_rule_can_be_read() -> None:
    rules = yaml.safe_load((DEPLOY / "rules.yaml").read_text())["rules"]
    for rule in rules:
        name = Path(rule["annotations"]["runbook"]).name
        found = runbooks.read(DEPLOY / "runbooks", name)
        assert found is not None, name
        assert found["title"]
        assert {"paragraph", "list"} <= {each["kind"] for each in found["blocks"]}


@pytest.mark.parametrize("name", ["", "..", "../rules", "a/b", "README.MD", "x" * 99, "nothing"])
def test_no_other_file_is_a_runbook(name: str) -> None:
    assert runbooks.read(DEPLOY / "runbooks", name) is None


def test_the_example_of_an_empty_board_is_an_event() -> None:
    settings = DecoderSettings(accepted=AcceptedTimes())
    example = str(EMPTY["example"]).encode()
    key = msgspec.json.decode(example)["item_id"].encode()
    record = OfflineRecord(0, 1_772_438_401_000, key, example)
    found = Decoder(None, settings).decode("annotations", 0, record)
    assert isinstance(found, dict), found


@pytest.mark.parametrize("value", ["text", HOSTILE, "a~b", "a/b", "", "%7E"])
def test_an_id_leads_back_to_its_subject(value: str) -> None:
    for grouping in DEFAULT_GROUPINGS:
        key = "\x1f".join((grouping.name, *(value for _ in grouping.dimensions)))
        assert key_of(id_of(key)) == key
        assert "/" not in id_of(key)


SHARE = {"value": 0.9, "low": 0.85, "high": 0.94, "n": 100}


@pytest.mark.parametrize(
    ("metric", "reading", "goal", "expected"),
    [
        ("golden_accuracy", SHARE, Goal(0.8, 0.7), "met"),
        ("golden_accuracy", SHARE, Goal(0.92, 0.7), "unsure"),
        ("golden_accuracy", SHARE, Goal(0.95, 0.8), "missed"),
        ("golden_accuracy", SHARE, Goal(0.95, 0.93), "far"),
        ("golden_accuracy", SHARE, None, None),
        ("golden_accuracy", {"value": None, "n": 2}, Goal(0.9, None), None),
        ("oldest_waiting_age", {"value": 60.0, "n": 1}, Goal(90.0, 120.0), "met"),
        ("oldest_waiting_age", {"value": 100.0, "n": 1}, Goal(90.0, 120.0), "missed"),
        ("oldest_waiting_age", {"value": 130.0, "n": 1}, Goal(90.0, 120.0), "far"),
        ("arrival_rate", {"value": 130.0, "n": 1}, Goal(90.0, 120.0), None),
    ],
)
def test_a_number_stands_to_its_target_by_its_interval(
    metric: str, reading: dict[str, Any], goal: Goal | None, expected: str | None
) -> None:
    assert status_of(metric, reading, goal) == expected


def test_what_is_added_up_has_a_target_for_its_own_place_only() -> None:
    targets = (
        Target(metric="throughput", value=20, where={"project": "p"}),
        Target(metric="golden_accuracy", value="90%", where={"project": "p"}),
    )
    project = {"org": "o", "source": "s", "project": "p"}
    queue = {**project, "queue": "q"}
    assert goal_of(targets, "throughput", project, 0) == Goal(20.0, None)
    assert goal_of(targets, "throughput", queue, 0) is None
    assert goal_of(targets, "golden_accuracy", queue, 0) == Goal(0.9, None)


def test_a_budget_says_what_is_left_and_how_fast_it_goes() -> None:
    windows: dict[str, dict[str, Any]] = {
        "28d": {"service_level": {"value": 0.98, "n": 1000, "cause": None}, "covered": 0.5},
        "1h": {"service_level": {"value": 0.9, "n": 50, "cause": None}},
    }
    found = budget_of(windows, Goal(0.95, None))
    assert (found["bad"], found["n"], found["covered"]) == (20, 1000, 0.5)
    assert found["left"] == pytest.approx(0.6)
    assert found["burn"] == pytest.approx(2.0)
    assert budget_of(windows, None)["says"] == "no target was agreed"
    assert budget_of({}, Goal(0.95, None))["left"] is None


def test_unknown_is_said_with_its_n_or_what_is_missing() -> None:
    assert why("too_few", 7) == "not enough data (n = 7)"
    assert why("never_sent:a|b", 0) == "no a or b was ever sent"
