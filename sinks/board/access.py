"""Who asks the board, and whether the request may come from where it comes.

A token is typed once and kept in a cookie that scripts can't read and other sites can't send; a
tool sends it as a bearer. Whoever has none may read on this machine, if the board listens there.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from schemas.principals import Principal
from sinks.board.answers import Failed

COOKIE = "watchfloor"
COOKIE_S = 12 * 3600
#: A page of another site can't send this without asking us first, and we never allow it.
OWN_HEADER, OWN_VALUE = "X-Watchfloor", "board"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BEARER = "Bearer "
_TELL = "log in with a token; `watchfloor alerts token NAME` makes one"

Owner = Callable[[str], Principal | None]


@dataclass(slots=True)
class Bucket:
    """So many at once, and so many a second after that."""

    burst: float
    per_s: float
    level: float = 0.0
    at_s: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        """Whether one more may come now."""
        now_s = time.monotonic()
        self.level = max(0.0, self.level - (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        if self.level + 1 > self.burst:
            return False
        self.level += 1
        return True


@dataclass(slots=True)
class Limits:
    """Buckets by address; the longest unused are forgotten."""

    burst: float
    per_s: float
    _buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def check(self, address: str) -> None:
        """Raises Failed when somebody asks too often."""
        bucket = self._buckets.setdefault(address, Bucket(self.burst, self.per_s))
        self._buckets.move_to_end(address)
        while len(self._buckets) > 10_000:
            self._buckets.popitem(last=False)
        if not bucket.take():
            raise Failed("too_often", "That was too often.", "wait ten seconds")


@dataclass(slots=True)
class Door:
    """``owner`` says whose a token is, in constant time; ``host`` is where the board listens."""

    owner: Owner
    host: str
    #: Where people open the board, when that is not the address it listens on.
    public_url: str = ""
    requests: Limits = field(default_factory=lambda: Limits(200, 40))
    logins: Limits = field(default_factory=lambda: Limits(5, 0.1))

    def token(self, request: web.Request) -> str:
        """The token of a request; '' when it has none."""
        given = request.headers.get(hdrs.AUTHORIZATION, "")
        if given.startswith(_BEARER):
            return given.removeprefix(_BEARER).strip()
        return request.cookies.get(COOKIE, "")

    def reader(self, request: web.Request) -> Principal | None:
        """Who reads; None: somebody on this machine. Raises Failed."""
        principal = self.named(request)
        if principal is None and not self.is_local(request):
            raise Failed("token_needed", "Nobody may look without a token.", _TELL)
        if principal is not None and not principal.may_read:
            says = f"{principal.name} only sends events."
            raise Failed("not_allowed", says, "ask for the role viewer")
        return principal

    def changer(self, request: web.Request) -> Principal:
        """Who changes something; raises Failed without a token or the role."""
        principal = self.named(request)
        if principal is None:
            raise Failed("token_needed", "A change needs a name.", _TELL)
        if not principal.may_change:
            says = f"{principal.name} is no operator."
            raise Failed("not_allowed", says, "ask somebody with the role operator")
        return principal

    def named(self, request: web.Request) -> Principal | None:
        """Whose token came with a request; None without one. Raises Failed for a wrong one."""
        token = self.token(request)
        if not token:
            return None
        found = self.owner(token)
        if found is None:
            raise Failed("wrong_token", "Nobody has this token.", _TELL)
        return found

    def is_local(self, request: web.Request) -> bool:
        """Whether a request without a token may read: here, and for this machine's own name.

        A page of the web can have its own name resolve to this machine, but not call itself so.
        """
        return self.host in LOOPBACK and _host(request.host) in LOOPBACK

    def check_origin(self, request: web.Request) -> None:
        """Raises Failed for a change that another site may have asked for."""
        says = "A change has to come from the board's own page."
        if request.headers.get(OWN_HEADER) != OWN_VALUE:
            raise Failed("not_from_the_board", says, f"send {OWN_HEADER}: {OWN_VALUE}")
        origin = request.headers.get(hdrs.ORIGIN)
        allowed = {request.host, urlsplit(self.public_url).netloc} - {""}
        if origin is not None and urlsplit(origin).netloc not in allowed:
            raise Failed("not_from_the_board", says, "open the board by its own address")
        if request.content_type != "application/json":
            raise Failed("not_from_the_board", says, "send application/json")


def _host(given: str) -> str:
    if given.startswith("["):
        return given[1:].partition("]")[0]
    return given.partition(":")[0]
