"""Shared views: a number about fewer than five people is withheld, with its cause."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from sinks.small_groups import PEOPLE_MIN

DAY = "`from`='2026-03-01 00:00:00', `to`='2026-03-02 00:00:00'"
QUEUES = {"busy": PEOPLE_MIN, "small": PEOPLE_MIN - 1}


@pytest.fixture(scope="module", autouse=True)
def _floor(client: Client, migrated: str) -> Iterator[None]:
    """A submission of each of some people in two queues, and of all in one project."""
    counted = [("queue", queue, people) for queue, people in QUEUES.items()]
    for grouping, queue, people in [*counted, ("project", "", sum(QUEUES.values()))]:
        client.command(
            f"INSERT INTO {migrated}.rollups (grouping, org, source, project, queue, pane_start, "
            "pane_s, submitted, handled, handle_ms) VALUES ('"
            f"{grouping}', 'acme', 'cvat', 'street', '{queue}', '2026-03-01 10:00:00', 60, "
            f"{people}, {people}, {people * 60_000})"
        )
    for queue, people in QUEUES.items():
        client.command(
            f"INSERT INTO {migrated}.items (org, source, project, queue, item_id, annotator, "
            f"submitted_at) SELECT 'acme', 'cvat', 'street', '{queue}', concat('{queue}', "
            f"toString(number)), concat('p_{queue}', toString(number)), '2026-03-01 10:00:30' "
            f"FROM numbers({people})"
        )
    client.command(
        f"INSERT INTO {migrated}.rollups (grouping, pane_start, pane_s, submitted) "
        "VALUES ('all', '2026-03-01 10:00:00', 60, 9)"
    )
    yield
    for table in ("rollups", "items"):
        client.command(f"TRUNCATE TABLE {migrated}.{table}")


def shared(client: Client, database: str, grouping: str, step_s: int = 0) -> dict[str, object]:
    """The value, n and cause of the mean handle time of each queue, or of what there is."""
    rows = client.query(
        f"SELECT queue, value, n, cause FROM {database}.metric_values_shared("
        f"grouping='{grouping}', {DAY}, step_s={step_s}) WHERE metric = 'handle_time_mean'"
    ).result_rows
    return {queue: (value, n, cause) for queue, value, n, cause in rows}


@pytest.mark.parametrize("step_s", [0, 3600])
def test_four_people_are_withheld_and_five_are_shown(
    client: Client, migrated: str, step_s: int
) -> None:
    found = shared(client, migrated, "queue", step_s)
    assert found["busy"] == (60.0, 5, None)
    assert found["small"] == (None, None, "small_group")


def test_a_larger_group_counts_the_people_of_its_parts(client: Client, migrated: str) -> None:
    assert shared(client, migrated, "project") == {"": (60.0, 9, None)}


def test_nothing_is_shared_by_person(client: Client, migrated: str) -> None:
    client.command(
        f"INSERT INTO {migrated}.rollups (grouping, org, annotator, pane_start, pane_s, handled) "
        "VALUES ('annotator', 'acme', 'p_busy1', '2026-03-01 10:00:00', 60, 1)"
    )
    assert shared(client, migrated, "annotator") == {}


def test_nothing_that_happened_to_nobody_is_withheld(client: Client, migrated: str) -> None:
    rows = client.query(
        f"SELECT countIf(cause = 'small_group'), count() FROM {migrated}.metric_values_shared("
        f"grouping='queue', {DAY}, step_s=0) WHERE n = 0"
    ).result_rows
    assert rows[0][0] == 0
    assert rows[0][1] > 0
