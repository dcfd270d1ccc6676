"""The ledger of SLA clocks: through Kafka, by the core alone, and by somebody who watched."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.codec import AcceptedTimes
from schemas.rows import SlaRow
from streams.core.engine import Engine
from tests.integration.main_job import arrivals, sla_log
from tests.integration.main_job.conftest import OPEN_SPACE
from tests.integration.main_job.floor_processes import FloorSpace

SEED = 20260302
_COLUMNS = (
    "item_id", "policy", "cycle", "kind", "n", "cause", "version", "event_id", "at_ms",
    "anchor_ms", "deadline_ms", "target_ms", "elapsed_ms", "paused_ms", "breached", "queue",
)  # fmt: skip
_TIMES = {"at_ms": "at", "anchor_ms": "anchor_at", "deadline_ms": "deadline_at"}
Row = tuple[Any, ...]
HOLDS = "holds AND kind != 'breach_withdrawn'"
TOLD_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The same items, three ways."""

    space: FloorSpace
    core: Engine
    plans: dict[str, dict[int, str]]


@pytest.fixture(scope="module")
def seen(opened: OPEN_SPACE, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The log has gone through Kafka, and through the core."""
    policies: Path = tmp_path_factory.mktemp("policies") / "policies.yaml"
    policies.write_text(yaml.safe_dump(sla_log.POLICIES))
    space = opened(None, WATCHFLOOR_ALERTS_POLICIES=str(policies))
    space.worker(0)
    space.deliver("clickhouse")
    space.deliver("redis")
    plans = sla_log.plans(SEED)
    log, late = sla_log.log(SEED, plans)
    steps = list(arrivals.with_ticks(log, log[-1].record_ms + 1))
    arrivals.into_kafka(space.settings, steps)
    # The worker's own ticks bring time to now: every deadline of the log has passed.
    space.settle()
    arrivals.into_kafka(space.settings, late)
    core = arrivals.engine(space.settings, arrivals.plan_of(space.settings), AcceptedTimes())
    both: list[arrivals.Arrival] = sorted([*log, *late], key=lambda each: each.record_ms)
    arrivals.through_core(core, both)
    core.tick(time.time_ns() // 1_000_000)
    core.flush()
    space.settle()
    await_rows(space, offline(core))
    return Seen(space, core, plans)


def await_rows(space: FloorSpace, wanted: list[Row]) -> None:
    """Return when all is told: by the tick after the last event, which nobody knows the time of."""
    until_s = time.monotonic() + TOLD_S_MAX
    while stored(space, HOLDS) != wanted and time.monotonic() < until_s:
        time.sleep(0.2)


def stored(space: FloorSpace, where: str) -> list[Row]:
    """Steps in ClickHouse."""
    shown = ", ".join(
        f"toUnixTimestamp64Milli({_TIMES[name]})" if name in _TIMES else name for name in _COLUMNS
    )
    query = f"SELECT {shown} FROM sla_ledger FINAL WHERE {where}"
    return sorted((tuple(row) for row in space.client.query(query).result_rows), key=repr)


def said(core: Engine) -> list[SlaRow]:
    """The last word of the core about each step."""
    last: dict[tuple[str, str, int, str, int], SlaRow] = {}
    for row in sorted(core.found.sla.values(), key=lambda each: each.seq):
        last[row.item_id, row.policy, row.cycle, row.kind, row.n] = row
    return list(last.values())


def offline(core: Engine) -> list[Row]:
    """What holds as the core says it."""
    rows = [
        tuple(getattr(row, name) for name in _COLUMNS)
        for row in said(core)
        if row.holds and row.kind != "breach_withdrawn"
    ]
    return sorted(rows, key=repr)


def test_what_holds_is_what_the_core_says(seen: Seen) -> None:
    found = stored(seen.space, HOLDS)
    assert len(found) > 4 * sla_log.ITEMS
    assert found == offline(seen.core)


def test_what_holds_is_what_somebody_saw_who_watched(seen: Seen) -> None:
    expected = [
        (item, policy, kind, minute, elapsed, paused)
        for item, policy, (kind, minute, elapsed, paused) in sla_log.watched(seen.plans)
    ]
    at = {name: number for number, name in enumerate(_COLUMNS)}
    found = [
        (
            row[at["item_id"]],
            row[at["policy"]],
            row[at["kind"]],
            (row[at["at_ms"]] - sla_log.START_MS) / sla_log.MINUTE_MS,
            row[at["elapsed_ms"]] / sla_log.MINUTE_MS,
            row[at["paused_ms"]] / sla_log.MINUTE_MS,
        )
        for row in stored(seen.space, HOLDS)
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_a_breach_that_was_told_too_soon_is_withdrawn_on_record(seen: Seen) -> None:
    withdrawn = stored(seen.space, "kind = 'breach_withdrawn'")
    taken_back = stored(seen.space, "kind = 'breach' AND NOT holds")
    assert withdrawn
    assert {row[:3] for row in taken_back} <= {row[:3] for row in withdrawn}


@pytest.mark.parametrize("policy", ["newer", "opened", "retired"])
def test_a_change_of_policy_is_recorded_where_it_applies(seen: Seen, policy: str) -> None:
    change_ms = sla_log.START_MS + sla_log.CHANGE * sla_log.MINUTE_MS
    query = (
        "SELECT kind, version, count() FROM sla_ledger FINAL WHERE holds AND cause = 'policy' "
        f"AND policy = '{policy}' AND toUnixTimestamp64Milli(at) = {change_ms} GROUP BY 1, 2"
    )
    steps = {(row[0], row[1]): row[2] for row in seen.space.client.query(query).result_rows}
    if policy == "newer":
        assert steps == {}
        old = stored(seen.space, "policy = 'newer' AND holds AND version = 1")
        assert max(row[8] for row in old) > change_ms, "an old clock runs under its old terms"
    elif policy == "retired":
        assert steps.keys() == {("cancel", 1)}
    else:
        assert steps.keys() == {("cancel", 1), ("activate", 2)}
        assert steps["cancel", 1] == steps["activate", 2]
