"""``watchfloor rules check`` and ``test``: what they say, and how they end."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import cli
from streams.commands.rules import command
from streams.floor_files import DEPLOY
from streams.refusals import Refusal
from streams.rule_files import RULES_FILE, read_rules
from tests.rules.texts import GOOD, TARGETS, edited

TESTS = """\
rule_files: [rules.yaml]
tests:
  - input_series:
      - series: 'first_pass_yield{org="o", source="s", project="p", queue="q"}'
        values: "0.95x9 0.85x20"
    alert_rule_test:
      - eval_time: 20m
        alertname: LowYield
        exp_alerts:
          - exp_labels: {org: o, source: s, project: p, queue: q, severity: warning}
            exp_annotations: {summary: "q: 85.0% (n=100)"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with good rules, targets and tests."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "yield.md").write_text("Look at the queue.\n")
    (tmp_path / "rules.yaml").write_text(GOOD)
    (tmp_path / "targets.yaml").write_text(TARGETS)
    (tmp_path / "tests.yaml").write_text(TESTS)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    """(exit code, output, what was refused)."""
    ran = CliRunner().invoke(command, arguments)
    refusal = ran.exception if isinstance(ran.exception, Refusal) else None
    return ran.exit_code, ran.output, str(refusal or "")


def test_the_default_rules_are_without_fault_and_their_tests_pass() -> None:
    assert run("check")[:2] == (
        0,
        "rules.yaml: 15 rules, 7 targets, no fault\npolicies.yaml: 1 promise(s), no fault\n",
    )
    code, output, _ = run("test", str(DEPLOY / "rules.test.yaml"))
    assert (code, output) == (0, "rules.test.yaml: 14 tests, 43 expectations, 0 failed\n")


def test_unless_others_are_named_the_files_of_this_floor_are_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFLOOR_ALERTS_RULES", str(folder / "rules.yaml"))
    monkeypatch.setenv("WATCHFLOOR_ALERTS_TARGETS", str(folder / "targets.yaml"))
    assert (
        run("check")[:2]
        == run(
            "check",
            "--rules",
            str(folder / "rules.yaml"),
            "--targets",
            str(folder / "targets.yaml"),
        )[:2]
    )


def test_every_default_rule_is_tested_and_has_half_a_page_of_its_own() -> None:
    tests = (DEPLOY / "rules.test.yaml").read_text()
    for ready in read_rules().rules:
        assert f"alertname: {ready.name}" in tests
        page = (RULES_FILE.parent / ready.rule.annotations["runbook"]).read_text()
        assert ready.name in page or ready.name == "Watchdog"
        assert 10 <= len(page.splitlines()) <= 40


def test_check_names_every_fault_and_ends_with_1(folder: Path) -> None:
    (folder / "rules.yaml").write_text(edited(GOOD, "value: 0.9", "value: 90"))
    code, output, refused = run(
        "check", "--rules", str(folder / "rules.yaml"), "--targets", str(folder / "targets.yaml")
    )
    assert code == 1
    assert "rules.yaml:7: rules.0.value: always fires" in output
    assert refused == "2 faults\n  remedy: correct the file"


def test_check_names_the_faults_of_policies_too(folder: Path) -> None:
    policies = folder / "policies.yaml"
    policies.write_text("policies:\n  - id: soon\n    title: Soon\n    contrakt: SLA\n")
    code, output, refused = run("check", "--policies", str(policies))
    assert code == 1
    assert "policies.yaml:4: policies.0.contrakt: unknown key" in output
    assert "no fault" not in output
    assert "correct the file" in refused


def test_a_test_file_that_holds_says_so(folder: Path) -> None:
    given = ("test", str(folder / "tests.yaml"), "--targets", str(folder / "targets.yaml"))
    assert run(*given)[:2] == (0, "tests.yaml: 1 tests, 1 expectations, 0 failed\n")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("queue: q,", "queue: other,", 'missing {org="o", project="p", queue="other"'),
        ("85.0%", "86.0%", 'unexpected {org="o", project="p", queue="q"'),
        ("eval_time: 20m", "eval_time: 12m", "missing"),
    ],
)
def test_what_fires_otherwise_is_told_with_its_line(
    folder: Path, old: str, new: str, words: str
) -> None:
    (folder / "tests.yaml").write_text(edited(TESTS, old, new))
    given = ("test", str(folder / "tests.yaml"), "--targets", str(folder / "targets.yaml"))
    code, output, refused = run(*given)
    assert code == 1
    assert "tests.yaml:7: tests.0.alert_rule_test.0: LowYield: " in output
    assert words in output
    assert refused.startswith("1 expectations failed")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "alertname: LowYield",
            "alertname: HighYield",
            "tests.yaml:8:",
        ),
        ("first_pass_yield{", "first_pass{", "'first_pass' is no metric, signal or measure"),
        ('queue="q"', "queue=q", "is no series: write throughput{org="),
        (', queue="q"', ', team="q"', "a series names all dimensions of a grouping"),
        ("0.95x9", "0.95*9", "'0.95*9' is no value: write 1, 1x5"),
        ("0.95x9", "0.95x999999", "more than 100000 values"),
        ("eval_time: 20m", "eval_time: 20", "20 is no duration"),
        ("tests:", "test:", "unknown key `test`"),
    ],
)
def test_a_test_file_that_can_not_be_played_is_refused(
    folder: Path, old: str, new: str, words: str
) -> None:
    (folder / "tests.yaml").write_text(edited(TESTS, old, new))
    given = ("test", str(folder / "tests.yaml"), "--targets", str(folder / "targets.yaml"))
    code, _, refused = run(*given)
    assert code == 1
    assert words in refused


def test_worth_wants_a_zone_that_exists() -> None:
    ran = CliRunner().invoke(command, ["worth", "--zone", "Mars/Base"])
    assert ran.exit_code == 2
    assert "there is no zone 'Mars/Base'" in ran.output


def test_help_shows_how_to_begin() -> None:
    ran = CliRunner().invoke(cli, ["rules", "--help"])
    assert ran.exit_code == 0
    assert "\n  watchfloor rules check" in ran.output
