"""Events as they were sent into records as the floor reads them, by the floor's own decoder.

What the decoder would refuse is refused here, with the same words; what it would drop (fields
that are no part of the contract, hence content sent by mistake) never reaches Kafka.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic_core import to_json

from schemas.codec import Decoder
from schemas.dead_letters import DeadLetter, Header
from schemas.events import MODELS
from schemas.principals import Principal
from schemas.topics import Role
from streams.gateway.answers import Fault, Turned

FAULTS_MAX: Final = 20
#: Events checked in a row before others have their turn.
_ROW: Final = 100


@dataclass(frozen=True, slots=True)
class Ready:
    """One record to store."""

    role: Role
    key: bytes
    value: bytes
    event_id: str


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that is not in Kafka yet, as the decoder takes it."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    offset: int = -1
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """``decoder`` lets ids of people pass: they become pseudonyms where the floor reads them."""

    decoder: Decoder

    async def read(
        self, sent: Iterable[dict[str, Any]], principal: Principal | None, now_ms: int
    ) -> list[Ready]:
        """All of the events, or Turned with the first faults: one request is taken whole or not."""
        ready: list[Ready] = []
        faults: list[Fault] = []
        for index, event in enumerate(sent):
            if index % _ROW == _ROW - 1:
                await asyncio.sleep(0)
            found = self._one(index, event, principal, now_ms)
            if isinstance(found, Ready):
                ready.append(found)
                continue
            faults.append(found)
            if len(faults) == FAULTS_MAX:
                break
        if faults:
            raise turned(tuple(faults))
        return ready

    def _one(
        self, index: int, event: dict[str, Any], principal: Principal | None, now_ms: int
    ) -> Ready | Fault:
        # Whoever sends over HTTP has no server that takes the event in: we are that server.
        event.setdefault("received_at", now_ms)
        role, key = _place(event)
        try:
            value = to_json(event)
        except ValueError:
            return Fault(index, "not_utf8", "", "holds text that is not Unicode")
        found = self.decoder.decode(role.value, 0, _Record(now_ms, key, value))
        if isinstance(found, DeadLetter):
            return Fault(index, found.reason.value, found.field, found.message)
        if principal is not None and not principal.sees(_labels(found)):
            says = f"{principal.name} sends for other projects only"
            return Fault(index, "not_allowed", "project_id", says)
        return Ready(role, key, orjson.dumps(found), found["event_id"])


def turned(faults: tuple[Fault, ...]) -> Turned:
    """The answer to a request with faults."""
    code = "not_allowed" if all(each.reason == "not_allowed" for each in faults) else "bad_event"
    return Turned(
        code,
        f"event {faults[0].index}: {faults[0].says}; nothing of this request was taken",
        "correct it and send the whole request again; schemas/README.md has the fields",
        faults=faults,
    )


def _labels(event: Any) -> dict[str, str]:
    return {"org": event["org_id"], "project": event.get("project_id") or ""}


def _place(event: dict[str, Any]) -> tuple[Role, bytes]:
    """Where an event belongs; for what is none, anything, since the decoder refuses it."""
    name = event.get("event_type")
    model = MODELS.get(name) if isinstance(name, str) else None
    if model is None:
        return Role.ANNOTATIONS, b""
    key = event.get(model.key_field)
    if isinstance(key, int) and not isinstance(key, bool):
        key = _digits(key)
    return model.role, key.encode("utf-8", "replace") if isinstance(key, str) else b""


def _digits(number: int) -> str:
    """A whole number as the contract reads it; '' for one that is none of its ids."""
    return str(number) if 0 <= number < 2**63 else ""
