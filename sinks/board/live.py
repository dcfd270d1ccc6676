"""What Redis says now, kept in memory: subjects, alerts and the pipeline. Pure; see ``reader``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.alerts import AlertTransition, decode_transition
from schemas.groupings import subject_key
from sinks.board.ids import grouping_of
from sinks.snapshots import WINDOW_PREFIX

WHOLE = subject_key("all", ())

_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Held:
    """One subject as Redis has it. ``version`` counts its changes."""

    key: str
    dims: dict[str, str] = field(default_factory=dict)
    as_of_ms: int = 0
    last_seen_ms: int | None = None
    sources: tuple[int, int] = (0, 0)
    gauges: dict[str, Any] = field(default_factory=dict)
    windows: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: int = 0

    @property
    def grouping(self) -> str:
        """The name of its grouping."""
        return grouping_of(self.key)

    @property
    def name(self) -> str:
        """What to call it: the value of its last dimension."""
        return next(reversed(self.dims.values()), "all")

    def take(self, fields: Mapping[str, bytes | None]) -> None:
        """Take in fields of its hash; a window that is None is gone."""
        self.version += 1
        for name, raw in fields.items():
            if name.startswith(WINDOW_PREFIX):
                window = name.removeprefix(WINDOW_PREFIX)
                self.windows.pop(window, None)
                if raw is not None:
                    self.windows[window] = _decode(raw)
            elif raw is None:
                continue
            elif name == "dims":
                self.dims = _decode(raw)
            elif name == "as_of_ms":
                self.as_of_ms = _decode(raw)
            elif name == "last_seen_ms":
                self.last_seen_ms = _decode(raw)
            elif name == "sources":
                self.sources = tuple(_decode(raw))
            elif name == "gauges":
                self.gauges = _decode(raw)


@dataclass(slots=True)
class Turn:
    """What one look at Redis brought."""

    changed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    steps: list[AlertTransition] = field(default_factory=list)
    #: Everything was read again: what was shown may differ in any way.
    anew: bool = False


@dataclass(slots=True)
class Live:
    """All that is known of the present; ``names`` are all subjects, held or not."""

    subjects: dict[str, Held] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    alerts: dict[str, AlertTransition] = field(default_factory=dict)
    pipeline: dict[str, Any] = field(default_factory=dict)
    #: Redis's ids of the last move and the last step of an alert.
    move_id: str = "0-0"
    step_id: str = "0-0"
    #: Where each alert belongs, worked out once a turn; see ``alerts.place_of``.
    places: dict[str, str | None] = field(default_factory=dict)

    @property
    def as_of_ms(self) -> int | None:
        """Event time up to which the floor's numbers are told; None before the first."""
        whole = self.subjects.get(WHOLE)
        return None if whole is None or not whole.as_of_ms else whole.as_of_ms

    def put(self, key: str, fields: Mapping[str, bytes | None]) -> None:
        """Take in fields of a subject."""
        held = self.subjects.get(key)
        if held is None:
            held = self.subjects[key] = Held(key)
        held.take(fields)
        self.names.add(key)

    def keep_only(self, names: set[str]) -> set[str]:
        """Forget subjects that Redis no longer has; those that were held."""
        self.names = names
        gone = self.subjects.keys() - names
        for key in gone:
            del self.subjects[key]
        return set(gone)

    def step(self, raw: bytes) -> AlertTransition | None:
        """Take in a step of an alert; None when it is older than what is known, or unreadable."""
        try:
            found = decode_transition(raw)
        except msgspec.DecodeError:
            return None
        known = self.alerts.get(found.fingerprint)
        at = (found.starts_at_ms, found.seq)
        if known is not None and (known.starts_at_ms, known.seq) >= at:
            return None
        self.alerts[found.fingerprint] = found
        return found

    def forget_alerts(self, before_ms: int) -> None:
        """Forget alerts that were over by then, as Redis does."""
        over = [
            name
            for name, alert in self.alerts.items()
            if alert.state in ("resolved", "inactive") and alert.at_ms < before_ms
        ]
        for name in over:
            del self.alerts[name]

    def inside(self, grouping: str, place: Held | None) -> list[Held]:
        """Subjects of a grouping whose dimensions have the values of ``place``, by their values."""
        wanted = {} if place is None else place.dims
        found = [
            held
            for held in self.subjects.values()
            if held.grouping == grouping and agrees(held.dims, wanted)
        ]
        return sorted(found, key=lambda held: tuple(held.dims.values()))


def agrees(dims: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether a subject has all values that are wanted of it."""
    return all(dims.get(name) == value for name, value in wanted.items())


def firing(alerts: Iterable[AlertTransition]) -> list[AlertTransition]:
    """Those that people see as firing: worst first, then oldest first."""
    found = [each for each in alerts if each.state in ("firing", "recovering")]
    return sorted(found, key=lambda each: (_rank(each), each.starts_at_ms, each.fingerprint))


def _rank(alert: AlertTransition) -> int:
    order = ("critical", "error", "warning", "info", "none")
    severity = alert.labels.get("severity", "")
    return order.index(severity) if severity in order else 3
