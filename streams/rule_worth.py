"""What each rule's pages were worth: how many there were, when, and what people said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When somebody is there to be paged: Monday to Friday, local hours from ``first`` to ``last``.

    ``last`` is the first hour that is off again.
    """

    zone: ZoneInfo
    first: int = 8
    last: int = 18


@dataclass(frozen=True, slots=True)
class Worth:
    """One rule's episodes in a time; ``noise`` and ``useful`` are verdicts of closed ones."""

    rule: str
    fired: int
    off_hours: int
    acknowledged: int
    useful: int
    noise: int

    @property
    def precision(self) -> float | None:
        """Useful ones of those that somebody judged; None when nobody judged any."""
        judged = self.useful + self.noise
        return self.useful / judged if judged else None


_QUERY = """
SELECT rule, count() AS fired, countIf(off) AS off_hours, countIf(taken) AS acknowledged,
       countIf(verdict = 'useful') AS useful, countIf(verdict = 'noise') AS noise
FROM (
    SELECT fingerprint, starts_at,
           anyIf(rule, kind = 'transition') AS rule,
           minIf(at, what = 'firing' AND kind = 'transition') AS fired_at,
           countIf(what = 'firing' AND kind = 'transition') AS firings,
           countIf(what = 'acknowledged') > 0 AS taken,
           argMaxIf(outcome, at, kind = 'command' AND what = 'close') AS verdict,
           toDayOfWeek(toTimeZone(fired_at, {zone:String})) > 5
               OR toHour(toTimeZone(fired_at, {zone:String})) < {first:UInt8}
               OR toHour(toTimeZone(fired_at, {zone:String})) >= {last:UInt8} AS off
    FROM %s.alert_log FINAL
    GROUP BY fingerprint, starts_at
    HAVING firings > 0 AND fired_at >= {from:DateTime64(3, 'UTC')}
       AND fired_at < {to:DateTime64(3, 'UTC')}
)
GROUP BY rule ORDER BY fired DESC, rule
"""


def worth_of_rules(
    client: Client, database: str, span_ms: tuple[int, int], hours: OfficeHours
) -> Sequence[Worth]:
    """Every rule that fired in ``[from, to)``, the busiest first; a close counts whenever it came.

    An episode that was resolved and acknowledged counts once, as one page.
    """
    from_ms, to_ms = span_ms
    answer = client.query(
        _QUERY % database,
        parameters={
            "zone": hours.zone.key,
            "first": hours.first,
            "last": hours.last,
            "from": f"{from_ms / 1000:.3f}",
            "to": f"{to_ms / 1000:.3f}",
        },
    )
    return [Worth(*row) for row in answer.result_rows]
