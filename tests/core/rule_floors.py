"""A small floor with rules: counts go in minute by minute, transitions come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.alerts import AlertTransition, Command
from schemas.groupings import DEFAULT_GROUPINGS, SEPARATOR, subject_key
from schemas.measures import key_of
from schemas.metrics.declaration import SLA_ACTIVATE
from schemas.rows import RollupRow
from schemas.rules import Rule
from schemas.targets import Target
from streams.core import publish, wire
from streams.core.alerting import Alerting, RuleCalendar
from streams.core.gauges import Gauge
from streams.core.plan import HOUR_MS, MINUTE_MS, Plan
from streams.core.rollups import Rollups
from streams.core.rules import RuleBook, make_ready
from tests.core.floors import CALENDAR

#: Midnight UTC, at which a 28-day period begins.
START_MS = 735 * 28 * 24 * HOUR_MS
SOURCE = SEPARATOR.join(("north", "coop"))
NOTHING: Mapping[str, int] = {}
KINDS = (
    "item.queued",
    "item.submitted",
    "item.claimed",
    "item.completed",
    "golden.answered",
    "review.decided",
    SLA_ACTIVATE,
)


def rule(**changes: object) -> Rule:
    """A rule about golden accuracy by queue, with changes; ``for`` is written ``for_``."""
    given: dict[str, object] = {
        "alert": "LowAccuracy",
        "metric": "golden_accuracy",
        "by": ["org", "source", "project", "queue"],
        "window": "1h",
        "op": "<",
        "value": 0.9,
        "min_events": 10,
        "labels": {"severity": "warning"},
        "annotations": {"summary": "{queue} {value:.0%} n={n}", "runbook": "https://example.org"},
    }
    given |= {name.rstrip("_"): value for name, value in changes.items()}
    return Rule.model_validate({k: v for k, v in given.items() if v is not None})


def book(*rules: Rule, targets: tuple[Target, ...] = ()) -> RuleBook:
    """Rules made ready for the default groupings."""
    return make_ready(rules, targets, DEFAULT_GROUPINGS)


def queue(name: str = "q1") -> str:
    """The subject of a queue."""
    return subject_key("queue", ("north", "coop", "chat", name))


@dataclass(slots=True)
class RuleFloor:
    """One source partition, one partition of stage 2, and its rules."""

    book: RuleBook
    now_ms: int = START_MS
    said: list[AlertTransition] = field(default_factory=list)
    rollups: Rollups = field(default_factory=lambda: Rollups(Plan(), 1))
    alerting: Alerting = field(init=False)
    #: What the changelog has of the rules.
    stored: dict[bytes, bytes] = field(default_factory=dict)
    first_heard_ms: int = START_MS - 40 * 24 * HOUR_MS
    last_heard_ms: int = START_MS
    #: Every row for ClickHouse.
    rows: list[RollupRow] = field(default_factory=list)
    #: What the last flush wrote.
    written: list[wire.LogRecord] = field(default_factory=list)
    _seq: int = 0
    _again: list[wire.PaneState] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alerting = Alerting(self.book)

    def minute(
        self,
        counts: Mapping[str, int] = NOTHING,
        *,
        subject: str = "",
        gauge: Gauge | None = None,
        silent: bool = False,
    ) -> list[AlertTransition]:
        """One minute passes in which a subject counts so much; returns what is said of it."""
        subject = subject or queue()
        tally = {key_of(name): n for name, n in counts.items() if n}
        panes = [wire.PaneState(subject, self.now_ms, MINUTE_MS, tally)] if tally else []
        panes += self._again
        self._again = []
        self.now_ms += MINUTE_MS
        if not silent:
            self.last_heard_ms = self.now_ms
        chunk = wire.Chunk(
            source_partition=0,
            epoch=0,
            seq=self._seq,
            watermark_ms=self.now_ms,
            sealed_ms=0,
            first_seen_ms={SOURCE: dict.fromkeys(KINDS, self.first_heard_ms)},
            last_seen_ms={SOURCE: self.last_heard_ms},
            panes=panes,
            gauges={} if gauge is None else {subject: gauge},
        )
        self._seq += 1
        self.rollups.apply(chunk)
        return self.flush()

    def minutes(
        self, count: int, counts: Mapping[str, int] = NOTHING, subject: str = ""
    ) -> list[AlertTransition]:
        """The same for so many minutes."""
        return [said for _ in range(count) for said in self.minute(counts, subject=subject)]

    def tell_again(self, minute: int, counts: Mapping[str, int]) -> None:
        """With the next minute, the counts of an earlier one are told to be these."""
        tally = {key_of(name): n for name, n in counts.items()}
        at_ms = START_MS + minute * MINUTE_MS
        self._again.append(wire.PaneState(queue(), at_ms, MINUTE_MS, tally))

    def quiet(self, count: int) -> list[AlertTransition]:
        """So many minutes in which the source says nothing at all."""
        return [said for _ in range(count) for said in self.minute(silent=True)]

    def flush(self) -> list[AlertTransition]:
        """What stage 2 does every second: publish, evaluate, store."""
        published = publish.flush(self.rollups, RuleCalendar(CALENDAR, self.alerting))
        changed = {subject for subject, _ in published.snapshots} if published else set()
        self.rows += published.rows if published else []
        now_ms = self.rollups.watermark_ms
        self.alerting.take_back(self.rollups.guard.take())
        said = self.alerting.evaluate(self.rollups, now_ms, changed=changed)
        self.rollups.guard.subjects = self.alerting.guarded
        return self._keep(said)

    def command(self, command: Command) -> list[AlertTransition]:
        """Somebody asks for something."""
        return self._keep(self.alerting.command(command, self.rollups))

    def _keep(self, said: list[AlertTransition]) -> list[AlertTransition]:
        self.written = self.alerting.state.records()
        for key, payload in self.written:
            if payload is None:
                self.stored.pop(key, None)
            else:
                self.stored[key] = payload
        self.said += said
        return said

    def take_over(self) -> list[AlertTransition]:
        """The owner dies; the next one reads what was stored, and says again what it must."""
        self.alerting = Alerting(self.book)
        for key, payload in self.stored.items():
            self.alerting.state.put_back(key, payload)
        said = self.alerting.state.begin([key for key, _ in self.written])
        self.rollups.guard.subjects = self.alerting.guarded
        return said


def steps(said: list[AlertTransition]) -> list[str]:
    """The transitions by name."""
    return [each.transition for each in said]
