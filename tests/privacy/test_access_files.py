"""Access files: every statement is one, and each reader may read what he is meant to."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from sinks import access, migrations, views
from sinks.access import Project, Table
from sinks.questions.people import RESTRICTED
from tests.admin.conftest import Run
from tests.integration.sinks.questions import Asked
from tests.privacy.embedded import Embedded, user

DB = "ops"
NORTHWIND = Project("northwind", "comments-en")
USERS = {
    "analyst": "ops_analyst",
    "people": "ops_people",
    "client": NORTHWIND.role,
    "ops_definer": "ops_definer",
}
DAY = "`from`='2026-03-01 00:00:00', `to`='2026-03-02 00:00:00'"
RANGE = f"{DAY}, step_s=0"
_NAMED = rf"\.({'|'.join(RESTRICTED)})\b"
ROWS = (
    ("queue", "northwind", "comments-en", "images", ""),
    ("queue", "acme", "street", "images", ""),
    ("annotator", "northwind", "", "", "p_anna"),
    ("all", "", "", "", ""),
)


@pytest.fixture(scope="module")
def filled(client: Client, migrated: str) -> list[str]:
    """Every statement, filled for the tables and views that there are."""
    known = access.tables(client, migrated)
    return list(access.statements(DB, known, [NORTHWIND]))


@pytest.fixture(scope="module")
def engine(filled: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """An engine with the tables, some rows, and a user of each role."""
    users = "".join(
        user(name, _grants(filled, role), _filters(filled, role)) for name, role in USERS.items()
    )
    found = Embedded(tmp_path_factory.mktemp("rights"), users)
    assert found.ask(f"CREATE DATABASE {DB}") == []
    for migration in migrations.load():
        for statement in migration.statements(DB):
            assert found.ask(statement) == [], statement
    assert found.ask(migrations._LEDGER.replace("{db}", DB)) == []
    for statement in views.statements(DB):
        assert found.ask(statement) == []
    for statement in filled:
        if " MODIFY SQL SECURITY " in statement:
            assert found.ask(statement) == [], statement
    for grouping, org, project, queue, annotator in ROWS:
        found.ask(
            f"INSERT INTO {DB}.rollups (grouping, org, project, queue, annotator, pane_start, "
            f"pane_s, submitted) VALUES ('{grouping}', '{org}', '{project}', '{queue}', "
            f"'{annotator}', '2026-03-01 10:00:00', 60, 1)"
        )
        found.ask(
            f"INSERT INTO {DB}.items (org, project, item_id, annotator, submitted_at) VALUES "
            f"('{org}', '{project}', '{grouping}', '{annotator}', '2026-03-01 10:00:00')"
        )
    found.ask(f"INSERT INTO {DB}.dead_letters (topic, partition, offset) VALUES ('t', 0, 0)")
    for person in ("p_anna", "p_bo"):
        found.ask(
            f"INSERT INTO {DB}.labels (org, item_id, unit_id, annotator, label, occurred_at) "
            f"VALUES ('northwind', '1', '1', '{person}', 'ok', '2026-03-01 10:00:00')"
        )
    yield found
    found.close()


def _grants(filled: list[str], role: str) -> list[str]:
    pattern = re.compile(rf"(GRANT .*) TO .*\b{role}\b.*", re.DOTALL)
    return [match[1] for each in filled if (match := pattern.fullmatch(each))]


def _filters(filled: list[str], role: str) -> list[tuple[str, str, str]]:
    pattern = re.compile(
        rf"CREATE ROW POLICY OR REPLACE \w+ ON (\w+)\.(\w+) USING (.*) TO .*\b{role}\b.*"
    )
    return [(m[1], m[2], m[3]) for each in filled if (m := pattern.fullmatch(each))]


_numbers = count()


def asked(engine: Embedded, name: str, question: str) -> Any:
    """What a user is answered, through a view that runs with this user's rights."""
    view = f"{DB}.asked_{next(_numbers)}"
    made = engine.ask(f"CREATE VIEW {view} DEFINER = {name} SQL SECURITY DEFINER AS {question}")
    assert made == [], made
    return engine.ask(f"SELECT * FROM {view}")


def test_every_statement_can_be_parsed(client: Client, filled: list[str]) -> None:
    assert len(filled) > 100
    for statement in filled:
        assert client.query("SELECT formatQuery({q:String})", parameters={"q": statement})
        client.query(f"EXPLAIN AST {statement}")


def test_no_placeholder_is_left(filled: list[str]) -> None:
    assert [each for each in filled if "{" in each] == []


def test_an_analyst_reads_numbers_and_no_person(engine: Embedded) -> None:
    question = f"SELECT queue, throughput_n FROM {DB}.throughput(grouping='queue', {RANGE})"
    assert len(asked(engine, "analyst", question)) == 2
    by_person = f"SELECT annotator FROM {DB}.throughput(grouping='annotator', {RANGE})"
    assert asked(engine, "analyst", by_person) == []
    assert (
        asked(engine, "analyst", f"SELECT annotator FROM {DB}.rollups WHERE annotator != ''") == []
    )


