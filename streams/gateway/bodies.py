"""Reads the body of a request piece by piece, so that no sender makes us hold more than it sent."""

import asyncio
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.http_exceptions import PayloadEncodingError

from streams.gateway.answers import Turned
from streams.gateway.budget import Claim


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How long a body may be, and how long it may take."""

    bytes_max: int
    body_s: float


async def read_body(request: web.Request, claim: Claim, limits: BodyLimits) -> bytes:
    """The whole body, held by ``claim``; raises Turned."""
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        # A kilobyte of it may be a gigabyte of text.
        raise Turned("unsupported_type", "compressed bodies are not read", "send it as it is")
    if (request.content_length or 0) > limits.bytes_max:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_s):
            async for piece in request.content.iter_any():
                claim.grow(len(piece))
                body += piece
                if len(body) > limits.bytes_max:
                    raise _too_large(limits)
    except TimeoutError:
        says = f"the body took longer than {limits.body_s:g} s"
        raise Turned("too_slow", says, "send it faster, or less of it") from None
    except (ClientPayloadError, PayloadEncodingError, ConnectionError):
        raise Turned("truncated", "the body ended too early", "send all of it") from None
    return bytes(body)


def _too_large(limits: BodyLimits) -> Turned:
    says = f"the body is longer than {limits.bytes_max} bytes"
    return Turned("too_large", says, "send fewer events at a time")
