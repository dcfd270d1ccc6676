"""Changes go to the notifier's API of alerts, with the token of whoever asks.

So there is one truth and one check: the notifier knows the alert, the person and the silences,
and writes what is asked into ``ops.commands``; the step comes back over Redis like any other.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from sinks.board.answers import Failed

TIMEOUT_S, CHECK_S = 5.0, 2.0
_REMEDY = "watchfloor deliver --only notify"
_CODES = {400: "bad_request", 401: "wrong_token", 403: "not_allowed", 404: "not_found"}


@dataclass(frozen=True, slots=True)
class Desk:
    """The notifier's API at an address."""

    session: aiohttp.ClientSession
    address: str

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """One request as whoever has the token; raises Failed as the API words it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                # A redirect would take the token along.
                answer = await self.session.request(
                    method, f"{self.address}{path}", json=body, headers=headers,
                    allow_redirects=False,
                )  # fmt: skip
                async with answer:
                    said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            says = f"The notifier does not answer ({type(error).__name__})."
            raise Failed("alerts_away", says, _REMEDY) from None
        if answer.status == 200:
            return said
        raise Failed(_CODES.get(answer.status, "alerts_away"), str(said), "")

    async def check(self) -> None:
        """Whether it answers; raises Failed."""
        try:
            async with asyncio.timeout(CHECK_S):
                answer = await self.session.get(f"{self.address}/-/healthy")
                answer.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Failed("alerts_away", type(error).__name__, _REMEDY) from None

    async def silences(self, token: str) -> list[dict[str, Any]]:
        """All silences that somebody may see."""
        found = await self.ask("GET", "/api/v2/silences", token)
        return [_silence(each) for each in found]


def _silence(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": given["id"],
        "state": given["status"]["state"],
        "starts_at_ms": _ms(given["startsAt"]),
        "ends_at_ms": _ms(given["endsAt"]),
        "created_by": given["createdBy"],
        "comment": given["comment"],
        "kind": given.get("kind", "silence"),
        "matchers": [
            {"name": each["name"], "value": each["value"], "is_regex": each["isRegex"],
             "is_equal": each["isEqual"]}
            for each in given["matchers"]
        ],
    }  # fmt: skip


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def rfc3339(t_ms: int) -> str:
    """UTC ms as the API reads it."""
    return datetime.fromtimestamp(t_ms / 1000, UTC).isoformat()
