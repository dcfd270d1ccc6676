"""How the board answers: JSON, errors in words with a remedy, and headers that keep pages tame."""

from typing import Any

import msgspec
from aiohttp import web

#: No other host, nothing inline, no frames: see README.md.
POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_encode = msgspec.json.Encoder().encode
_STATUS = {
    "bad_request": 400, "token_needed": 401, "wrong_token": 401, "not_allowed": 403,
    "not_from_the_board": 403, "not_found": 404, "no_history": 404, "too_large": 413,
    "too_often": 429, "failed": 500, "history_away": 503, "redis_away": 503, "alerts_away": 503,
    "too_many": 503,
}  # fmt: skip


class Failed(Exception):
    """An answer that is an error: its code, what it says, and what to do."""

    def __init__(self, code: str, says: str, remedy: str = "") -> None:
        super().__init__(says)
        self.code, self.says, self.remedy = code, says, remedy


def answer(body: Any, status: int = 200) -> web.Response:
    """JSON that nobody keeps."""
    return web.Response(
        body=_encode(body),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


def refusal(failed: Failed) -> web.Response:
    """An error as JSON."""
    said = {"code": failed.code, "says": failed.says, "remedy": failed.remedy}
    found = answer({"error": said}, _STATUS[failed.code])
    if failed.code == "too_often":
        found.headers["Retry-After"] = "10"
    return found
