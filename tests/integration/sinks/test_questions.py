"""Ready questions of analysts: promises by policy, whose time it was, items that go to and fro."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.measures import key_of
from schemas.rows import DeadLetterRow, ItemRow, LabelRow
from sinks.clickhouse import ClickHouseSink
from streams.core.attainment import facts_of
from streams.core.transitions import Transition
from tests.core.clock_lives import T0
from tests.integration.sinks.told_clocks import store

RANGE = "from='2026-01-01 00:00:00', to='2027-01-01 00:00:00'"
NOW_MS = T0 + 600 * 60_000
ITEMS = 60


@pytest.fixture(scope="module")
def stories(clickhouse_url: str, database: str) -> list[list[Transition]]:
    """The clocks of many items, told twice with news in between, and stored."""
    told = store(ClickHouseSink(clickhouse_url, database), 11, ITEMS, NOW_MS)
    return list(told.values())


def test_promises_by_policy_add_up_to_what_the_metrics_count(
    client: Client, database: str, stories: list[list[Transition]]
) -> None:
    counted: Counter[int] = Counter()
    for story in stories:
        for fact in facts_of(story):
            counted.update(dict(fact.deltas))
    rows = client.query(
        "SELECT sum(fulfilled), sum(breached), sum(breached_cancelled), min(service_level_low <= "
        f"service_level AND service_level <= service_level_high) FROM {database}.sla_by_policy"
        f"({RANGE}) WHERE contract = 'SLA'"
    ).result_rows
    names = ("sla_fulfilled", "sla_breached", "sla_breached_cancelled")
    assert rows == [(*(counted[key_of(name)] for name in names), 1)]
    assert rows[0][1] > 0


def test_whose_the_time_was_is_what_the_clocks_burned(
    client: Client, database: str, stories: list[list[Transition]]
) -> None:
    burned_ms = 0
    for story in stories:
        last: dict[tuple[str, int], Transition] = {}
        for step in sorted(story, key=lambda it: (it.at_ms, it.elapsed_ms + it.paused_ms)):
            if step.burned or step.kind.value in ("breach", "fulfil", "cancel"):
                last[step.policy, step.cycle] = step
        burned_ms += sum(part[3] for step in last.values() for part in step.burned)
    ((minutes,),) = client.query(
        f"SELECT sum(minutes) FROM {database}.sla_time_by_holder({RANGE})"
    ).result_rows
    assert minutes == pytest.approx(burned_ms / 60_000, abs=1e-6)


def test_time_by_holder_adds_up_over_days(
    client: Client, database: str, stories: list[list[Transition]]
) -> None:
    assert stories
    ask = f"SELECT breached, sum(minutes), sum(clocks) FROM {database}.sla_time_by_holder"
    edges = [datetime.fromtimestamp((T0 // 1000) + 1800 * n, UTC) for n in range(-48, 24 * 2 * 40)]
    texts = [f"{edge:%Y-%m-%d %H:%M:%S}" for edge in (edges[0], *edges[50:80:3], edges[-1])]
    parts: dict[int, list[float]] = {0: [0, 0], 1: [0, 0]}
    for start, end in pairwise(texts):
        for breached, minutes, clocks in client.query(
            f"{ask}(from='{start}', to='{end}') GROUP BY breached"
        ).result_rows:
            parts[breached][0] += minutes
            parts[breached][1] += clocks
    whole = client.query(
        f"{ask}(from='{texts[0]}', to='{texts[-1]}') GROUP BY breached ORDER BY breached"
    ).result_rows
    assert [row[0] for row in whole] == [0, 1]
    for breached, minutes, clocks in whole:
        assert parts[breached] == [pytest.approx(minutes, abs=1e-6), clocks]


def _item(name: str, claims: int, submissions: int, at_ms: int) -> ItemRow:
    return ItemRow(
        org="acme",
        source="cvat",
        project="street",
        item_id=name,
        revision=1,
        state="waiting",
        claims=claims,
        submissions=submissions,
        queued_ms=at_ms,
    )


def _label(item_id: str, person: str, at_ms: int) -> LabelRow:
    return LabelRow(
        org="acme",
        source="cvat",
        project="street",
        item_id=item_id,
        unit_id=item_id,
        annotator=person,
        label="cat",
        occurred_ms=at_ms,
        event_id=person,
        kind="submitted",
        revision=1,
    )


def test_items_that_go_to_and_fro_are_found_and_others_are_not(
    client: Client, clickhouse_url: str, database: str
) -> None:
    at_ms = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
    rows = [
        _item(name, claims, submissions, at_ms)
        for name, claims, submissions in (("calm", 1, 1), ("poison", 5, 1), ("pingpong", 4, 4))
    ]
    sink = ClickHouseSink(clickhouse_url, database)
    assert sink.write("items", [*rows, _item("overlap", 4, 4, at_ms)]) == []
    # Four people were asked: that is what was wanted of this item.
    labels = [_label("overlap", f"p{number}", at_ms) for number in range(4)]
    assert sink.write("labels", labels) == []
    found = client.query(
        f"SELECT item_id, is_poison FROM {database}.hard_items({RANGE}) ORDER BY item_id"
    ).result_rows
    assert found == [("pingpong", 0), ("poison", 1)]


def test_refused_messages_are_counted_by_reason(
    client: Client, clickhouse_url: str, database: str
) -> None:
    rows = [
        DeadLetterRow(
            topic="ops.annotations",
            partition=0,
            offset=offset,
            reason=reason,
            field="",
            event_type="",
            at_ms=T0,
        )
        for offset, reason in enumerate(["malformed", "malformed", "too_old"])
    ]
    assert ClickHouseSink(clickhouse_url, database).write("dead_letters", rows) == []
    found = client.query(
        f"SELECT reason, messages FROM {database}.refused_by_reason({RANGE}) ORDER BY reason"
    ).result_rows
    assert found == [("malformed", 2), ("too_old", 1)]


@pytest.mark.parametrize(
    "view",
    [
        "agreement",
        "label_confusions",
        "sla_by_policy",
        "sla_time_by_holder",
        "hard_items",
        "refused_by_reason",
    ],
)
def test_a_reversed_range_is_refused_by_its_name(client: Client, database: str, view: str) -> None:
    reversed_range = "from='2027-01-01 00:00:00', to='2026-01-01 00:00:00'"
    with pytest.raises(DatabaseError, match="from: must not be after to"):
        client.query(f"SELECT * FROM {database}.{view}({reversed_range})")
