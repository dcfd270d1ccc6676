"""What the core is told once: groupings, pane lengths, limits. Values only."""

from dataclasses import dataclass, replace

from schemas.groupings import DEFAULT_GROUPINGS, Grouping
from streams.core.moments import EXTRA_FIELDS

MINUTE_MS = 60_000
QUARTER_MS = 900_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How the floor is sliced and how long its parts are kept; all times in ms.

    ``late_after_ms``: an event whose Kafka record is younger than itself by more than this is
    booked in a 15-minute pane instead of a minute, so that minutes can be closed.
    ``retention_ms`` must exceed the oldest event that decoding accepts.
    """

    groupings: tuple[Grouping, ...] = DEFAULT_GROUPINGS
    pane_ms: int = MINUTE_MS
    late_pane_ms: int = QUARTER_MS
    late_after_ms: int = HOUR_MS
    retention_ms: int = 31 * DAY_MS
    open_item_retention_ms: int = 92 * DAY_MS
    presence_gap_ms_max: int = 16 * HOUR_MS
    #: Further dimensions that SLA policies ask for, beside those of the groupings.
    policy_dims: tuple[str, ...] = ()
    item_events_max: int = 2_000
    hot_items_max: int = 20_000

    @property
    def extra_dims(self) -> tuple[str, ...]:
        """Further dimensions of an event that a grouping or policy asks for, in a fixed order."""
        wanted = {name for grouping in self.groupings for name in grouping.dimensions}
        wanted.update(self.policy_dims)
        return tuple(name for name in EXTRA_FIELDS if name in wanted)

    def holding(self, from_ms: int, to_ms: int) -> "Plan":
        """The same plan for a log with these event times: nothing in it is too old to keep."""
        kept_ms = max(self.retention_ms, to_ms - from_ms + DAY_MS)
        return replace(self, retention_ms=kept_ms, open_item_retention_ms=2 * kept_ms)

    @property
    def fingerprint(self) -> str:
        """Changes whenever state written under another plan could not be read on."""
        parts = [f"{g.name}={','.join(g.dimensions)}" for g in self.groupings]
        asked = {name for grouping in self.groupings for name in grouping.dimensions}
        if more := [name for name in self.extra_dims if name not in asked]:
            parts.append(f"policies={','.join(more)}")
        return f"{self.pane_ms}/{self.late_pane_ms}/{self.late_after_ms};" + ";".join(parts)
