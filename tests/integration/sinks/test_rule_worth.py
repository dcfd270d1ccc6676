"""What rules were worth, from the log of alerts."""

from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from schemas.alerts import Acknowledge, AlertTransition, Close, Transition
from sinks import alert_log
from sinks.clickhouse import ClickHouseSink
from streams.rule_worth import OfficeHours, Worth, worth_of_rules

HOUR_MS = 3_600_000
#: Monday 2026-03-02, 00:00 UTC.
MONDAY_MS = 1_772_409_600_000


def step(rule: str, at_ms: int, transition: Transition, seq: int = 1) -> AlertTransition:
    """A step of an alert of a rule; each episode is named by its hour."""
    starts_ms = at_ms - at_ms % HOUR_MS
    labels = {"alertname": rule}
    return AlertTransition(
        f"{rule:0>16}", starts_ms, seq, transition, "firing", at_ms, rule, "v1", labels, {}
    )


def test_pages_off_hours_and_precision_are_counted_by_episode(
    client: Client, clickhouse_url: str, database: str
) -> None:
    ten, night, saturday = (
        MONDAY_MS + 10 * HOUR_MS,
        MONDAY_MS + 2 * HOUR_MS,
        MONDAY_MS - 38 * HOUR_MS,
    )
    said = [step("Good", at_ms, "firing") for at_ms in (ten, night, saturday)]
    said += [step("Good", ten + 1, "acknowledged", 2), step("Good", ten + 2, "resolved", 3)]
    said += [step("Bad", ten, "firing"), step("Bad", ten + 1, "refired", 3)]
    said += [step("Waiting", ten, "pending")]
    rows = [alert_log.of_transition(each) for each in said]
    late_ms = MONDAY_MS + 90 * HOUR_MS
    for rule, starts_ms, verdict in (
        ("Good", ten, "noise"),
        ("Good", ten, "useful"),
        ("Good", night, "noise"),
        ("Bad", ten, "noise"),
    ):
        late_ms += 1
        close = Close(f"c{late_ms}", f"{rule:0>16}", starts_ms, verdict, "ana", late_ms)  # type: ignore[arg-type]  # One of the two.
        rows.append(alert_log.of_command(close))
    rows.append(alert_log.of_command(Acknowledge("a1", "Good", "ana", ten)))
    assert ClickHouseSink(clickhouse_url, database).write("alert_log", rows) == []
    span_ms = (MONDAY_MS - 48 * HOUR_MS, MONDAY_MS + 24 * HOUR_MS)
    found = worth_of_rules(client, database, span_ms, OfficeHours(ZoneInfo("UTC")))
    assert list(found) == [Worth("Good", 3, 2, 1, 1, 1), Worth("Bad", 1, 0, 0, 0, 1)]
    assert [each.precision for each in found] == [0.5, 0.0]
    manila = worth_of_rules(client, database, span_ms, OfficeHours(ZoneInfo("Asia/Manila")))
    assert [each.off_hours for each in manila] == [2, 1]
