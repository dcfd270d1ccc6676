"""The board as a web application: pages, JSON, the stream, and who gets in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from schemas.principals import Principal
from sinks.board.access import COOKIE, COOKIE_S, Door
from sinks.board.answers import HEADERS, Failed, answer, refusal
from sinks.board.changing import Changing
from sinks.board.reading import Reading
from sinks.board.restating import Restating

STATIC = Path(__file__).parent / "static"
BODY_BYTES_MAX = 64 * 1024
#: Addresses that a person may open; the page itself finds out what to show.
_PAGES = (
    "/", "/queue", "/team", "/site", "/project", "/person", "/alerts", "/alerts/{one}",
    "/silences", "/definitions", "/definitions/{one}", "/runbooks/{one}", "/login",
)  # fmt: skip
_TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".html": "text/html",
    ".svg": "image/svg+xml", ".txt": "text/plain", ".ico": "image/x-icon",
}  # fmt: skip

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a login."""

    token: str


@dataclass(slots=True)
class Board:
    """All that answers; ``space`` and ``public_url`` are told to the page."""

    reading: Reading
    changing: Changing
    door: Door
    space: str = "live"
    public_url: str = ""

    def application(self) -> web.Application:
        """What serves it."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_worded])
        router = app.router
        router.add_get("/api/me", self._me)
        router.add_post("/api/login", self._login)
        router.add_post("/api/logout", self._logout)
        self.changing.add_to(router)
        for path, handler in self.reading.routes().items():
            router.add_get(f"/api/{path}", handler)
        router.add_get("/api/restated", Restating(self.reading).find)
        for page in _PAGES:
            router.add_get(page, self._page)
        router.add_get("/static/{path:.+}", self._static)
        router.add_get("/favicon.ico", self._icon)
        return app

    async def _me(self, request: web.Request) -> web.StreamResponse:
        try:
            principal = self.door.named(request)
        except Failed:
            principal = None
        return answer(self._about(principal, may_read=self._may_read(request, principal)))

    def _may_read(self, request: web.Request, principal: Principal | None) -> bool:
        return principal is not None or self.door.is_local(request)

    def _about(self, principal: Principal | None, *, may_read: bool) -> dict[str, Any]:
        may = {"read": may_read, "change": False, "people": False}
        place = {"space": self.space, "public_url": self.public_url}
        if principal is None:
            projects = ["*"] if may_read else []
            nobody = {"name": None, "roles": [], "projects": projects, "local": may_read}
            return {**nobody, "may": may, **place}
        may |= {"change": principal.may_change, "people": principal.may_see_people}
        return {
            "name": principal.name,
            "roles": list(principal.roles),
            "projects": list(principal.projects),
            "local": False,
            "may": may,
            **place,
        }

    async def _login(self, request: web.Request) -> web.StreamResponse:
        self.door.check_origin(request)
        self.door.logins.check(request.remote or "")
        try:
            given = msgspec.json.decode(await request.read(), type=Login)
        except msgspec.DecodeError as error:
            raise Failed("bad_request", str(error), "") from None
        principal = self.door.owner(given.token.strip())
        if principal is None:
            remedy = "`watchfloor alerts token NAME` makes one"
            raise Failed("wrong_token", "Nobody has this token.", remedy)
        found = answer(self._about(principal, may_read=True))
        found.set_cookie(
            COOKIE,
            given.token.strip(),
            max_age=COOKIE_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.secure or self.public_url.startswith("https://"),
        )
        return found

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        self.door.check_origin(request)
        found = answer(self._about(None, may_read=self._may_read(request, None)))
        found.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return found

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        page = STATIC / "index.html"
        if not page.is_file():
            says = "The page's files are not part of this installation."
            raise Failed("not_found", says, "GET /api/snapshot, or `watchfloor top`")
        return _file(page)

    async def _icon(self, _request: web.Request) -> web.StreamResponse:
        return _file(STATIC / "favicon.svg")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        path = (STATIC / request.match_info["path"]).resolve()
        if not path.is_relative_to(STATIC.resolve()):
            raise Failed("not_found", "There is no such file.", "")
        return _file(path)


def _file(path: Path) -> web.StreamResponse:
    """A file of ours, checked anew at every visit: a new version is seen at once."""
    if not path.is_file() or path.suffix not in _TYPES:
        raise Failed("not_found", "There is no such file.", "")
    kind = f"{_TYPES[path.suffix]}; charset=utf-8"
    return web.FileResponse(path, headers={"Cache-Control": "no-cache", "Content-Type": kind})


def _wants_page(request: web.Request) -> bool:
    """Whether somebody mistyped an address: the page then says so, with the way back."""
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted and not request.path.startswith("/api/")


@web.middleware
async def _worded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in words, and the headers that every answer has."""
    try:
        response = await handler(request)
    except Failed as failed:
        response = refusal(failed)
    except web.HTTPRequestEntityTooLarge:
        says = f"More than {BODY_BYTES_MAX} bytes."
        response = refusal(Failed("too_large", says, "send less"))
    except web.HTTPException as error:
        code = "not_found" if error.status in (404, 405) else "bad_request"
        response = refusal(Failed(code, error.reason, ""))
        if error.status == 404 and _wants_page(request):
            response = _file(STATIC / "index.html")
            response.set_status(404)
    if not response.prepared:
        response.headers.update(HEADERS)
    return response
