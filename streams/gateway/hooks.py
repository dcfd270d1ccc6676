"""Webhooks of annotation platforms: who sent one, what its mapping makes of it, what was missed."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic_core import from_json

from schemas.principals import Principal
from streams.alert_access import Gate
from streams.gateway.answers import Fault, Turned
from streams.gateway.intake import Intake, Ready, turned
from streams.gateway.seen import Delivery, Watcher
from streams.sources.memory import Memory
from streams.sources.one_record import RecordMapper
from streams.sources.records import EventDict, RowRefused

CVAT_HEADER = "X-Signature-256"
_CVAT_PREFIX = "sha256="
#: Most things of one request that looks at a platform.
LOOKS_MAX = 500

#: Whether headers and body are what the platform with our secret sends; None: it has not tried.
Proof = Callable[[Mapping[str, str], bytes], bool | None]


def cvat_proof(secret: str) -> Proof:
    """CVAT signs the body with the secret."""

    def proven(headers: Mapping[str, str], body: bytes) -> bool | None:
        given = headers.get(CVAT_HEADER)
        if given is None:
            return None
        right = _CVAT_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right.encode(), given.encode("utf-8", "replace"))

    return proven


def header_proof(name: str, secret: str) -> Proof:
    """Label Studio sends what it was told to, in a header of any name."""

    def proven(headers: Mapping[str, str], _body: bytes) -> bool | None:
        given = headers.get(name)
        if given is None:
            return None
        return hmac.compare_digest(secret.encode(), given.encode("utf-8", "replace"))

    return proven


@dataclass(frozen=True, slots=True)
class Read:
    """The records of a request, and the deliveries to remember once they are stored."""

    records: list[Ready]
    deliveries: list[Delivery]


@dataclass(frozen=True, slots=True)
class Hook:
    """The webhooks of one platform. ``proof`` None: no secret was set."""

    name: str
    proof: Proof | None
    gate: Gate
    mapper: RecordMapper
    watcher: Watcher
    memory: Memory
    intake: Intake

    def sender(self, request: web.Request, body: bytes) -> Principal | None:
        """Who sent it: None for the platform itself, or somebody on this machine.

        Raises Turned for a wrong secret, and what ``Gate.sender`` raises without one.
        """
        proven = self.proof(request.headers, body) if self.proof is not None else None
        if proven:
            return None
        says = f"the secret or signature of {self.name} is missing or wrong"
        remedy = "WATCHFLOOR_GATEWAY_*_SECRET has to be the webhook's"
        if proven is False or (self.proof is not None and "Authorization" not in request.headers):
            raise Turned("token_needed", says, remedy)
        return self.gate.sender(request)

    def named_sender(self, request: web.Request, _body: bytes) -> Principal | None:
        """Who sent it by its token; raises what ``Gate.sender`` raises."""
        return self.gate.sender(request)

    async def read(self, body: bytes, principal: Principal | None, now_ms: int) -> Read:
        """The events of one delivery; raises Turned."""
        return await self._mapped([_object(body)], principal, now_ms)

    async def read_looks(self, body: bytes, principal: Principal | None, now_ms: int) -> Read:
        """The events that looks at the platform show to be missing; raises Turned."""
        looks = _object(body).get("looks")
        if not isinstance(looks, list) or len(looks) > LOOKS_MAX:
            raise Turned("bad_request", f"looks: a list of at most {LOOKS_MAX}", "")
        found: list[Delivery] = []
        for index, look in enumerate(looks):
            try:
                found += self.watcher.missed(look if isinstance(look, dict) else {}, self.memory)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                says = str(error) if type(error) is ValueError else "is no look at this platform"
                raise turned((Fault(index, "bad_look", "", says),)) from None
        return await self._mapped(found, principal, now_ms)

    def stored(self, deliveries: list[Delivery]) -> None:
        """Remember what was seen, now that its events are in Kafka."""
        for each in deliveries:
            self.watcher.saw(each, self.memory)

    async def _mapped(
        self, deliveries: list[Delivery], principal: Principal | None, now_ms: int
    ) -> Read:
        events: list[EventDict] = []
        for index, each in enumerate(deliveries):
            found = self.mapper.events_of(each, now_ms)
            if isinstance(found, RowRefused):
                raise turned((Fault(index, found.reason.value, found.field, found.message),))
            events += found
        return Read(await self.intake.read(events, principal, now_ms), deliveries)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise Turned("bad_request", "the body is not JSON", "send the webhook as it is") from None
    if not isinstance(found, dict):
        raise Turned("bad_request", "the body is no JSON object", "send the webhook as it is")
    return found
