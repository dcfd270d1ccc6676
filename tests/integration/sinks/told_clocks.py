"""A ledger of random clocks in ClickHouse, told twice with news in between."""

from random import Random

from schemas.groupings import SEPARATOR
from sinks.clickhouse import ClickHouseSink
from streams.core.ledger import holding, restate, sla_row
from streams.core.stories import tell
from streams.core.transitions import Transition
from tests.core.clock_worlds import BOOK, in_order, life


def store(sink: ClickHouseSink, seed: int, items: int, now_ms: int) -> dict[str, list[Transition]]:
    """Store the ledgers of so many items; by item, the steps that hold."""
    random, rows, found = Random(seed), [], {}
    for number in range(items):
        moments = life(random)
        early = in_order(moments[: len(moments) // 2])
        first = restate((), tell(BOOK, early, now_ms - 60_000).transitions, now_ms).entries
        told = restate(first, tell(BOOK, in_order(moments), now_ms).transitions, now_ms).entries
        key = SEPARATOR.join(("acme", "cvat", "street", f"item{number}"))
        rows += [sla_row(key, entry, entry.seq) for entry in (*first, *told)]
        found[f"item{number}"] = holding(told)
    assert sink.write("sla_ledger", rows) == []
    return found
