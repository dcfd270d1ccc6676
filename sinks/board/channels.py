"""One view, worked out once a turn and encoded once, for however many look at it.

A channel keeps its last deltas, so that whoever comes back within half a minute is told what was
missed; anybody else, and whoever was too slow for a turn, gets a snapshot.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.alerts import AlertTransition
from sinks.board import alerts as shown_alerts
from sinks.board.body import beat_of, body_of
from sinks.board.changes import changes
from sinks.board.view import Scenery, Wish, head, place_of

KEPT_TURNS = 30
#: A view that was only asked for, and is not listened to, is forgotten after so many turns.
ASKED_TURNS = 5

_encode = msgspec.json.Encoder().encode


def event(name: str, body: object, at: str | None = None) -> bytes:
    """One server-sent event."""
    line = b"" if at is None else b"id: %b\n" % at.encode()
    return line + b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(body))


@dataclass(slots=True)
class Channel:
    """A view as it was last told. ``number`` counts its turns."""

    wish: Wish
    body: dict[str, Any] = field(default_factory=dict)
    snapshot: bytes = b""
    beat: bytes = b""
    #: What the last turn brought, for those who saw the one before.
    news: bytes = b""
    number: int = 0
    clients: int = 0
    #: Whether anybody ever listened: they may come back.
    was_heard: bool = False
    idle: int = 0
    #: What was told of late: (id before, id after, events).
    told: deque[tuple[str, str, bytes]] = field(default_factory=lambda: deque(maxlen=KEPT_TURNS))
    #: Set once, at the end of this turn; the next turn has another.
    turn: asyncio.Event = field(default_factory=asyncio.Event)

    def advance(self, scenery: Scenery, at: str, steps: list[AlertTransition]) -> None:
        """Work out the view, and what to tell those who saw the last one."""
        before, self.body = self.body, body_of(self.wish, scenery, at)
        self.snapshot = b""
        self.beat = event("beat", beat_of(self.wish, scenery))
        self.number += 1
        told = self._steps(scenery, steps)
        found = changes(before, self.body) if before else None
        if found is None and before and told:
            found = dict(head(scenery)) | {"id": at}
        # The id stays that of the last thing told: a client that comes back asks by it.
        self.body["id"] = at if found is not None or not before else before["id"]
        self.news = b""
        if found is not None:
            self.news = event("delta", found, at) + told
            self.told.append((before["id"], at, self.news))
        self.turn.set()
        self.turn = asyncio.Event()
        self.idle = 0 if self.clients else self.idle + 1

    @property
    def is_over(self) -> bool:
        """Whether nobody listens, and nobody will be told what was missed."""
        return self.idle > (KEPT_TURNS if self.was_heard else ASKED_TURNS)

    def whole(self) -> bytes:
        """The snapshot, encoded when somebody first asks for it in a turn."""
        if not self.snapshot:
            self.snapshot = event("snapshot", self.body, self.body["id"])
        return self.snapshot

    def since(self, at: str) -> bytes | None:
        """All that was told after an id; None when that is not known any more."""
        if self.body and at == self.body["id"]:
            return b""
        found = list(self.told)
        for place, (before, _, _) in enumerate(found):
            if before == at:
                return b"".join(data for _, _, data in found[place:])
        return None

    def _steps(self, scenery: Scenery, steps: list[AlertTransition]) -> bytes:
        place, scope = place_of(self.wish, scenery.live), self.wish.scope
        found = []
        for step in steps:
            seen = scope.alert(step)
            if seen is not None and shown_alerts.concerns(seen, place):
                body = {"alert": shown_alerts.shown(seen, scenery.live)}
                found.append(event("alert", body | {"transition": seen.transition}))
        return b"".join(found)
