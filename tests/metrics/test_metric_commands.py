"""What ``watchfloor metrics`` prints."""

import pytest
from click.testing import CliRunner, Result

from schemas.metrics import METRICS
from streams.commands.metrics import command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_show_says_the_formula_in_words_the_version_and_where_it_makes_sense() -> None:
    shown = run("show", "first_pass_yield").output.splitlines()
    said = {line[:12].strip(): line[13:] for line in shown}
    assert said["formula"] == "first_passed / first_reviewed"
    assert said["unit"] == "fraction"
    assert said["version"] == "1"
    assert said["needs"] == "review.decided"
    assert said["groupings"].startswith("all, org, project, queue")
    assert {"source", "caveat", "interval", "sql"} <= said.keys()


@pytest.mark.parametrize("metric", [metric.id for metric in METRICS])
def test_the_sql_that_show_names_is_printed(metric: str) -> None:
    (line,) = (row for row in run("show", metric).output.splitlines() if row.startswith("sql "))
    _, _, arguments = line.partition("watchfloor metrics ")
    found = run(*arguments.split())
    assert found.exit_code == 0, found.output
    assert found.output.startswith("SELECT ")


@pytest.mark.parametrize("arguments", [("sql", "speed"), ("show", "speed"), ("sql",)])
def test_an_unknown_metric_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
