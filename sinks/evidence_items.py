"""Some of the items behind an alert: what its evidence's own query finds, asked of ClickHouse.

The floor counts and does not keep lists, so it names no items; whoever passes an alert on asks for
them. They are an extra: without ClickHouse, or when it is slow, the alert goes without.
"""

import time
from collections.abc import Iterable

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import HTTPError

from schemas.alerts import AlertTransition
from sinks.clickhouse import connect
from sinks.errors import SinkError

ITEMS_MAX = 20
#: Only so many alerts of a storm get their items.
ALERTS_AT_ONCE_MAX = 10
#: After ClickHouse did not answer, nobody asks for so long.
REST_S = 30.0
_STEPS = frozenset({"firing", "refired"})
#: The query came over a topic: it may read, for a moment, and nothing else.
_LIMITS = {"readonly": 2, "max_execution_time": 2}


class EvidenceItems:
    """Asks for items. Blocking and for one thread: call it in a thread of its own."""

    def __init__(
        self, url: str, database: str, *, user: str = "default", password: str = ""
    ) -> None:
        self._where = (url, user, password)
        self._database = database
        self._client: Client | None = None
        self._rest_until_s = 0.0

    def fill(self, steps: Iterable[AlertTransition]) -> list[AlertTransition]:
        """The same steps; those that raise an alert name some of the items behind it."""
        left = ALERTS_AT_ONCE_MAX
        found = []
        for step in steps:
            seen = step.evidence
            if left and lacks_items(step):
                assert seen is not None
                left -= 1
                evidence = msgspec.structs.replace(seen, item_ids=self._ask(seen.items_sql))
                found.append(msgspec.structs.replace(step, evidence=evidence))
            else:
                found.append(step)
        return found

    def _ask(self, query: str) -> tuple[str, ...]:
        if time.monotonic() < self._rest_until_s:
            return ()
        try:
            if self._client is None:
                self._client = connect(*self._where)
                self._client.database = self._database
            rows = self._client.query(query, settings=_LIMITS).result_rows
        except (DriverError, HTTPError, OSError, SinkError):
            self.close()
            self._rest_until_s = time.monotonic() + REST_S
            return ()
        return tuple(str(row[0]) for row in rows[:ITEMS_MAX])

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.close()
            self._client = None


def lacks_items(step: AlertTransition) -> bool:
    """Whether a step raises an alert without naming the items that can be asked for."""
    seen = step.evidence
    if seen is None or step.transition not in _STEPS:
        return False
    return bool(seen.items_sql) and not seen.item_ids