@pytest.mark.parametrize(
    "question",
    [
        "SELECT annotator FROM {db}.items",
        "SELECT reviewer FROM {db}.items",
        "SELECT annotator FROM {db}.labels",
        "SELECT person FROM {db}.alert_log",
        "SELECT note FROM {db}.alert_log",
        "SELECT name FROM {db}.people_directory",
    ],
)
@pytest.mark.parametrize("name", ["analyst", "client"])
def test_who_it_was_is_for_those_who_may_know(engine: Embedded, name: str, question: str) -> None:
    asked_for = question.replace("{db}", DB)
    assert "Not enough privileges" in asked(engine, name, asked_for)
    assert isinstance(asked(engine, "people", asked_for), list)


@pytest.mark.parametrize("view", [each.name for each in views.VIEWS] + ["metric_values_shared"])
def test_every_view_over_time_works_for_an_analyst(engine: Embedded, view: str) -> None:
    found = asked(engine, "analyst", f"SELECT * FROM {DB}.{view}(grouping='queue', {RANGE})")
    assert len(found) >= 2, found


def test_an_analyst_is_answered_by_every_view_that_is_not_of_people(
    engine: Embedded, client: Client, migrated: str
) -> None:
    views_open = {it.name for it in access.tables(client, migrated) if it.is_view} - RESTRICTED
    refused = {}
    for view in sorted(views_open):
        asked_for = Asked(view, {"as_of": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"})
        source = asked_for.source(client, migrated).replace(f"{migrated}.", f"{DB}.")
        found = asked(engine, "analyst", f"SELECT * FROM {source}")
        if isinstance(found, str):
            refused[view] = found
    assert refused == {}


@pytest.mark.parametrize("view", ["agreement", "label_confusions", "hard_items"])
def test_questions_about_labels_are_answered_without_a_person(engine: Embedded, view: str) -> None:
    question = f"SELECT * FROM {DB}.{view}({DAY})"
    assert asked(engine, "analyst", question) == asked(engine, "people", question)
    # Its definer sees all projects.
    assert "Not enough privileges" in asked(engine, "client", question)


def test_a_client_learns_nothing_of_the_groups_of_others(engine: Embedded) -> None:
    question = f"SELECT project, people FROM {DB}.group_sizes(grouping='project', {RANGE})"
    assert len(asked(engine, "analyst", question)) > 1
    assert "Not enough privileges" in asked(engine, "client", question)


def test_a_client_sees_one_project(engine: Embedded) -> None:
    question = f"SELECT queue, project FROM {DB}.rollups"
    assert asked(engine, "client", question) == [["images", "comments-en"]]
    assert asked(engine, "client", f"SELECT item_id FROM {DB}.items") == [["queue"]]
    assert asked(engine, "client", f"SELECT topic FROM {DB}.dead_letters") == []
    assert asked(engine, "analyst", f"SELECT topic FROM {DB}.dead_letters") == [["t"]]


def test_those_who_may_know_people_see_them(engine: Embedded) -> None:
    question = f"SELECT annotator FROM {DB}.throughput(grouping='annotator', {RANGE})"
    assert asked(engine, "people", question) == [["p_anna"]]


@pytest.mark.parametrize("view", sorted(RESTRICTED))
@pytest.mark.parametrize("name", ["analyst", "client"])
def test_views_of_people_are_for_those_who_may_know(engine: Embedded, name: str, view: str) -> None:
    question = f"SELECT * FROM {DB}.{view}({DAY})"
    assert "Not enough privileges" in asked(engine, name, question)
    assert isinstance(asked(engine, "people", question), list)


def test_those_who_may_know_people_read_their_work(engine: Embedded) -> None:
    for question, found in (
        (f"SELECT annotator, submissions FROM {DB}.people({DAY})", [["p_anna", 1]]),
        (f"SELECT annotator, items FROM {DB}.people_by_queue({DAY})", [["p_anna", 1]]),
        (
            f"SELECT annotator, other_annotator, n FROM {DB}.pair_agreement({DAY})",
            [["p_anna", "p_bo", 1]],
        ),
    ):
        assert asked(engine, "people", question) == found


def test_what_a_view_of_people_reads_is_closed_too(engine: Embedded, filled: list[str]) -> None:
    assert [it for it in filled if "ops_analyst" in it and re.search(_NAMED, it)] == []
    # Whoever copies a view's query has the rights of its tables still.
    copied = f"SELECT count() FROM {DB}.rollups WHERE grouping = 'annotator'"
    assert asked(engine, "analyst", copied) == [[0]]


def test_a_new_table_is_open_but_for_its_people() -> None:
    table = Table("figures", ("org", "project", "grouping", "annotator", "value"))
    assert table.open_rows == "annotator = ''"
    assert "annotator" in table.open_columns
    plain = Table("answers", ("org", "project", "annotator", "value"))
    assert plain.open_columns == "`org`, `project`, `value`"
    assert plain.project_rows("o", "p'") == "org = 'o' AND project = 'p\\''"
    assert Table("things", ("org", "value")).project_rows("o", "p") == "0"


def test_the_command_shows_the_statements(run: Run, database: str) -> None:
    ran = run("access", "show", "--project", "northwind/comments-en")
    assert ran.code == 0
    assert f"ON {database}.rollups USING annotator = '' AND reviewer = ''" in ran.out
    assert NORTHWIND.role in ran.out


def test_an_engine_without_roles_says_so(run: Run) -> None:
    ran = run("access", "apply")
    assert ran.code == 1
    assert "access show" in ran.err
    assert "Traceback" not in ran.err


def test_a_project_without_its_organisation_is_refused(run: Run) -> None:
    ran = run("access", "show", "--project", "comments-en")
    assert ran.code == 2
    assert "ORG/PROJECT" in ran.err
