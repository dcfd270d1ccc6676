"""Prometheus' own files, by Prometheus' own checker, and against what Watchfloor really tells."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.telemetry import DECLARATIONS

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDER = DEPLOY / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
_OURS = re.compile(r"\b(?:floor|deliver|notify|board|process)_[a-z_]+\b")


def promtool(*arguments: str) -> str:
    found = shutil.which("promtool")
    assert found, "promtool is missing: install prometheus (Debian, Ubuntu: apt install prometheus)"
    done = subprocess.run(
        [found, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_takes_the_scrape_config() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "config", "prometheus.yaml")


def test_prometheus_takes_the_rules() -> None:
    assert f"SUCCESS: {len(RULES)} rules found" in promtool("check", "rules", "rules.yaml")


def test_the_rules_say_what_their_tests_expect() -> None:
    assert "SUCCESS" in promtool("test", "rules", "rules.test.yaml")


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    played = yaml.safe_load((FOLDER / "rules.test.yaml").read_text())["tests"]
    fired = {
        step["alertname"]
        for test in played
        for step in test["alert_rule_test"]
        if step.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in ALERTS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_reads_only_metrics_that_are_declared(rule: dict[str, Any]) -> None:
    recorded = {each["record"] for each in RULES if "record" in each}
    own = set(re.findall(r"watchfloor:[a-z_0-9:]+", rule["expr"]))
    assert own <= recorded
    bare = re.sub(r"watchfloor:[a-z_0-9:]+", "", rule["expr"])
    assert set(_OURS.findall(bare)) <= set(DECLARATIONS)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert (DEPLOY.parent / rule["annotations"]["runbook"]).is_file()
    assert rule["annotations"]["summary"]


def test_every_process_that_is_scraped_has_a_role() -> None:
    targets = yaml.safe_load((FOLDER / "targets.yaml").read_text())
    assert {each["labels"]["role"] for each in targets} == {"worker", "deliver", "board"}


def test_prometheus_understands_every_panel_of_its_own(tmp_path: Path) -> None:
    dashboard = yaml.safe_load((DEPLOY / "grafana" / "dashboards" / "pipeline.json").read_text())
    asked = [
        panel["targets"][0]["expr"].replace("$__rate_interval", "1m")
        for panel in dashboard["panels"]
        if panel["type"] != "row" and "expr" in panel["targets"][0]
    ]
    assert len(asked) == len(DECLARATIONS)
    rules = [{"record": f"panel:{at}", "expr": expr} for at, expr in enumerate(asked)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", str(file))
