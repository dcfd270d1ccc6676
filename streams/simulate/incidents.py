"""Troubles on request: when they hold, and what they change."""

import re
from dataclasses import dataclass
from enum import StrEnum


class IncidentKind(StrEnum):
    """What can go wrong on the simulated floor."""

    SURGE = "surge"
    QUALITY_DROP = "quality_drop"
    SILENT_SOURCE = "silent_source"
    SLOW_VENDOR = "slow_vendor"


DEFAULT_SUBJECTS = {
    IncidentKind.SURGE: "chat-urgent",
    IncidentKind.QUALITY_DROP: "moderation",
    IncidentKind.SILENT_SOURCE: "cvat",
    IncidentKind.SLOW_VENDOR: "northwind",
}
SURGE_ARRIVALS_FACTOR = 5.0
SLOW_HANDLE_FACTOR = 2.2
QUALITY_DROP_ACCURACY = 0.3

_FORM = re.compile(r"(?P<kind>[a-z_]+)(?::(?P<subject>[\w.-]+))?@(?P<start>\d+)\+(?P<length>\d+)")


@dataclass(frozen=True, slots=True)
class Incident:
    """One trouble with a subject (queue, project, source or vendor), in s after the start.

    A silent source sends nothing, and what it held back arrives when it is over. A quality drop
    starts with a new guideline version and fades as people learn it.
    """

    kind: IncidentKind
    subject: str
    start_s: int
    duration_s: int


def parse_incident(text: str) -> Incident:
    """Reads ``quality_drop@600+900`` or ``surge:reports@60+300``; raises ValueError."""
    match = _FORM.fullmatch(text)
    kinds = [kind.value for kind in IncidentKind]
    if match is None or match["kind"] not in kinds:
        raise ValueError(
            f"incident {text!r}: use KIND[:SUBJECT]@START_S+DURATION_S with KIND "
            f"one of {', '.join(kinds)}"
        )
    kind = IncidentKind(match["kind"])
    subject = match["subject"] or DEFAULT_SUBJECTS[kind]
    return Incident(kind, subject, int(match["start"]), int(match["length"]))


class Troubles:
    """Answers what holds at a moment; moments are UTC ms, incidents count from ``start_ms``."""

    def __init__(self, incidents: tuple[Incident, ...], start_ms: int) -> None:
        self._spans = [
            (
                i.kind,
                i.subject,
                start_ms + i.start_s * 1000,
                start_ms + (i.start_s + i.duration_s) * 1000,
            )
            for i in incidents
        ]

    def _span(self, kind: IncidentKind, subject: str, now_ms: int) -> tuple[int, int] | None:
        for span_kind, span_subject, start, end in self._spans:
            if span_kind is kind and span_subject == subject and start <= now_ms < end:
                return start, end
        return None

    def arrivals_factor(self, queue: str, now_ms: int) -> float:
        """How many times the usual number of items arrives."""
        return SURGE_ARRIVALS_FACTOR if self._span(IncidentKind.SURGE, queue, now_ms) else 1.0

    def handle_factor(self, vendor: str, now_ms: int) -> float:
        """How many times longer the work takes."""
        return SLOW_HANDLE_FACTOR if self._span(IncidentKind.SLOW_VENDOR, vendor, now_ms) else 1.0

    def accuracy_loss(self, project: str, now_ms: int) -> float:
        """What is taken from the probability of a right answer; fades linearly to nothing."""
        span = self._span(IncidentKind.QUALITY_DROP, project, now_ms)
        if span is None:
            return 0.0
        return QUALITY_DROP_ACCURACY * (span[1] - now_ms) / (span[1] - span[0])

    def held_until_ms(self, source: str, now_ms: int) -> int | None:
        """When what this source sends now will arrive; None when it is not silent."""
        span = self._span(IncidentKind.SILENT_SOURCE, source, now_ms)
        return None if span is None else span[1]

    def guideline_starts(self) -> list[tuple[int, str]]:
        """(moment, project) of each new guideline version."""
        return [
            (start, subject)
            for kind, subject, start, _ in self._spans
            if kind is IncidentKind.QUALITY_DROP
        ]

    def guideline_version(self, project: str, now_ms: int) -> str:
        """The version in force: one up with each quality drop that has started."""
        started = sum(
            1
            for start, subject in self.guideline_starts()
            if subject == project and start <= now_ms
        )
        return f"v{1 + started}"
