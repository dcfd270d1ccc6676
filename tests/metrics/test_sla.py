"""Attainment both ways, and the rest of what clocks count for, out of small tallies."""

from typing import Any

import pytest

from schemas.deadlines import DueLine
from schemas.measures import key_of
from schemas.metrics import METRIC_BY_ID
from schemas.metrics.declaration import SLA_ACTIVATE
from schemas.metrics.sla import SLA
from schemas.readings import Gauges, Reading
from streams.core.readings import Context, read

HOUR_MS = 3_600_000
RUNNING = Context(seen=frozenset({SLA_ACTIVATE}))


def reading(name: str, context: Context = RUNNING, **counts: int) -> Reading:
    tally = {key_of(f"sla_{measure}"): n for measure, n in counts.items()}
    return read(METRIC_BY_ID[name], tally, HOUR_MS, None, context)


#: 6 in time; 4 ran at their deadline, of which 1 was stopped late and 2 were cancelled later.
MONTH: dict[str, Any] = {
    "activated": 12, "fulfilled": 6, "breached": 4, "breached_cancelled": 2, "fulfilled_late": 1,
    "cancelled": 3, "overdue_ms": 5_400_000, "paused_ms": 250, "elapsed_ms": 750, "at_risk": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("service_level", 0.6, 10),
        ("service_level_resolved", 6 / 7, 7),
        ("sla_attainment", 0.75, 8),
        ("sla_breaches", 4.0, 4),
        ("sla_overdue_mean", 90.0, 1),
        ("sla_came_at_risk", 5.0, 5),
        ("sla_burn_rate_95", 8.0, 10),
        ("sla_pause_share", 0.25, 10),
    ],
)
def test_what_a_month_comes_to(name: str, value: float, n: int) -> None:
    found = reading(name, **MONTH)
    assert (found.value, found.n, found.cause) == (value, n, None)


@pytest.mark.parametrize("metric", SLA, ids=lambda metric: metric.id)
def test_without_a_clock_nothing_is_known_and_nothing_is_perfect(metric: Any) -> None:
    everything_else = Context(seen=frozenset({"item.created", "item.queued", "item.completed"}))
    found = reading(metric.id, everything_else)
    assert (found.value, found.cause) == (None, f"never_sent:{SLA_ACTIVATE}")


def test_deadlines_that_will_all_be_met_are_no_breach_and_that_is_good_news() -> None:
    line = DueLine.of({HOUR_MS: 1}, 0)
    found = read(
        METRIC_BY_ID["time_to_breach"],
        {key_of("sla_fulfilled"): 1},
        HOUR_MS,
        Gauges(0, due=line),
        RUNNING,
    )
    assert found == Reading(None, None, None, 1, "no_breach")


def test_without_an_item_handled_nobody_knows_how_many_people_it_takes() -> None:
    now = Gauges(0, due=DueLine.of({HOUR_MS: 1}, 0))
    for name in ("at_risk", "people_needed"):
        found = read(METRIC_BY_ID[name], {}, HOUR_MS, now, RUNNING)
        assert (found.value, found.cause) == (None, "too_few")


def test_cancelling_what_is_late_improves_one_attainment_and_not_the_other() -> None:
    before: dict[str, Any] = {"fulfilled": 8, "breached": 2}
    after = before | {"breached_cancelled": 2, "cancelled": 2}
    assert reading("sla_attainment", **after).value == 1.0
    assert reading("service_level", **after) == reading("service_level", **before)
