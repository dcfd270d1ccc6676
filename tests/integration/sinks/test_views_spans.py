"""Hours and days that are summed up answer like the panes, whatever was told anew and when."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.measures import MEASURES, key_of
from schemas.rows import RollupRow
from sinks import ddl_spans, forget_rows, rebuilds, spans, views
from sinks.clickhouse import ClickHouseSink
from sinks.migrations import migrate
from tests.integration.sinks.floors import START_MS, random_tally
from tests.integration.sinks.questions import Asked

MINUTE_MS, DAY_S = 60_000, 86_400
START = datetime.fromtimestamp(START_MS / 1000, UTC)
MINUTES = 3 * 1440
ROUNDS, ROWS, QUESTIONS = 4, 150, 4
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")
STEPS = (0, 60, 900, 3600, 5400, 21_600, 86_400, 172_800)


@pytest.fixture
def pair(client: Client) -> Iterator[tuple[str, str]]:
    """Two databases that are told the same: the first is summed up, the second never."""
    names = ("ops_summed", "ops_as_panes")
    for name in names:
        migrate(client, name)
    yield names
    for name in names:
        client.command(f"DROP DATABASE {name}")


class Telling:
    """Rows in random order, with stale revisions and revisions of rows that were told before."""

    def __init__(self, random: Random) -> None:
        self._random = random
        # Few minutes of every hour, so that rows are told anew more often than for the first time.
        self._minutes = random.sample(range(MINUTES // 15), 60)

    def batch(self) -> list[RollupRow]:
        """What one insert brings."""
        return [self._row() for _ in range(ROWS)]

    def _row(self) -> RollupRow:
        random = self._random
        grouping = random.choice(DEFAULT_GROUPINGS)
        dims = {name: f"{name}{random.randrange(2)}" for name in grouping.dimensions}
        pane_s = random.choice((60, 900))
        minute = random.choice(self._minutes) * 15 + (random.randrange(15) if pane_s == 60 else 0)
        start_ms = START_MS + minute * MINUTE_MS
        tally = random_tally(random)
        return RollupRow(grouping.name, dims, start_ms, pane_s, random.randrange(1, 99), tally)


def question(random: Random) -> Asked:
    """Any view over any range: whole days, whole hours, or minutes."""
    unit = random.choice((1, 15, 60, 1440))
    ends = sorted(random.choices(range(0, MINUTES + 1, unit), k=2))
    given: dict[str, object] = {
        "from": _stamp(ends[0]), "to": _stamp(ends[1]), "step_s": random.choice(STEPS),
        "grouping": random.choice(("all", "queue", "queue", "team", "label", "annotator")),
    }  # fmt: skip
    if random.random() < 0.4:
        given["tz"] = random.choice(ZONES)
        if given["grouping"] == "queue" and random.random() < 0.5:
            given["filters"] = {"queue": "queue1"}
        return Asked("metric_values_at", given)
    return Asked(random.choice([view.name for view in views.VIEWS] + ["metric_values"]), given)


def _stamp(minute: int) -> str:
    return f"{START + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S}"


def answer(client: Client, database: str, asked: Asked) -> list[str]:
    """All rows, to the last digit."""
    return sorted(repr(row) for row in client.query(asked.sql(database)).result_rows)


def true_spans(client: Client, database: str) -> int:
    """How many hours and days are summed up and not touched since."""
    found = client.command(
        f"SELECT count() FROM (SELECT 1 FROM {database}.rollups_touched AS t "
        "GROUP BY grouping, span_s, span_start HAVING sum(t.touched) = max(done))"
    )
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize("seed", [1])
def test_any_view_is_the_same_with_sums_and_without(
    client: Client, clickhouse_url: str, pair: tuple[str, str], seed: int
) -> None:
    random, sink = Random(seed), [ClickHouseSink(clickhouse_url, name) for name in pair]
    telling, used, answered = Telling(random), 0, 0
    for _ in range(ROUNDS):
        batch = telling.batch()
        for each in sink:
            assert each.write("rollups", batch) == []
        if random.random() < 0.6:
            refreshing = spans.refresh(client, pair[0], settled_s=0)
            # Some end before all is summed up, as when a process is killed.
            for _ in refreshing if random.random() < 0.7 else [next(refreshing, 0)]:
                pass
        used += true_spans(client, pair[0])
        for asked in (question(random) for _ in range(QUESTIONS)):
            summed, as_panes = (answer(client, name, asked) for name in pair)
            assert summed == as_panes, asked
            answered += len(summed)
    assert used > ROUNDS * 50 and answered > ROUNDS * 100
    assert true_spans(client, pair[1]) == 0


def test_what_was_touched_since_is_read_from_panes(
    client: Client, clickhouse_url: str, pair: tuple[str, str]
) -> None:
    """A wrong sum is seen as long as it counts, and no longer: so readers do use the sums."""
    database, sink = pair[0], ClickHouseSink(clickhouse_url, pair[0])
    asked = Asked("throughput", {"from": _stamp(0), "to": _stamp(60), "step_s": 3600})

    def submitted() -> int:
        (found,) = client.query(f"SELECT throughput_n FROM ({asked.sql(database)})").result_rows
        return int(found[0])

    def tell(minute: int, revision: int, count: int) -> None:
        at_ms, tally = START_MS + minute * MINUTE_MS, {key_of("submitted"): count}
        rows = [RollupRow(name, {}, at_ms, 60, revision, tally) for name in ("queue", "all")]
        assert sink.write("rollups", rows) == []

    tell(5, 1, 7)
    list(spans.refresh(client, database, settled_s=0))
    client.command(
        f"INSERT INTO {database}.rollups_spans (grouping, span_s, span_start, touched, submitted) "
        f"VALUES ('queue', 3600, '{_stamp(0)}', 18446744073709551615, 99)"
    )
    assert submitted() == 99
    tell(9, 1, 5)
    assert submitted() == 12
    tell(5, 2, 1)
    assert submitted() == 6


def test_a_switched_rebuild_is_in_the_next_answer(
    client: Client, clickhouse_url: str, pair: tuple[str, str]
) -> None:
    telling = Telling(Random(5))
    rebuild = rebuilds.Rebuild(pair[0], START_MS // 1000, START_MS // 1000 + 3 * DAY_S)
    migrate(client, rebuild.side)
    batches = [telling.batch() for _ in range(3)]
    told = {pair[0]: batches[:2], pair[1]: batches[:2], rebuild.side: batches[1:]}
    for database, batch in ((name, each) for name, given in told.items() for each in given):
        ClickHouseSink(clickhouse_url, database).write("rollups", batch)
    list(spans.refresh(client, pair[0], settled_s=0))
    plain = rebuilds.Rebuild(pair[1], rebuild.from_s, rebuild.to_s)
    client.command(f"CREATE DATABASE {plain.side}")
    client.command(f"CREATE TABLE {plain.side}.rollups AS {rebuild.side}.rollups")
    client.command(f"INSERT INTO {plain.side}.rollups SELECT * FROM {rebuild.side}.rollups")
    random = Random(6)
    for each in (rebuild, plain):
        list(rebuilds.switch(client, each, 100))
    for asked in (question(random) for _ in range(4)):
        assert answer(client, pair[0], asked) == answer(client, pair[1], asked), asked
    for each in (rebuild, plain):
        client.command(f"DROP DATABASE {each.side}")


def test_sums_name_nobody_and_outlive_who_is_forgotten(
    client: Client, clickhouse_url: str, pair: tuple[str, str]
) -> None:
    telling = Telling(Random(7))
    for batch in [telling.batch() for _ in range(4)]:
        for name in pair:
            ClickHouseSink(clickhouse_url, name).write("rollups", batch)
    list(spans.refresh(client, pair[0], settled_s=0))
    for name in pair:
        forget_rows.forget(client, name, "annotator1")
        assert not any(held.rows for held in forget_rows.search(client, name, "annotator1"))
    summed = client.query(f"SELECT DISTINCT grouping FROM {pair[0]}.rollups_spans").result_rows
    assert {row[0] for row in summed} == {"all", "org", "project", "queue", "team", "site", "label"}
    random = Random(8)
    for asked in (question(random) for _ in range(4)):
        assert answer(client, pair[0], asked) == answer(client, pair[1], asked), asked


def test_the_sums_have_every_measure(client: Client, database: str) -> None:
    found = {row[0] for row in client.query(f"DESCRIBE {database}.rollups_spans").result_rows}
    # What is missing belongs in a new numbered migration, as these very statements.
    assert ddl_spans.missing_columns(found) == []
    assert {measure.name for measure in MEASURES} <= found


def test_a_version_that_knows_fewer_measures_sums_up_nothing(
    client: Client, clickhouse_url: str, pair: tuple[str, str]
) -> None:
    row = RollupRow("all", {}, START_MS, 60, 1, {key_of("submitted"): 1})
    ClickHouseSink(clickhouse_url, pair[0]).write("rollups", [row])
    client.command(f"ALTER TABLE {pair[0]}.rollups_spans ADD COLUMN later Int64")
    with pytest.raises(spans.UnknownMeasures):
        list(spans.refresh(client, pair[0], settled_s=0))
