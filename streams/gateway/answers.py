"""How the gateway answers: JSON, and errors that name the event, the field and the remedy."""

from dataclasses import dataclass

from aiohttp import web

from sinks.board.answers import HEADERS, answer

_STATUS = {
    "bad_request": 400, "bad_event": 400, "truncated": 400, "token_needed": 401,
    "not_allowed": 403, "not_found": 404, "too_slow": 408, "too_large": 413,
    "unsupported_type": 415, "full": 429, "failed": 500, "broker_away": 503, "stopping": 503,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one event; ``index`` counts from 0. It never repeats content."""

    index: int
    reason: str
    field: str
    says: str


class Turned(Exception):
    """A request that was turned away; nothing of it is known to be stored."""

    def __init__(
        self,
        code: str,
        says: str,
        remedy: str = "",
        *,
        faults: tuple[Fault, ...] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(says)
        self.code, self.says, self.remedy = code, says, remedy
        self.faults, self.retry_after_s = faults, retry_after_s

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUS[self.code]


def refusal(turned: Turned) -> web.Response:
    """It as JSON."""
    said: dict[str, object] = {
        "code": turned.code,
        "says": turned.says,
        "remedy": turned.remedy,
    }
    if turned.faults:
        said["faults"] = [
            {"index": each.index, "reason": each.reason, "field": each.field, "says": each.says}
            for each in turned.faults
        ]
    found = answer({"error": said}, turned.status)
    if turned.retry_after_s is not None:
        found.headers["Retry-After"] = str(turned.retry_after_s)
    if turned.status == 401:
        found.headers["WWW-Authenticate"] = "Bearer"
    found.headers.update(HEADERS)
    return found


def accepted(count: int, duplicates: int) -> web.Response:
    """What was stored, as JSON."""
    found = answer({"accepted": count, "duplicates": duplicates}, 202)
    found.headers.update(HEADERS)
    return found
