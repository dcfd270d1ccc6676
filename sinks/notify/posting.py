"""One POST of JSON, safely; every way in which it may fail is an answer, not an exception."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from sinks.notify.answers import Answer
from sinks.notify.safety import CheckedResolver, Lookup, UnsafeTarget, check_url

ANSWER_BYTES_MAX = 64 * 1024
#: After the status is known; an answer is read only so that the other side can finish.
ANSWER_S_MAX = 1.0
USER_AGENT = "Watchfloor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is sent where. After a status of ``refusals`` the same body is not tried again."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False
    timeout_s: float = 10.0
    refusals: frozenset[int] = frozenset()


async def post(given: Post, lookup: Lookup | None = None) -> Answer:
    """Send, and say what came of it. Each call has a connection of its own."""
    try:
        check_url(given.url, internal=given.internal)
        async with asyncio.timeout(given.timeout_s):
            return await _send(given, lookup)
    except TimeoutError:
        return Answer("retry", "time_out")
    except UnsafeTarget as unsafe:
        return Answer("retry", str(unsafe))
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, UnsafeTarget):
            return Answer("retry", str(error.os_error))
        return Answer("retry", type(error).__name__)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # The text of an error may hold the address, and that a secret.
        return Answer("retry", type(error).__name__)


async def _send(given: Post, lookup: Lookup | None) -> Answer:
    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(internal=given.internal, lookup=lookup),
        use_dns_cache=False,
        force_close=True,
    )
    headers = {"content-type": "application/json", "user-agent": USER_AGENT, **given.headers}
    async with (
        aiohttp.ClientSession(connector=connector, trust_env=False) as session,
        session.post(
            given.url, data=given.body, headers=headers, allow_redirects=False
        ) as response,
    ):
        found = _answer(response.status, response.headers.get("retry-after", ""), given.refusals)
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, asyncio.IncompleteReadError):
            async with asyncio.timeout(ANSWER_S_MAX):
                await response.content.readexactly(ANSWER_BYTES_MAX)
        response.close()
        return found


def _answer(status: int, retry_after: str, refusals: frozenset[int]) -> Answer:
    if 200 <= status < 300:
        return Answer("sent", f"http_{status}")
    if status == 410:
        return Answer("gone", "http_410")
    if 300 <= status < 400:
        return Answer("retry", "redirect_refused")
    if status in refusals:
        return Answer("refused", f"http_{status}")
    wait_ms = int(retry_after) * 1000 if retry_after.isdecimal() and len(retry_after) < 8 else 0
    return Answer("retry", f"http_{status}", wait_ms)
