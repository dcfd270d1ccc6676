"""The ledger in ClickHouse: one query tells what happened to a clock and what was said when."""

from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from schemas.rows import SlaRow
from sinks.clickhouse import ClickHouseSink
from streams.core.ledger import sla_row
from tests.core.clock_lives import PLAIN, at, book_of, moment
from tests.core.clock_worlds import KEY, World


def _time(minute: float) -> datetime:
    return datetime.fromtimestamp(at(minute) / 1000, UTC).replace(tzinfo=None)


def test_a_withdrawn_breach_is_on_record_and_the_truth_is_what_holds(
    clickhouse_url: str, client: Client, database: str
) -> None:
    world = World(book_of(PLAIN))
    world.hear(moment(0, "item.queued", queue="images"))
    world.tick(at(70))
    world.hear(moment(50, "item.submitted", record=75, team="blue"))
    world.tick(at(76))
    rows = [sla_row(KEY, entry, number) for number, entry in enumerate(world.heard.said)]
    refused = ClickHouseSink(clickhouse_url, database).write("sla_ledger", rows[::-1])
    assert refused == []
    found = client.query(
        "SELECT kind, holds, at, told_at, restated_at, breached, burned "
        f"FROM {database}.sla_ledger FINAL WHERE item_id = 'job-1' ORDER BY policy, seq"
    ).result_rows
    assert [(row[0], row[1], row[2].replace(tzinfo=None)) for row in found] == [
        ("activate", 1, _time(0)),
        ("at_risk", 1, _time(48)),
        ("breach", 0, _time(60)),
        ("breach_withdrawn", 1, _time(76)),
        ("fulfil", 1, _time(50)),
    ]
    assert found[2][3].replace(tzinfo=None) == _time(70)
    assert found[2][4].replace(tzinfo=None) == _time(76)
    waited = [tuple(part.values()) if isinstance(part, dict) else part for part in found[4][6]]
    assert waited == [("waiting", "images", "", 3_000_000)]


def test_a_row_comes_back_as_it_was_sent(
    clickhouse_url: str, client: Client, database: str
) -> None:
    row = SlaRow(
        "acme", "cvat", "p", "plain", "triage", 1, "activate", 1, 5, 1, "SLA", 2, "start",
        at(0), at(1), at(0), 3_600_000, 0, 0,
    )  # fmt: skip
    assert ClickHouseSink(clickhouse_url, database).write("sla_ledger", [row]) == []
    (found,) = client.query(
        "SELECT contract, version, cause, deadline_at, restated_at, target_ms, holds "
        f"FROM {database}.sla_ledger FINAL WHERE item_id = 'plain'"
    ).result_rows
    assert found == ("SLA", 2, "start", None, None, 3_600_000, 1)
