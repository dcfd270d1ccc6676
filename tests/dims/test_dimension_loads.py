"""Dimensions in ClickHouse: loaded whole or not at all, and looked up by day."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from sinks.dimensions import ALL, Dimension
from tests.admin.conftest import Run

RATES = """\
org,vendor,team,valid_from,valid_to,cost_per_hour,currency
acme,,,2026-01-01,2026-07-01,21.5,EUR
acme,,,2026-07-01,,23,EUR
"""
TEAMS = "org,team,name,site,vendor\nacme,blue,Team Blau,manila,northwind\n"


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    """A file of cost rates."""
    path = tmp_path / "cost_rates.csv"
    path.write_text(RATES)
    return path


def state(client: Client, database: str) -> list[tuple[object, ...]]:
    """Everything that loads wrote, and when."""
    question = " UNION ALL ".join(
        f"SELECT '{name}', count(), sum(cityHash64(*)) FROM {database}.dim_{name}"
        for name in [*ALL, "loads"]
    )
    return sorted(tuple(row) for row in client.query(question).result_rows)


@pytest.mark.parametrize("dimension", ALL.values(), ids=list(ALL))
def test_a_table_has_the_columns_that_are_declared(
    client: Client, database: str, dimension: Dimension
) -> None:
    found = client.query(f"DESCRIBE TABLE {database}.{dimension.table}").result_rows
    assert [row[:2] for row in found] == [(it.name, it.type) for it in dimension.columns]
    assert all(row[4] for row in found), "a comment on every column"


def test_the_same_file_twice_changes_nothing(
    run: Run, client: Client, database: str, rates: Path
) -> None:
    assert run("dims", "load", str(rates)).out == "cost_rates: loaded, 2 rows\n"
    before = state(client, database)
    assert run("dims", "load", str(rates)).out == "cost_rates: unchanged, 2 rows\n"
    assert state(client, database) == before


def test_a_load_replaces_its_table_and_no_other(
    run: Run, client: Client, database: str, rates: Path, tmp_path: Path
) -> None:
    (tmp_path / "teams.csv").write_text(TEAMS)
    assert run("dims", "load", str(rates), str(tmp_path / "teams.csv")).code == 0
    rates.write_text(RATES.replace("23,EUR", "24,EUR"))
    assert run("dims", "load", str(rates)).code == 0
    found = client.query(
        f"SELECT toString(cost_per_hour) FROM {database}.dim_cost_rates ORDER BY 1"
    )
    assert found.result_rows == [("21.5",), ("24",)]
    assert client.query(f"SELECT name FROM {database}.dim_teams").result_rows == [("Team Blau",)]


def test_nothing_is_applied_when_one_of_the_files_is_bad(
    run: Run, client: Client, database: str, rates: Path, tmp_path: Path
) -> None:
    assert run("dims", "load", str(rates)).code == 0
    before = state(client, database)
    rates.write_text(RATES.replace("23,EUR", "24,EUR"))
    (tmp_path / "teams.csv").write_text(TEAMS + "acme,blue,Again,,\n")
    ran = run("dims", "load", str(rates), str(tmp_path / "teams.csv"))
    assert ran.code == 1
    assert f"{tmp_path}/teams.csv:3: team: the row of" in ran.err
    assert "nothing was changed" in ran.err
    assert "Traceback" not in ran.err
    assert state(client, database) == before


def test_a_day_finds_what_held_on_it(
    run: Run, client: Client, database: str, rates: Path, tmp_path: Path
) -> None:
    (tmp_path / "teams.csv").write_text(TEAMS)
    assert run("dims", "load", str(rates), str(tmp_path / "teams.csv")).code == 0
    key = "('acme', '', '', '', '')"
    for day, cost in (("2025-12-31", "0"), ("2026-06-30", "21.5"), ("2026-07-01", "23")):
        found = client.query(
            f"SELECT toString(dictGet('{database}.dict_cost_rates', 'cost_per_hour', {key}, "
            f"toDate('{day}')))"
        ).result_rows
        assert found == [(cost,)], day
    team = f"dictGet('{database}.dict_teams', ('name', 'site'), ('acme', 'blue'), today())"
    assert client.query(f"SELECT toString({team})").result_rows == [("('Team Blau','manila')",)]


def test_check_stores_nothing(run: Run, client: Client, database: str, rates: Path) -> None:
    before = state(client, database)
    assert run("dims", "check", str(rates)).out == "cost_rates: 2 rows, all well\n"
    assert state(client, database) == before


def test_ls_shows_tables_and_rows(run: Run, rates: Path) -> None:
    assert run("dims", "load", str(rates)).code == 0
    assert "cost_rates.csv" in run("dims", "ls").out
    assert "23.0000  EUR" in run("dims", "ls", "cost_rates").out


def test_a_space_without_tables_names_the_remedy(run: Run, rates: Path) -> None:
    ran = run("dims", "load", str(rates), "--space", "never-set-up")
    assert ran.code == 1
    assert "watchfloor setup" in ran.err
