"""Dashboards: made from the declarations, read by Grafana's own types, and every panel answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from deploy.grafana import generate
from tests.analysts.offline_floor import SPAN_MS, START_MS
from tests.grafana.conftest import WAIT_H
from tests.grafana.expansion import Asked, expanded

BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(generate.FOLDER.glob("*.json"))
}
PANELS = [
    (board, panel)
    for board, dashboard in BOARDS.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]
SQL = [(board, panel) for board, panel in PANELS if "rawSql" in panel["targets"][0]]
VARIABLES = [
    (board, variable)
    for board, dashboard in BOARDS.items()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]
HOUR_S = 3600
#: Nobody did these in so small a floor: the panel has rows, but its values are unknown.
QUIET = {"items_per_productive_hour", "expiry_rate", "prelabel_acceptance", "sla_overdue_mean"}


def _asked(board: str, grouping: str = "queue") -> Asked:
    """A range that holds the floor, and one of its queues chosen where one is."""
    one = {"org": ["acme"], "project": ["moderation"], "queue": ["chat-urgent"]}
    several = one | {
        "project": ["moderation", "assistant", "street"],
        "queue": ["chat-urgent", "intents", "reports", "boxes"],
    }
    chosen = one if board == "queue" else several
    return Asked(
        START_MS // 1000 - HOUR_S,
        (START_MS + SPAN_MS) // 1000 + WAIT_H * HOUR_S,
        900,
        chosen | {"grouping": [grouping], "clocks": ["queue"]},
    )


def _name(value: object) -> str:
    return value["title"] if isinstance(value, dict) and "title" in value else str(value)[:20]


def test_the_dashboards_are_those_that_the_generator_writes() -> None:
    texts = {path.name: path.read_text() for path in generate.FOLDER.glob("*.json")}
    assert texts == generate.files(), "run `python -m deploy.grafana.generate`"


@pytest.mark.parametrize(("board", "panel"), SQL, ids=_name)
def test_a_panel_answers_on_a_floors_data(
    filled: Client, board: str, panel: dict[str, Any]
) -> None:
    found = filled.query(expanded(panel["targets"][0]["rawSql"], _asked(board)))
    assert found.result_rows
    if panel["type"] == "timeseries":
        assert found.column_names[0] == "time"
        assert isinstance(found.result_rows[0][0], datetime)
    known = [
        value
        for row in found.result_rows
        for name, value in zip(found.column_names, row, strict=True)
        if name not in ("time", "subject") and value is not None
    ]
    assert known or set(found.column_names) & QUIET


@pytest.mark.parametrize("grouping", ["all", "org", "project", "team", "site"])
@pytest.mark.parametrize("board", ["floor", "sla", "quality"])
def test_lines_can_be_drawn_by_every_grouping(filled: Client, board: str, grouping: str) -> None:
    panel = next(
        panel
        for name, panel in SQL
        if name == board and "$grouping" in panel["targets"][0]["rawSql"]
    )
    sql = expanded(panel["targets"][0]["rawSql"], _asked(board, grouping))
    assert {row[1] for row in filled.query(sql).result_rows} - {""}


@pytest.mark.parametrize(("board", "variable"), VARIABLES, ids=_name)
def test_a_variable_lists_what_there_is(
    filled: Client, board: str, variable: dict[str, Any]
) -> None:
    found = filled.query(expanded(variable["query"], _asked(board))).result_rows
    assert _asked(board).chosen[variable["name"]][0] in {row[0] for row in found}


def test_the_age_of_the_data_is_that_of_the_newest_pane(filled: Client) -> None:
    board, panel = next(each for each in SQL if each[1]["title"] == "Data age")
    asked = _asked(board)
    [(age_s,)] = filled.query(expanded(panel["targets"][0]["rawSql"], asked)).result_rows
    [(newest,)] = filled.query(
        "SELECT max(pane_start + pane_s) FROM rollups WHERE grouping = 'all'"
    ).result_rows
    assert age_s == asked.to_s - newest.replace(tzinfo=UTC).timestamp()


def test_nothing_is_shown_by_person() -> None:
    for _, panel in SQL:
        sql = panel["targets"][0]["rawSql"]
        assert "annotator" not in sql
        assert "reviewer" not in sql
        assert "people" not in sql.replace("people_needed", "")


def test_uids_and_places_are_settled() -> None:
    for name, dashboard in BOARDS.items():
        assert dashboard["uid"] == f"watchfloor-{name}"
        assert "id" not in dashboard
        numbers = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(numbers)) == len(numbers)
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert place["x"] + place["w"] <= 24
            assert not cells & taken
            taken |= cells


def test_every_panel_says_what_it_shows() -> None:
    assert [panel["title"] for _, panel in PANELS if not panel["description"]] == []
