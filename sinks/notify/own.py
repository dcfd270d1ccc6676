"""Alerts of the notifier itself: the watchdog, a silent worker, a receiver that fails. Pure.

They go through ``ops.alerts`` like all others, so they are logged, grouped and told like them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from schemas.alerts import AlertTransition, fingerprint
from schemas.receivers import RECEIVER_FAILING, WATCHDOG, WORKER_SILENT
from sinks.notify.answers import FAILURES_OF_A_DEAD_ONE
from sinks.notify.book import Book
from sinks.notify.decision import is_active

RULES = frozenset({WATCHDOG, WORKER_SILENT, RECEIVER_FAILING})
VERSION = "notifier"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alert that ought to fire, since when (wall clock, UTC ms), and what it says."""

    labels: dict[str, str]
    annotations: dict[str, str]
    since_ms: int


def watchdog(since_ms: int) -> Wanted:
    """Fires always: whoever stops hearing of it knows that nobody would tell."""
    says = {"summary": "Alerts are delivered. When this stops coming, they are not."}
    return Wanted({"alertname": WATCHDOG, "severity": "none"}, says, since_ms)


def worker_silent(what: str, since_ms: int) -> Wanted:
    """The floor says nothing: no rule is evaluated, so no other alert can fire."""
    says = {
        "summary": f"No {what} from the floor: nothing is computed and no rule is evaluated.",
        "remedy": "start `watchfloor worker`; `watchfloor doctor` looks at the rest",
    }
    labels = {"alertname": WORKER_SILENT, "severity": "critical", "signal": what}
    return Wanted(labels, says, since_ms)


def failing_receivers(book: Book) -> Iterator[Wanted]:
    """One for each receiver that failed more than once in a row, or will take nothing more."""
    for name, standing in book.standings.items():
        since_ms = standing.failing_since_ms
        if since_ms is None or standing.failures < FAILURES_OF_A_DEAD_ONE:
            continue
        stopped = standing.stopped
        how = "refused all further notices (410)" if stopped else f"failed: {standing.error}"
        labels = {"alertname": RECEIVER_FAILING, "severity": "critical", "receiver": name}
        yield Wanted(labels, {"summary": f"Receiver {name} {how}."}, since_ms)


def steps(book: Book, wanted: Iterable[Wanted], now_ms: int) -> list[AlertTransition]:
    """The transitions that bring the book in line with what ought to fire.

    The same again until they have come back through ``ops.alerts``; their ids do not change.
    """
    active = {
        episode.alert.fingerprint: episode.alert
        for episode in book.present().values()
        if is_active(episode.alert) and episode.alert.rule_version == VERSION
    }
    by_fingerprint = {fingerprint(each.labels): each for each in wanted}
    return [
        *(_fired(each) for name, each in by_fingerprint.items() if name not in active),
        *(_resolved(alert, now_ms) for name, alert in active.items() if name not in by_fingerprint),
    ]


def _fired(wanted: Wanted) -> AlertTransition:
    return AlertTransition(
        fingerprint=fingerprint(wanted.labels),
        starts_at_ms=wanted.since_ms,
        seq=1,
        transition="firing",
        state="firing",
        at_ms=wanted.since_ms,
        rule=wanted.labels["alertname"],
        rule_version=VERSION,
        labels=wanted.labels,
        annotations=wanted.annotations,
    )


def _resolved(alert: AlertTransition, now_ms: int) -> AlertTransition:
    return msgspec.structs.replace(
        alert,
        seq=alert.seq + 1,
        transition="resolved",
        state="resolved",
        at_ms=now_ms,
        ends_at_ms=now_ms,
    )
