"""Clocks that run, in SQL: deadlines ahead, the next breach, its remedy, as in the stream."""

from collections.abc import Iterator
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from schemas.deadlines import DueLine
from schemas.groupings import DEFAULT_GROUPINGS, SEPARATOR, Grouping
from schemas.measures import Tally, add
from schemas.readings import Gauges
from sinks.clickhouse import ClickHouseSink
from sinks.views import PROMISES_NOW
from streams.core import remedy
from streams.core.attainment import open_deadlines
from streams.core.facts import Scope
from streams.core.ledger import holding, restate, sla_row
from streams.core.readings import Context, read_all
from streams.core.stories import tell
from tests.core.clock_lives import T0
from tests.core.clock_worlds import BOOK, in_order, life
from tests.integration.sinks.floors import START_MS, Floor, seen_types

MINUTE_MS = 60_000
NOW_MS = T0 + 150 * MINUTE_MS
RANGE = "from='2026-01-01 00:00:00', to='2026-03-02 10:30:00'"
ITEMS = 60

#: (home, scope, minute of the deadline) and how many clocks.
Running = tuple[tuple[str, str, str], Scope, int, int]


@pytest.fixture(scope="module")
def running(clickhouse_url: str, database: str) -> list[Running]:
    """Clocks of many items, told twice (with news in between), and stored with what was taken back.

    What runs is found in the other way: from the story itself, by the code that stage 1 counts by.
    """
    random, rows, found = Random(7), [], []
    for number in range(ITEMS):
        home = (f"org{number % 9}", f"source{number % 9}", f"project{number % 9}")
        moments = life(random)
        early = in_order(moments[: len(moments) // 2])
        entries = restate(
            (), tell(BOOK, early, NOW_MS - 60 * MINUTE_MS).transitions, NOW_MS
        ).entries
        story = tell(BOOK, in_order(moments), NOW_MS)
        told = restate(entries, story.transitions, NOW_MS).entries
        key = SEPARATOR.join((*home, f"item{number}"))
        rows += [sla_row(key, entry, entry.seq) for entry in (*entries, *told)]
        for (scope, deadline_ms), n in open_deadlines(holding(told)).items():
            found.append((home, scope, deadline_ms - deadline_ms % MINUTE_MS, n))
    random.shuffle(rows)
    assert ClickHouseSink(clickhouse_url, database).write("sla_ledger", rows) == []
    assert len(found) > ITEMS / 2
    return found


def _values(grouping: Grouping, home: tuple[str, str, str], scope: Scope) -> tuple[str, ...]:
    place = dict(zip(("org", "source", "project"), home, strict=True))
    place |= {"queue": scope.queue or "", "team": scope.team or ""}
    return tuple(place[name] for name in grouping.dimensions)


def _lines(running: list[Running], grouping: Grouping) -> dict[tuple[str, ...], DueLine]:
    deadlines: dict[tuple[str, ...], dict[int, int]] = {}
    for home, scope, minute_ms, n in running:
        add(deadlines.setdefault(_values(grouping, home, scope), {}), {minute_ms: n})
    return {values: DueLine.of(each, NOW_MS) for values, each in deadlines.items()}


@pytest.mark.parametrize("grouping", DEFAULT_GROUPINGS[:5], ids=lambda grouping: grouping.name)
def test_every_metric_of_running_clocks_is_the_same_in_sql(
    client: Client, database: str, floor: Floor, running: list[Running], grouping: Grouping
) -> None:
    columns = [f"{metric.id}{part}" for metric in PROMISES_NOW for part in ("", "_n")]
    dimensions = "".join(f", {name}" for name in grouping.dimensions)
    rows = client.query(
        f"SELECT {', '.join(columns)}{dimensions} "
        f"FROM {database}.promises_now(grouping='{grouping.name}', {RANGE})"
    ).result_rows
    context = Context(seen_types(client, database), grouping.dimensions)
    lines = _lines(running, grouping)
    span_ms = T0 + 150 * MINUTE_MS - START_MS
    for row in rows:
        values = tuple(row[len(columns) :])
        tally: Tally = {}
        for hour in floor.windows.get((grouping.name, values), {}).values():
            add(tally, hour)
        gauges = Gauges(NOW_MS, due=lines.pop(values, DueLine()))
        expected = read_all(tally, span_ms, gauges, context, PROMISES_NOW)
        found = dict(zip(columns, row, strict=False))
        for name, reading in expected.items():
            assert (name, found[name], found[f"{name}_n"]) == (name, reading.value, reading.n)
    assert not lines


def _random_lines(random: Random) -> Iterator[tuple[dict[int, int], int, int, int]]:
    for _ in range(120):
        due = {
            random.choice((-90_000, 0, 1)) + MINUTE_MS * random.randint(0, 400): random.randint(
                1, 9
            )
            for _ in range(random.choice((0, 1, 3, 40)))
        }
        yield due, random.randint(0, 10**4), random.randint(1, 10**8), random.randint(0, 10**7)


def test_the_functions_are_the_core_s_to_the_last_digit(client: Client, database: str) -> None:
    rows, expected = [], []
    for number, (due, done, span_ms, handle_ms) in enumerate(_random_lines(Random(3))):
        pairs = ", ".join(f"{gap}, {n}" for gap, n in due.items())
        rows.append(f"({number}, map({pairs}), {done}, {span_ms}, {handle_ms})")
        expected.append(_by_the_core(DueLine.of(due, 0), done, span_ms, handle_ms))
    columns = "number Int64, due Map(Int64, Int64), done Int64, span_ms Int64, handle_ms Int64"
    found = client.query(
        "SELECT toInt64(due_within(due, handle_ms + 0.5)), next_breach_ms(due, done, span_ms), "
        "toInt64(breaches_ahead(due, done, span_ms)), toInt64(people_ahead(due, handle_ms)), "
        f"people_ahead_ms(due) FROM values('{columns}', {', '.join(rows)}) ORDER BY number"
    ).result_rows
    assert found == expected


def _by_the_core(line: DueLine, done: int, span_ms: int, handle_ms: int) -> tuple[int | None, ...]:
    return (
        remedy.at_risk(line, handle_ms + 0.5),
        remedy.next_breach_ms(line, done, span_ms),
        remedy.breaches(line, done, span_ms),
        remedy.people(line, handle_ms),
        remedy.people_for_ms(line),
    )
