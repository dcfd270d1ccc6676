"""The whole of one view, as a snapshot tells it. Pure."""

from typing import Any

import msgspec

from sinks.board import alerts as shown_alerts
from sinks.board.health import for_client
from sinks.board.ids import id_of
from sinks.board.live import Held
from sinks.board.view import (
    ROWS_MAX,
    Scenery,
    Wish,
    columns,
    head,
    place_of,
    row,
    strip,
    windows_of,
)

#: What an empty board says: how to send something, with one event that would do.
EMPTY = {
    "says": "No events have arrived yet.",
    "steps": [
        "watchfloor demo",
        "watchfloor simulate --help",
        "watchfloor replay judgments.csv.gz --mapping judgments --to kafka",
        "send events like the one below to the topic ops.annotations",
    ],
    "example": msgspec.json.encode(
        {
            "event_id": "0195560d-7c00-7b3e-9f10-000000000002",
            "event_type": "item.queued",
            "schema_version": "1.0",
            "occurred_at": 1772438401000,
            "received_at": 1772438401180,
            "source": "custom",
            "org_id": "acme",
            "project_id": "moderation",
            "item_id": "item-1",
            "queue_id": "text",
            "reason": "new",
        }
    ).decode(),
}


def body_of(wish: Wish, scenery: Scenery, at: str) -> dict[str, Any]:
    """The snapshot of a view; ``at`` is its id."""
    live = scenery.live
    place = place_of(wish, live)
    inside = [] if wish.by == "none" else live.inside(wish.by, place)
    visible = [held for held in inside if wish.scope.sees(held)]
    shown = visible[:ROWS_MAX]
    seen = shown_alerts.visible(live, place, wish.scope)
    return {
        "id": at,
        **beat_of(wish, scenery),
        "view": {
            "place": id_of(wish.place),
            "by": wish.by,
            "window": wish.window,
            "detail": wish.detail,
        },
        "zone": "UTC",
        "place": None if place is None else _place(place, wish, scenery),
        "strip": strip(place, wish, scenery),
        "columns": columns(wish),
        "rows": [row(held, wish, scenery) for held in shown],
        "rows_total": len(visible),
        "rows_left_out": len(visible) - len(shown),
        "alerts": [shown_alerts.shown(each, live) for each in seen],
        "empty": None if live.subjects else EMPTY,
    }


def beat_of(wish: Wish, scenery: Scenery) -> dict[str, Any]:
    """How old it is, and how our own parts do: what every second tells."""
    if wish.scope.is_client:
        ours = {"pipeline": None, "health": for_client(scenery.health)}
    else:
        ours = {"pipeline": scenery.pipeline, "health": scenery.health}
    return {**head(scenery), **ours}


def _place(held: Held, wish: Wish, scenery: Scenery) -> dict[str, Any]:
    found = row(held, wish, scenery)
    if not wish.detail:
        return found
    as_of_ms = scenery.live.as_of_ms or held.as_of_ms
    return {**found, "windows": windows_of(held, as_of_ms)}
