"""Random counts in a real database, and the same counts in Python."""

from collections.abc import Iterator
from random import Random

from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from schemas.measures import BIN_BITS, MEASURES, Kind, Tally, add
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink

START_MS = 1_767_225_600_000
MINUTE_MS = 60_000
HOURS = 3
RANGE = "from='2026-01-01 00:00:00', to='2026-01-01 03:00:00'"
SUBJECTS = 15


def random_tally(random: Random) -> Tally:
    """Counts as they come and as they should never come: large, none, negative."""
    tally: Tally = {}
    for measure in random.sample(MEASURES, random.randint(0, len(MEASURES))):
        low = -5 if measure.name.endswith("_delta") or random.random() < 0.1 else 0
        high = random.choice((1, 40, 10**9))
        if measure.kind is Kind.COUNTER:
            tally[measure.key] = random.randint(low, high)
        else:
            for _ in range(random.randint(0, 30)):
                tally[measure.id << BIN_BITS | random.randint(1, 1400)] = random.randint(low, 40)
    return tally


class Floor:
    """The counts of every subject of every grouping, hour by hour, as they ended up."""

    def __init__(self, sink: ClickHouseSink, random: Random) -> None:
        self.windows: dict[tuple[str, tuple[str, ...]], dict[int, Tally]] = {}
        rows = [row for grouping in DEFAULT_GROUPINGS for row in self._fill(grouping, random)]
        random.shuffle(rows)
        assert sink.write("rollups", rows) == []

    def _fill(self, grouping: Grouping, random: Random) -> Iterator[RollupRow]:
        for subject in range(SUBJECTS if grouping.dimensions else 1):
            dims = {name: f"{name}{subject}" for name in grouping.dimensions}
            hours = self.windows.setdefault((grouping.name, tuple(dims.values())), {})
            for hour in range(HOURS):
                hours[hour] = {}
                for minute in range(random.randint(0, 3)):
                    start_ms = START_MS + (hour * 60 + minute * 7) * MINUTE_MS
                    stale, true = random_tally(random), random_tally(random)
                    add(hours[hour], true)
                    for revision, tally in ((1, stale), (2, true)):
                        yield RollupRow(grouping.name, dims, start_ms, 60, revision, tally)


def seen_types(client: Client, database: str) -> frozenset[str]:
    """The event types that SQL says have come."""
    types = client.query(f"SELECT types FROM {database}.seen_events").result_rows[0][0]
    return frozenset(types)
