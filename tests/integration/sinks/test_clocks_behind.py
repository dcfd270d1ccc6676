"""The clocks behind a number, out of the ledger, are what the floor booked for them."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client

from schemas.measures import Tally, add
from schemas.metrics.formulas import Quantile
from sinks.clickhouse import ClickHouseSink
from sinks.questions.clock_parts import counts_clocks
from sinks.questions.items_behind import METRICS
from streams.core.attainment import facts_of
from streams.core.facts import Fact
from tests.core.clock_lives import T0
from tests.integration.sinks.metric_counts import Counts, counts_of
from tests.integration.sinks.told_clocks import store

NOW_MS = T0 + 600 * 60_000
ITEMS = 80
CLOCKS = tuple(each for each in METRICS if counts_clocks(each))
#: All of it, and a part that begins and ends while clocks run.
SPANS = [(T0 - 10 * 86_400_000, NOW_MS + 86_400_000), (T0 + 1_800_000, T0 + 3 * 3_600_000)]


@pytest.fixture(scope="module")
def facts(clickhouse_url: str, database: str) -> dict[str, list[Fact]]:
    """By item, what its clocks count for; they were told twice with news in between."""
    told = store(ClickHouseSink(clickhouse_url, database), 23, ITEMS, NOW_MS)
    return {item: facts_of(steps) for item, steps in told.items()}


def _text(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("span", SPANS, ids=["all", "part"])
@pytest.mark.parametrize("by", ["queue", "team"])
def test_each_item_brings_what_its_clocks_count_for(
    client: Client, database: str, facts: dict[str, list[Fact]], by: str, span: tuple[int, int]
) -> None:
    tallies: dict[tuple[str, str], Tally] = defaultdict(dict)
    for item, booked in facts.items():
        for t_ms, scope, deltas in booked:
            if span[0] <= t_ms - t_ms % 60_000 < span[1]:
                add(tallies[item, getattr(scope, by)], dict(deltas))
    wanted: dict[tuple[str, str, str], Counts] = {}
    for metric in CLOCKS:
        assert not isinstance(metric.formula, Quantile)
        for (item, place), tally in tallies.items():
            if any(counts := counts_of(metric, tally)):
                wanted[metric.id, item, place] = counts
    rows = client.query(
        f"SELECT metric, item_id, {by}, numerator, denominator, n FROM {database}.items_behind("
        f"metric='', grouping='{by}', `from`='{_text(span[0])}', `to`='{_text(span[1])}', "
        "filters=map())"
    ).result_rows
    assert {row[:3]: row[3:] for row in rows} == wanted
    assert {metric for metric, _, _ in wanted} == {metric.id for metric in CLOCKS}
