"""What callers of the API of alerts send, read; and what they did wrong, as an answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, TypeVar

import msgspec
from aiohttp import web

from schemas.alerts import Matcher
from schemas.matchers import parse_matcher
from schemas.principals import Principal
from sinks.notify.views import Wish
from streams.alert_access import failed
from streams.alert_commands import NotAllowed
from streams.notifier import NotOwner

Body = TypeVar("Body", bound=msgspec.Struct)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Asked(msgspec.Struct, frozen=True):
    """The body of an acknowledgement or a verdict. ``until`` is RFC 3339."""

    note: str = ""
    until: str | None = None
    verdict: Literal["useful", "noise"] | None = None


def read_filters(request: web.Request, principal: Principal | None) -> tuple[Matcher, ...]:
    """The matchers of ``filter``. A client's may be no regular expressions: they can take for ever,
    and the notifier has other work.
    """
    found = tuple(parse_matcher(each) for each in request.query.getall("filter", []))
    if principal is not None and principal.is_client and any(each.is_regex for each in found):
        raise NotAllowed("a client filters with = and != only")
    return found


def read_wish(request: web.Request, principal: Principal | None) -> Wish:
    """Which alerts are asked for."""

    def flag(name: str) -> bool:
        return request.query.get(name, "true").lower() not in ("false", "0")

    receiver = request.query.get("receiver")
    of_client = principal is not None and principal.is_client
    return Wish(
        matchers=read_filters(request, principal),
        active=flag("active"),
        silenced=flag("silenced"),
        inhibited=flag("inhibited"),
        receiver=Matcher("receiver", receiver, is_regex=True)
        if receiver and not of_client
        else None,
    )


async def read_body(request: web.Request, kind: type[Body]) -> Body:
    """The body; ValueError when it is not of that kind."""
    data = await request.read()
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def read_time(text: str) -> int:
    """RFC 3339 as UTC ms; ValueError when it is none."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return int(found.timestamp() * 1000)


@web.middleware
async def worded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as answers."""
    try:
        return await handler(request)
    except NotAllowed as error:
        raise failed(web.HTTPForbidden, str(error)) from None
    except NotOwner:
        text = "the alerts went to another process meanwhile: ask again"
        raise failed(web.HTTPServiceUnavailable, text) from None
    except ValueError as error:
        raise failed(web.HTTPBadRequest, str(error)) from None
