"""Reads what a view or a question is about from the address; whatever is wrong is said."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.groupings import Grouping
from schemas.metrics import METRIC_BY_ID
from sinks.board.answers import Failed
from sinks.board.ids import grouping_of, key_of
from sinks.board.live import Held, Live
from sinks.board.scope import Scope
from sinks.board.view import Wish

WINDOWS = ("1m", "5m", "15m", "1h", "8h", "24h", "7d", "28d", "shift", "day")
_LIST = "`GET /api/subjects?by=queue` lists what there is"
_LONG = 2000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and of which floor."""

    scope: Scope
    live: Live
    groupings: Mapping[str, Grouping]

    def wish(self, query: Mapping[str, str]) -> Wish:
        """A view; raises Failed."""
        place = self.place(query)
        by = self.grouping(query, "by", "queue") if query.get("by") != "none" else "none"
        window = query.get("window") or None
        if window is not None and window not in WINDOWS:
            raise Failed("bad_request", f"There is no window {window[:20]!r}.", ", ".join(WINDOWS))
        return Wish(place, by, window, query.get("detail") == "1", self.scope)

    def place(self, query: Mapping[str, str]) -> str:
        """The key of the subject asked for; raises Failed when it may not be seen."""
        given = query.get("place", "")
        if not given:
            return self.scope.first_place(self.live)
        if len(given) > _LONG:
            raise Failed("bad_request", "That is no place.", _LIST)
        key = key_of(given)
        if grouping_of(key) not in self.groupings:
            raise Failed("not_found", "There is no such place.", _LIST)
        if not self.scope.sees_grouping(grouping_of(key)):
            raise Failed("not_allowed", "Numbers of persons need the role people.", "")
        known = key in self.live.subjects or key in self.live.names
        if not self.scope.may_place(self.live, key):
            raise Failed("not_found", "There is no such place.", _LIST)
        if not known and key != "all":
            raise Failed("not_found", "There is no such place now.", _LIST)
        return key

    def held(self, query: Mapping[str, str]) -> Held:
        """The subject asked for, as it is now; raises Failed."""
        found = self.live.subjects.get(self.place(query))
        if found is None:
            raise Failed("not_found", "There are no numbers of that place yet.", _LIST)
        return found

    def grouping(self, query: Mapping[str, str], name: str, default: str) -> str:
        """A grouping; raises Failed."""
        given = query.get(name) or default
        if given not in self.groupings:
            known = ", ".join(self.groupings)
            raise Failed("bad_request", f"There is no grouping {given[:40]!r}.", known)
        if not self.scope.sees_grouping(given):
            raise Failed("not_allowed", "Numbers of persons need the role people.", "")
        return given


def metrics_of(query: Mapping[str, str], most: int = 12) -> list[str]:
    """Metrics, separated by commas; raises Failed."""
    given = [each for each in query.get("metric", "").split(",") if each]
    wrong = [each for each in given if each not in METRIC_BY_ID]
    if not given or wrong or len(given) > most:
        says = f"There is no metric {wrong[0][:40]!r}." if wrong else "Which metric?"
        raise Failed("bad_request", says, "`GET /api/definitions` names them all")
    return given
