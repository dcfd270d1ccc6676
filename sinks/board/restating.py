"""Answers which numbers of a place, and of the rows inside of it, late data restated."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sinks.board import restated
from sinks.board.answers import answer
from sinks.board.hub import now_ms
from sinks.board.ids import id_of
from sinks.board.live import Held
from sinks.board.reading import Reading


@dataclass(slots=True)
class Restating:
    """``GET /api/restated``; asks as ``reading`` does."""

    reading: Reading

    async def find(self, request: web.Request) -> web.StreamResponse:
        """What was, by subject, window and metric."""
        asker = self.reading.asker(request)
        place = await self.reading.held(asker, request)
        by = request.query.get("by")
        rows: list[Held] = []
        if by and by != "none":
            asker.grouping(request.query, "by", "queue")
            rows = [each for each in asker.live.inside(by, place) if asker.scope.sees(each)]
        as_of_ms = asker.live.as_of_ms or now_ms()
        found: dict[str, Any] = {}
        for held in (place, *rows):
            changes = await self._changes(held.grouping, as_of_ms)
            marks = restated.marks(held, changes.get(held.key, ()), as_of_ms - restated.SPAN_MS)
            if marks:
                found[id_of(held.key)] = marks
        return answer({"as_of_ms": as_of_ms, "subjects": found})

    async def _changes(self, grouping: str, as_of_ms: int) -> dict[str, list[restated.Change]]:
        asked = self.reading.history.restated(self.reading.groupings[grouping], as_of_ms)
        found: dict[str, list[restated.Change]] = await self.reading.away(asked)
        return found
