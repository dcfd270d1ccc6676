"""Alerts as Alertmanager's API v2 takes them, told again while they fire. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from schemas.alerts import AlertTransition
from schemas.receivers import Receiver
from sinks.notify.audience import for_client
from sinks.notify.bodies import Links, annotations, iso
from sinks.notify.book import Book
from sinks.notify.decision import is_active

PATH: Final = "/api/v2/alerts"
#: One wrong alert refuses the whole body, and would again.
REFUSALS: Final = frozenset({400})
#: Firing ends by itself, should we no longer say so, after so many intervals.
ENDS_AFTER_INTERVALS: Final = 4
RESOLVED_TOLD_MS: Final = 300_000


def pushed(
    alerts: Iterable[AlertTransition], links: Links, resend_ms: int, now_ms: int
) -> list[dict[str, Any]]:
    """The body of a push. What fires ends in four intervals unless it is told again."""
    return [_pushed(each, links, resend_ms, now_ms) for each in alerts]


def _pushed(alert: AlertTransition, links: Links, resend_ms: int, now_ms: int) -> dict[str, Any]:
    ends_ms = now_ms
    if is_active(alert):
        ends_ms = now_ms + ENDS_AFTER_INTERVALS * resend_ms
    return {
        "labels": alert.labels,
        "annotations": annotations(alert, links),
        "startsAt": iso(min(alert.starts_at_ms, ends_ms)),
        "endsAt": iso(ends_ms),
        "generatorURL": links.alert(alert.fingerprint),
    }


def to_tell_again(book: Book, receiver: Receiver, now_ms: int) -> list[AlertTransition]:
    """What a receiver was told and has to hear again: what fires, and what has just ended."""
    found = []
    for episode in book.present().values():
        alert = episode.alert
        if receiver.name not in episode.marks:
            continue
        fresh = now_ms - episode.taken_ms <= RESOLVED_TOLD_MS
        if alert.suppressed_by or not (is_active(alert) or fresh):
            continue
        if receiver.audience == "client":
            projects = frozenset(receiver.projects)
            seen = for_client(alert, projects, with_items=receiver.item_ids)
            if seen is None:
                continue
            alert = seen
        found.append(alert)
    return found
