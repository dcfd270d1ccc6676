"""Rules over what ClickHouse has say what they said when it happened."""

from random import Random

from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.metrics import METRIC_BY_ID
from sinks.clickhouse import ClickHouseSink
from streams.backtest import Sampler
from streams.backtest_history import is_in_history, minutes, play_history, read_history
from streams.core.plan import MINUTE_MS, Plan
from tests.core.floors import CALENDAR
from tests.core.rule_floors import START_MS, RuleFloor, book, queue, rule

RULES = book(
    rule(window="5m", for_="2m", keep_firing_for="3m", clear=0.95),
    rule(alert="Hour", window="1h", value=0.6),
    rule(alert="Sure", window=None, decide_on="confidence", since="day", series=10),
    rule(alert="Slow", metric="handle_time_p90", window="15m", op=">", value=2, min_events=0),
    rule(alert="Old", metric="oldest_waiting_age", window=None, op=">", value=1, min_events=0),
)


def test_a_backtest_on_clickhouse_says_what_the_floor_said(
    client: Client, clickhouse_url: str, database: str
) -> None:
    rng = Random(11)
    floor = RuleFloor(RULES)
    for _ in range(90):
        for name in ("q1", "q2"):
            counts = {"golden_n": 10, "golden_correct": rng.choice((3, 9, 10))}
            floor.minute(counts, subject=queue(name))
    sink = ClickHouseSink(clickhouse_url, database)
    assert sink.write("rollups", floor.rows) == []
    span_ms = (START_MS, floor.now_ms)
    history = read_history(client, database, DEFAULT_GROUPINGS, *span_ms)
    said = play_history(history, RULES, Plan(), CALENDAR, span_ms)
    known = {each.name for each in RULES.rules if is_in_history(each)}
    assert known == {"LowAccuracy", "Hour", "Sure", "Slow"}
    live = [(e.at_ms, e.rule, e.labels["queue"], e.transition) for e in floor.said]
    again = [(e.at_ms, e.rule, e.labels["queue"], e.transition) for e in said]
    assert len(live) > 4
    assert again == live
    assert history.heard_ms["north\x1fcoop"][0] == START_MS + MINUTE_MS


def test_a_metric_can_be_sampled_from_what_clickhouse_has(
    client: Client, clickhouse_url: str, database: str
) -> None:
    floor = RuleFloor(RULES)
    name = queue("sampled")
    for _ in range(30):
        floor.minute({"golden_n": 10, "golden_correct": 9}, subject=name)
    assert ClickHouseSink(clickhouse_url, database).write("rollups", floor.rows) == []
    span_ms = (START_MS, floor.now_ms)
    history = read_history(client, database, DEFAULT_GROUPINGS, *span_ms)
    sampler = Sampler(METRIC_BY_ID["golden_accuracy"], "queue", "5m", 10)
    for minute in minutes(history, Plan(), CALENDAR, span_ms):
        sampler.read([minute.rollups], minute.now_ms)
    found = [each.value for each in sampler.samples if each.subject == name]
    assert len(found) >= 30
    assert set(found) == {0.9}
