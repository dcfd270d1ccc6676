"""The gateway as a web application: who may send, what is taken, and how it is answered."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from schemas.principals import Principal
from sinks.board.answers import HEADERS
from streams import logs
from streams.alert_access import Gate
from streams.gateway import wrapping
from streams.gateway.answers import Fault, Turned, accepted, refusal
from streams.gateway.bodies import BodyLimits, read_body
from streams.gateway.budget import Budget, Claim
from streams.gateway.guard import Guard
from streams.gateway.hook_parts import Hooks
from streams.gateway.hooks import Hook, Read
from streams.gateway.intake import Intake, Ready, turned
from streams.gateway.seen import Delivery
from streams.gateway.writer import Writer
from streams.meters import Meters

log = logs.get(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ReadHook = Callable[[Hook, bytes, Principal | None, int], Awaitable[Read]]
SenderOf = Callable[[Hook, web.Request, bytes], Principal | None]
#: Events whose ids are kept to count repeats; both are sent, and stage 1 drops the second.
_KNOWN_MAX = 50_000
_CODES = {401: "token_needed", 403: "not_allowed", 404: "not_found", 405: "not_found"}


def now_ms() -> int:
    """Wall-clock time, UTC ms."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Gateway:
    """All that answers."""

    gate: Gate
    intake: Intake
    writer: Writer
    budget: Budget
    hook_budget: Budget
    limits: BodyLimits
    events_max: int
    guard: Guard
    hooks: Hooks
    meters: Meters
    stopping: bool = False
    _known: OrderedDict[tuple[bytes, str], None] = field(default_factory=OrderedDict)

    def application(self) -> web.Application:
        """What serves it."""
        app = web.Application(middlewares=[self._worded])
        app.router.add_post("/v1/events", self._events)
        app.router.add_post("/v1/hooks/{hook}", self._hook)
        app.router.add_post("/v1/hooks/{hook}/looks", self._looks)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        return app

    def why_not_ready(self) -> str | None:
        """Why no events should be sent here now; None when they may."""
        if self.stopping:
            return "the gateway is being stopped"
        return "the broker does not answer" if self.writer.is_away else None

    @property
    def held_bytes(self) -> int:
        """Bytes of bodies that are being read or wait for the broker."""
        return self.budget.held_bytes + self.hook_budget.held_bytes

    async def _take(
        self,
        request: web.Request,
        claim: Claim,
        read: Callable[[bytes], Awaitable[list[Ready]]],
    ) -> web.Response:
        """Read a body, make records of it, store them, and answer; raises Turned."""
        try:
            records = await read(await read_body(request, claim, self.limits))
        except BaseException:
            claim.release()
            raise
        return await self._store(records, claim)

    async def _events(self, request: web.Request) -> web.Response:
        principal = self.gate.sender(request)
        attributes = wrapping.attributes_in(request.headers)
        try:
            kind = wrapping.kind_of(request.content_type, attributes)
        except wrapping.NoKind as error:
            says = "this content type is not read"
            raise Turned("unsupported_type", says, str(error)) from None

        async def read(body: bytes) -> list[Ready]:
            return await self._read(principal, body, kind, attributes)

        return await self._take(request, self.budget.claim(), read)

    async def _hook(self, request: web.Request) -> web.Response:
        return await self._hooked(request, Hook.read, Hook.sender)

    async def _looks(self, request: web.Request) -> web.Response:
        # A look is no delivery of the platform's: who polls it is a sender like any other.
        return await self._hooked(request, Hook.read_looks, Hook.named_sender)

    async def _hooked(
        self, request: web.Request, read_all: ReadHook, sender: SenderOf
    ) -> web.Response:
        hook = self.hooks.by_name.get(request.match_info["hook"])
        if hook is None:
            says = f"webhooks are taken of {', '.join(self.hooks.by_name)}"
            raise Turned("not_found", says)
        if request.content_type != "application/json":
            raise Turned("unsupported_type", "a webhook is application/json")
        seen: list[Delivery] = []

        async def read(body: bytes) -> list[Ready]:
            found = await read_all(hook, body, sender(hook, request, body), now_ms())
            seen.extend(found.deliveries)
            return found.records

        answer = await self._take(request, self.hook_budget.claim(), read)
        hook.stored(seen)
        return answer

    async def _read(
        self,
        principal: Principal | None,
        body: bytes,
        kind: wrapping.Kind,
        attributes: dict[str, str],
    ) -> list[Ready]:
        try:
            sent = wrapping.objects(body, kind, attributes, self.events_max)
        except wrapping.TooMany as error:
            raise Turned("too_large", str(error), "send fewer events at a time") from None
        except wrapping.Misshapen as error:
            refused = error.refused
            if error.index < 0:
                says = f"the body: {refused.message}"
                raise Turned("bad_request", says, "schemas/README.md says how") from None
            fault = Fault(error.index, refused.reason.value, refused.field, refused.message)
            raise turned((fault,)) from None
        return await self.intake.read(sent, principal, now_ms())

    async def _store(self, records: Sequence[Ready], claim: Claim) -> web.Response:
        if not records:
            claim.release()
            return accepted(0, 0)
        began_s = time.monotonic()
        await self.writer.store(records, claim.release)
        self.meters.observe("gateway_write_s", time.monotonic() - began_s)
        self.meters.count("gateway_accepted_events_total", len(records))
        return accepted(len(records), self._duplicates(records))

    def _duplicates(self, records: Sequence[Ready]) -> int:
        """How many of these were stored before, as far as is remembered."""
        found = 0
        for each in records:
            name = each.key, each.event_id
            found += name in self._known
            self._known[name] = None
            self._known.move_to_end(name)
        while len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)
        return found

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        why_not = self.why_not_ready()
        return web.Response(text=f"{why_not or 'ok'}\n", status=200 if why_not is None else 503)

    @web.middleware
    async def _worded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Errors in words, and the headers that every answer has."""
        async with self.guard.answering(request):
            try:
                if self.stopping and request.method == "POST":
                    says = "the gateway is being stopped"
                    raise Turned("stopping", says, "send it again", retry_after_s=5)
                response = await handler(request)
            except Turned as error:
                response = refusal(error)
                self._count_faults(error)
            except web.HTTPException as error:
                response = _worded_anew(error)
            self.meters.count("gateway_requests_total", 1, str(response.status))
            response.headers.update(HEADERS)
            return response

    def _count_faults(self, error: Turned) -> None:
        for each in error.faults:
            self.meters.count("gateway_refused_events_total", 1, each.reason)


def _worded_anew(error: web.HTTPException) -> web.Response:
    """An error of aiohttp's, or of the gate, in our shape; its text may be a JSON text."""
    if error.status == 405:
        return refusal(Turned("not_found", "there is no such address for this method"))
    code = _CODES.get(error.status, "bad_request")
    says = error.reason
    if error.content_type == "application/json" and error.text:
        says = str(orjson.loads(error.text))
    return refusal(Turned(code, says, _TOKEN if error.status in (401, 403) else ""))


_TOKEN = "`watchfloor alerts token NAME --role sender` makes a token of the gateway"
