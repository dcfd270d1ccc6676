"""What alerts say on the wire: transitions, silences, and what people command.

``ops.alerts`` carries every transition; ``ops.commands`` carries what people ask for, silences
included, one copy to each partition. Times are UTC ms of event time.
"""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

State = Literal["inactive", "pending", "firing", "recovering", "resolved"]

#: What a transition is about. ``firing`` and ``resolved`` are what subscribers hear of;
#: ``corrected`` takes back what they were told (a breach that was none).
Transition = Literal[
    "pending",
    "dropped",
    "firing",
    "recovering",
    "refired",
    "resolved",
    "corrected",
    "acknowledged",
    "unacknowledged",
    "suppressed",
    "unsuppressed",
    "stale",
    "fresh",
]

_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def fingerprint(labels: dict[str, str]) -> str:
    """Identity of a set of labels: 16 hex digits, equal to Alertmanager's own.

    Source: prometheus/common ``LabelSet.Fingerprint``, FNV-1a 64 over sorted names and values.
    """
    value = _FNV_OFFSET
    for name in sorted(labels):
        for byte in b"%b\xff%b\xff" % (name.encode(), labels[name].encode()):
            value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


class Contributor(msgspec.Struct, frozen=True):
    """One value of a finer dimension and its share of what an alert is about."""

    dims: dict[str, str]
    value: float | None
    n: int


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an alert stands where it does: the number, how sure it is, and how to see it again."""

    metric: str
    definition: str
    unit: str
    window: str
    start_ms: int
    end_ms: int
    op: str
    threshold: float
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    cause: str | None = None
    contributors: tuple[Contributor, ...] = ()
    item_ids: tuple[str, ...] = ()
    sql: str = ""
    #: A query for some of the items behind it.
    items_sql: str = ""


class AlertTransition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of one alert; (fingerprint, starts_at_ms, seq) is its identity for good.

    ``starts_at_ms`` names the episode: when its condition began to hold. ``state`` is the state
    after the step. ``late`` marks what was raised while catching up.
    """

    fingerprint: str
    starts_at_ms: int
    seq: int
    transition: Transition
    state: State
    at_ms: int
    rule: str
    rule_version: str
    labels: dict[str, str]
    annotations: dict[str, str]
    evidence: Evidence | None = None
    ends_at_ms: int | None = None
    suppressed_by: tuple[str, ...] = ()
    acknowledged_by: str = ""
    note: str = ""
    late: bool = False

    @property
    def id(self) -> str:
        """A stable id: a repeat carries the same."""
        return f"{self.fingerprint}-{self.starts_at_ms}-{self.seq}"


class Matcher(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition on a label, with Alertmanager's meaning; a regex is anchored at both ends."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether a set of labels fulfils it; an absent label counts as empty."""
        given = labels.get(self.name, "")
        same = bool(re.fullmatch(self.value, given)) if self.is_regex else given == self.value
        return same is self.is_equal


class Silence(msgspec.Struct, frozen=True, omit_defaults=True, tag="silence"):
    """Nobody is told of matching alerts in ``[starts_at_ms, ends_at_ms)``.

    Written whole whenever it changes; the later ``updated_at_ms`` is true. It is ended early by
    writing it with an earlier end.
    """

    id: str
    matchers: tuple[Matcher, ...]
    starts_at_ms: int
    ends_at_ms: int
    created_by: str
    comment: str
    updated_at_ms: int
    kind: Literal["silence", "maintenance"] = "silence"

    def covers(self, labels: dict[str, str], at_ms: int) -> bool:
        """Whether it keeps an alert with these labels quiet at that time."""
        inside = self.starts_at_ms <= at_ms < self.ends_at_ms
        return inside and all(matcher.matches(labels) for matcher in self.matchers)


class Acknowledge(msgspec.Struct, frozen=True, omit_defaults=True, tag="acknowledge"):
    """Somebody takes care of an alert until it resolves, or until a time."""

    id: str
    fingerprint: str
    owner: str
    at_ms: int
    note: str = ""
    until_ms: int | None = None
    #: Of the alert, for the log.
    labels: dict[str, str] = {}


class Unacknowledge(msgspec.Struct, frozen=True, omit_defaults=True, tag="unacknowledge"):
    """Nobody takes care of an alert any more."""

    id: str
    fingerprint: str
    owner: str
    at_ms: int
    labels: dict[str, str] = {}


class Close(msgspec.Struct, frozen=True, omit_defaults=True, tag="close"):
    """What an alert turned out to be worth, said by a person once it is over."""

    id: str
    fingerprint: str
    starts_at_ms: int
    verdict: Literal["useful", "noise"]
    owner: str
    at_ms: int
    note: str = ""
    labels: dict[str, str] = {}


Command = Acknowledge | Unacknowledge | Silence | Close

_decode_transition = msgspec.json.Decoder(AlertTransition).decode
_decode_command: Callable[[bytes], Command] = msgspec.json.Decoder(Command).decode


def decode_transition(data: bytes) -> AlertTransition:
    """A transition from JSON bytes; msgspec.DecodeError or ValidationError if it is none."""
    return _decode_transition(data)


def decode_command(data: bytes) -> Command:
    """A command from JSON bytes; msgspec.DecodeError or ValidationError if it is none."""
    return _decode_command(data)
