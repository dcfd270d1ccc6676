"""Who asks the API of alerts or the gateway, and what they may do."""

from dataclasses import dataclass

from aiohttp import hdrs, web

from schemas.principals import Principal
from streams.kept_files import KeptFile
from streams.principals import owner

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BEARER = "Bearer "
_ASK_FOR_IT = {"WWW-Authenticate": "Bearer"}


def failed(
    kind: type[web.HTTPError], message: str, headers: dict[str, str] | None = None
) -> web.HTTPError:
    """An error as Alertmanager words it: a JSON text."""
    body = web.json_response(message).text
    return kind(text=body, content_type="application/json", headers=headers)


@dataclass(frozen=True, slots=True)
class Gate:
    """``host`` is where we listen: without a token one reads and sends on this machine only."""

    principals: KeptFile[tuple[Principal, ...]]
    host: str

    def reader(self, request: web.Request) -> Principal | None:
        """Who reads; None: somebody on this machine. Raises 401 and 403."""
        principal = self._named_or_local(request)
        if principal is not None and not principal.may_read:
            raise failed(web.HTTPForbidden, f"{principal.name} only sends")
        return principal

    def sender(self, request: web.Request) -> Principal | None:
        """Who sends events; None: somebody on this machine. Raises 401 and 403."""
        principal = self._named_or_local(request)
        if principal is not None and not principal.may_send:
            raise failed(web.HTTPForbidden, f"{principal.name} is no sender")
        return principal

    def _named_or_local(self, request: web.Request) -> Principal | None:
        principal = self._named(request)
        if principal is not None:
            return principal
        if self.host not in LOOPBACK:
            raise failed(web.HTTPUnauthorized, "a bearer token is needed", _ASK_FOR_IT)
        # A page of the web can have its own name resolve to this machine, but not call itself so.
        if _named_host(request) not in LOOPBACK:
            raise failed(web.HTTPForbidden, "ask for 127.0.0.1, or bring a bearer token")
        return None

    def changer(self, request: web.Request) -> Principal:
        """Who changes something; raises 401 without a token and 403 without the role."""
        principal = self._named(request)
        if principal is None:
            raise failed(web.HTTPUnauthorized, "a bearer token is needed", _ASK_FOR_IT)
        if not principal.may_change:
            raise failed(web.HTTPForbidden, f"{principal.name} is no operator")
        return principal

    def _named(self, request: web.Request) -> Principal | None:
        given = request.headers.get(hdrs.AUTHORIZATION)
        if given is None:
            return None
        found = None
        if given.startswith(_BEARER):
            found = owner(given.removeprefix(_BEARER).strip(), self.principals.look())
        if found is None:
            raise failed(web.HTTPUnauthorized, "nobody has this token", _ASK_FOR_IT)
        return found


def _named_host(request: web.Request) -> str:
    name = request.host
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]
