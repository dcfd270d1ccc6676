"""What the clocks of SLA policies come to: the core alone is told the same events, in peace.

The oracle of the other measures knows no clocks, so here the product's own core is the measure of
the product under faults; that the core is right is shown by ``tests/sla`` and ``tests/core``. Only
what lies ``SETTLED_MS`` back is compared, for clocks go on running while somebody reads. It is
compared by quarters: whether what time brought an hour ago still fits its minute depends on when
the minute was sealed, so a fault may move it from the minute's pane to the quarter's.
"""

from typing import Any

import yaml
from clickhouse_connect.driver.client import Client

from schemas.codec import AcceptedTimes
from schemas.measures import BIN_BITS, MEASURES, add
from streams.settings import Settings
from streams.sources.routing import route_of
from tests.chaos.maker import Letter
from tests.chaos.truth import QUARTER_S, Panes
from tests.integration.main_job import arrivals
from tests.integration.main_job.row_sets import panes_offline

SETTLED_MS = 60_000
POLICIES = yaml.safe_dump(
    {
        "policies": [
            {
                "id": name,
                "title": name,
                "versions": [
                    {
                        "version": 1,
                        "start": [{"event": ["item.created", "item.queued"]}],
                        "pause": [{"event": "item.claimed"}],
                        "resume": [{"event": "work.started"}],
                        "stop": [{"event": ["item.completed", "item.skipped"]}],
                        "targets": [
                            {"queue": "images", "target": target},
                            {"target": "9m"},
                        ],
                    }
                ],
            }
            for name, target in (("short", "4m"), ("long", "20m"))
        ]
    }
)

_KEYS = frozenset(each.key for each in MEASURES if each.name.startswith("sla_"))
_QUARTER_MS = QUARTER_S * 1000
_LEDGER = ("item_id", "policy", "cycle", "kind", "n", "elapsed_ms", "paused_ms", "breached")

#: What is told of a step, and when it was (UTC ms).
Step = tuple[Any, ...]


def _is_of_clocks(key: int) -> bool:
    return key >> BIN_BITS << BIN_BITS in _KEYS


def only_clocks(panes: Panes, before_ms: int) -> Panes:
    """What clocks count for in panes that ended by then, summed over quarters."""
    found: Panes = {}
    for (grouping, dims, start_ms, size_s), tally in panes.items():
        if start_ms + size_s * 1000 <= before_ms:
            at = (grouping, dims, start_ms - start_ms % _QUARTER_MS, QUARTER_S)
            add(found.setdefault(at, {}), {k: n for k, n in tally.items() if _is_of_clocks(k)})
    return {at: tally for at, tally in found.items() if tally}


class Promises:
    """The clocks of a space as they would run if nothing ever broke."""

    def __init__(self, settings: Settings) -> None:
        plan = arrivals.plan_of(settings)
        self._core = arrivals.engine(settings, plan, AcceptedTimes())

    def took(self, letter: Letter, record_ms: int) -> None:
        """Kafka has taken a letter with this time (UTC ms)."""
        if letter.event is not None:
            route = route_of(letter.event)
            self._core.put(route.role, letter.key.encode(), letter.value, record_ms)

    def pass_to(self, now_ms: int) -> None:
        """Time goes on, up to now."""
        self._core.flush()
        self._core.tick(now_ms)
        self._core.flush()

    def panes(self, before_ms: int) -> Panes:
        """What the clocks count for, in panes that ended by then."""
        return only_clocks(panes_offline(self._core.found.rollups.values()), before_ms)

    def ledger(self, before_ms: int) -> list[Step]:
        """The steps up to then that hold."""
        last = {
            (row.item_id, row.policy, row.cycle, row.kind, row.n): row
            for row in sorted(self._core.found.sla.values(), key=lambda each: each.seq)
        }
        return sorted(
            (*(getattr(row, name) for name in _LEDGER), row.at_ms)
            for row in last.values()
            if row.holds and row.kind != "breach_withdrawn" and row.at_ms <= before_ms
        )


def stored_ledger(client: Client, before_ms: int) -> list[Step]:
    """The same as ClickHouse has it."""
    answer = client.query(
        f"SELECT {', '.join(_LEDGER)}, toUnixTimestamp64Milli(at) AS at_ms FROM sla_ledger FINAL "
        "WHERE holds AND kind != 'breach_withdrawn' AND at_ms <= {before:Int64}",
        parameters={"before": before_ms},
    )
    return sorted(tuple(row) for row in answer.result_rows)
