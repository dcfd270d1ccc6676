"""What is true of each item after its life so far: the rows of the items table, and who waits."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from tests.oracle.lives import Event, item_lives
from tests.oracle.walk import Walk, walk


def item_rows(events: Iterable[Event]) -> pd.DataFrame:
    """One row per item, indexed by (org, source, project, item_id); unknown is None."""
    rows = [_row(walk(identity, life)) for identity, life in item_lives(events).items()]
    return pd.DataFrame(rows, dtype=object).set_index(["org", "source", "project", "item_id"])


def _row(item: Walk) -> dict[str, Any]:
    org, source, project, item_id = item.scene.identity
    work, submissions = item.work, _of(item, "item.submitted")
    reviews, last = _of(item, "review.decided"), submissions[-1] if submissions else {}
    claims = _of(item, "item.claimed", "item.assigned")
    started, completed = _of(item, "work.started"), _of(item, "item.completed")
    return {
        "org": org,
        "source": source,
        "project": project,
        "item_id": item_id,
        "queue": item.scene.queue,
        "state": item.gauges.state,
        "created_ms": work.created_ms,
        "queued_ms": item.gauges.queued_ms,
        "first_claimed_ms": claims[0]["occurred_at"] if claims else None,
        "last_claimed_ms": claims[-1]["occurred_at"] if claims else None,
        "started_ms": started[0]["occurred_at"] if started else None,
        "submitted_ms": last.get("occurred_at"),
        "reviewed_ms": reviews[-1]["occurred_at"] if reviews else None,
        "completed_ms": completed[0]["occurred_at"] if completed else None,
        "due_ms": next((e["due_at"] for e in reversed(item.life) if "due_at" in e), None),
        "annotator": last.get("actor_id", ""),
        "reviewer": reviews[-1]["reviewer_id"] if reviews else "",
        "attempt": last.get("attempt"),
        "claims": len(claims),
        "submissions": len(submissions),
        "reviews": len(reviews),
        "outcome": _outcome(item),
        "labels": tuple(last.get("labels", ())),
        "handle_ms": work.handle_ms,
        "active_ms": work.active_ms,
        "events": len(item.life),
    }


def _outcome(item: Walk) -> str:
    """The latest word of a review or an overturning appeal, else how the item was completed."""
    outcome = ""
    for event in item.life:
        if event["event_type"] == "review.decided":
            outcome = event["outcome"]
        elif event["event_type"] == "appeal.decided" and event["outcome"] == "overturn":
            outcome = "overturned"
        elif event["event_type"] == "item.completed":
            outcome = outcome or event.get("terminal_state", "")
    return outcome


def _of(item: Walk, *kinds: str) -> list[Event]:
    return [event for event in item.life if event["event_type"] in kinds]


def standing(events: Iterable[Event], at_ms: int) -> pd.DataFrame:
    """One row for each gauge that an item is in at a moment, by what happened before it.

    Columns: gauge, the dimensions with which it was entered, since_ms (last queued, else
    created, else first heard of), created_ms and due_ms. Counting the rows gives the backlog
    without any flows.
    """
    rows: list[dict[str, Any]] = []
    for identity, life in item_lives(e for e in events if e["occurred_at"] < at_ms).items():
        item = walk(identity, life)
        queued_ms = item.gauges.queued_ms
        since_ms = life[0]["occurred_at"] if queued_ms is None else queued_ms
        due_ms = [event["due_at"] for event in life if "due_at" in event]
        for gauge, dims in item.gauges.held.items():
            rows.append(
                {
                    "gauge": gauge,
                    "item_id": identity[3],
                    **dims._asdict(),
                    "since_ms": since_ms,
                    "created_ms": item.work.created_ms,
                    "due_ms": due_ms[-1] if due_ms else None,
                }
            )
    return pd.DataFrame(rows, dtype=object)


def survival_quantile_ms(closed_ms: list[int], open_ms: list[int], q: float) -> int | None:
    """The least duration t with S(t) <= 1 - q; None when too much is still open to know it.

    ``open_ms`` are the ages of items not yet closed. Source: Kaplan and Meier 1958, JASA 53(282).
    """
    alive = 1.0
    for duration_ms in sorted(set(closed_ms)):
        at_risk = sum(d >= duration_ms for d in (*closed_ms, *open_ms))
        alive *= 1 - closed_ms.count(duration_ms) / at_risk
        if alive <= 1 - q + 1e-12:
            return duration_ms
    return None
