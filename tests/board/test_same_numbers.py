"""What the board shows is what SQL and `watchfloor top` say of the same moment."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.metrics import METRIC_BY_ID
from sinks.clickhouse import connect
from sinks.views import looks_at_present
from streams.spaces import Names
from tests.board.stands import Ground, Stand, open_stand


def answered(client: Client, sql: str) -> dict[str, Any]:
    result = client.query(sql)
    assert len(result.result_rows) == 1, sql
    return dict(zip(result.column_names, result.result_rows[0], strict=True))


def same(metric: str, shown: float, told: float) -> bool:
    """To the last digit, but for a pace of what stands now: SQL takes its time in seconds."""
    if looks_at_present(METRIC_BY_ID[metric]):
        return shown == pytest.approx(told, rel=1e-3)
    return shown == told


async def differences(stand: Stand, client: Client, place: str, windows: list[str]) -> list[str]:
    """Every number of a subject that SQL contradicts, and how many were compared."""
    body = await stand.get(f"/api/subject?place={quote(place)}")
    found, compared = [], 0
    for window in windows:
        for metric, reading in body["place"]["windows"][window]["readings"].items():
            if reading["value"] is None:
                continue
            query = f"place={quote(place)}&metric={metric}&window={window}"
            sql = (await stand.get(f"/api/sql?{query}"))["sql"]
            if "backlog_now(grouping='team'" in sql:
                # Items have no team of their own: SQL says so, where it used to say 0.
                with pytest.raises(DatabaseError, match="grouping: accepted are all, org"):
                    client.query(sql)
                continue
            row = answered(client, sql)
            compared += 1
            found += [
                f"{place} {window} {metric}.{name}: {reading[name]} is {row[name]} in SQL"
                for name in ("value", "n", "low", "high")
                if name in reading and name in row and not same(metric, reading[name], row[name])
            ]
    assert compared > 20
    return found


def test_every_metric_of_every_kind_of_place_is_what_sql_says(ground: Ground) -> None:
    async def compare() -> None:
        client = connect(os.environ["WATCHFLOOR_CLICKHOUSE"])
        async with open_stand(ground) as stand:
            queues = (await stand.get("/api/subjects?by=queue"))["subjects"]
            teams = (await stand.get("/api/subjects?by=team"))["subjects"]
            found = await differences(stand, client, "all", ["1m", "1h", "24h", "28d"])
            found += await differences(stand, client, queues[0]["subject"], ["5m", "24h"])
            found += await differences(stand, client, teams[0]["subject"], ["1h"])
            assert not found, "\n".join(found)
        client.close()

    asyncio.run(compare())


def test_nearly_every_metric_is_known_after_an_hour(ground: Ground) -> None:
    """Else the comparison above would compare little."""

    async def look() -> None:
        async with open_stand(ground) as stand:
            body = await stand.get("/api/subject?place=all")
            readings = body["place"]["windows"]["1h"]["readings"]
            known = [name for name, reading in readings.items() if reading["value"] is not None]
            assert len(known) > 0.75 * len(readings)
            assert all("says" in each for each in readings.values() if each["value"] is None)

    asyncio.run(look())


async def printed_by_top(space: str) -> Any:
    """What `watchfloor top` says of a space."""
    command = [sys.executable, "-m", "streams.main", "--space", space, "top", "--once", "--json"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def test_top_says_what_the_board_says(ground: Ground) -> None:
    async def compare() -> None:
        async with open_stand(ground) as stand:
            shown = await stand.get("/api/snapshot?by=queue&detail=1")
            printed = await printed_by_top(ground.space)
            for name in ("as_of_ms", "columns", "rows", "strip", "alerts", "place"):
                assert _timeless(printed[name]) == _timeless(shown[name]), name

    asyncio.run(compare())


def _timeless(value: Any) -> Any:
    """Without when people were counted: each process counts for itself."""
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key != "active_people"}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("metric", ["throughput", "golden_accuracy", "backlog_open"])
def test_history_adds_up_to_the_same_counts(ground: Ground, metric: str) -> None:
    async def compare() -> None:
        client = connect(os.environ["WATCHFLOOR_CLICKHOUSE"])
        async with open_stand(ground) as stand:
            body = await stand.get(f"/api/history?place=all&metric={metric}&span=3h&step=15m")
            points = body["series"][metric]["points"]
            assert [each["t_ms"] for each in points] == list(
                range(body["from_ms"], body["to_ms"], body["step_ms"])
            )
            known = [each for each in points if each["value"] is not None]
            assert len(known) >= 5
            if metric != "backlog_open":
                database = Names(ground.space).database
                column = "submitted" if metric == "throughput" else "golden_n"
                row = answered(client, f"SELECT toInt64(sum({column})) AS n FROM {database}.rollups"
                               " FINAL WHERE grouping = 'all'")  # fmt: skip
                assert sum(each["n"] for each in points) == row["n"]
        client.close()

    asyncio.run(compare())
