"""Log-ins, breaks and log-outs, as a workforce tool reports them."""

from streams.simulate.outbox import EventDict, Outbox
from streams.simulate.roster import Stint
from streams.simulate.work import person_fields


class Presence:
    """Emits what a person's working day looks like from outside."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def log_in(self, stint: Stint, now_ms: int) -> None:
        """The shift begins; the plan for it was known before."""
        span: EventDict = {
            "from": stint.start_ms,
            "to": stint.end_ms,
            "activity": "production",
            "productive": True,
        }
        self._emit(now_ms, "shift.scheduled", stint, span)
        self._emit(now_ms, "shift.started", stint, span)
        self._status(now_ms, stint, "available", True)

    def log_out(self, stint: Stint, now_ms: int) -> None:
        """The shift is over and the person leaves."""
        self._status(now_ms, stint, "offline", False)
        self._emit(now_ms, "shift.ended", stint, {"from": stint.start_ms, "to": now_ms})

    def pause(self, stint: Stint, now_ms: int, until_ms: int) -> None:
        """A planned break, both ends of it."""
        self._emit(now_ms, "break.started", stint, {"kind": "rest"})
        self._status(now_ms, stint, "break", False)
        self._emit(until_ms, "break.ended", stint, {"kind": "rest"})
        self._status(until_ms, stint, "available", True)

    def _status(self, at_ms: int, stint: Stint, status: str, productive: bool) -> None:
        self._emit(at_ms, "presence.changed", stint, {"status": status, "productive": productive})

    def _emit(self, at_ms: int, event_type: str, stint: Stint, fields: EventDict) -> None:
        # People work in one tool, whose source also scopes their pseudonym.
        source = stint.seat.queues[0].source
        self._outbox.emit(at_ms, event_type, source, person_fields(stint) | fields)
