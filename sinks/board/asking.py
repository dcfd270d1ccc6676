"""Asks ClickHouse over HTTP, reading only, with a limit on time; every failure is one error."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

TIMEOUT_S = 10.0
AT_ONCE = 4
#: The engine's way to allow settings in a query and nothing that writes.
_SETTINGS = {
    "readonly": "2",
    "max_execution_time": f"{TIMEOUT_S:.0f}",
    "default_format": "JSON",
    "output_format_json_quote_64bit_integers": "0",
    "output_format_json_quote_denormals": "0",
}


class HistoryAway(RuntimeError):
    """ClickHouse does not answer, or not with what was asked for."""


@dataclass(slots=True)
class ClickHouse:
    """One database. ``session`` is the process' own; few questions go at once."""

    session: aiohttp.ClientSession
    url: str
    database: str
    user: str = "default"
    password: str = ""
    _turnstile: asyncio.Semaphore | None = None

    async def rows(self, query: str, timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]]:
        """The rows of an answer; raises HistoryAway."""
        if self._turnstile is None:
            self._turnstile = asyncio.Semaphore(AT_ONCE)
        headers = {"X-ClickHouse-User": self.user}
        if self.password:
            headers["X-ClickHouse-Key"] = self.password
        try:
            async with self._turnstile, asyncio.timeout(timeout_s):
                answer = await self.session.post(
                    self.url,
                    params={"database": self.database, **_SETTINGS},
                    data=query.encode(),
                    headers=headers,
                )
                async with answer:
                    text = await answer.text()
                    if answer.status != 200:
                        raise HistoryAway(_code(answer.headers.get("X-ClickHouse-Exception-Code")))
                    return list(json.loads(text)["data"])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            raise HistoryAway(type(error).__name__) from None


def _code(given: str | None) -> str:
    return "ClickHouse refused" if given is None else f"ClickHouse's error {given}"
