"""What people ask for, made durable: one copy to each partition of ``ops.commands``."""

import uuid
from typing import Literal, cast

import msgspec

from schemas.alerts import (
    Acknowledge,
    AlertTransition,
    Close,
    Command,
    Matcher,
    Silence,
    Unacknowledge,
)
from schemas.matchers import check_matcher, matches_everything
from schemas.principals import Principal
from streams.notifier import Notifier, now_ms
from streams.producer import Outgoing, Producer


class NotAllowed(Exception):
    """A principal asked for what is not of its projects."""


class PostedMatcher(msgspec.Struct, frozen=True, rename="camel"):
    """A matcher as Alertmanager's clients send it."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class PostedSilence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as Alertmanager's clients send it; ``createdBy`` is the token's owner instead."""

    matchers: tuple[PostedMatcher, ...]
    starts_at: str
    ends_at: str
    comment: str
    created_by: str = ""
    id: str = ""
    #: An addition of ours.
    kind: Literal["silence", "maintenance"] = "silence"


class Commands:
    """Sends commands of named people, and keeps silences in the notifier's book at once."""

    def __init__(self, notifier: Notifier, partitions: int) -> None:
        self._notifier = notifier
        self._partitions = partitions

    async def silence(self, given: Silence) -> None:
        """Begin, change or end a silence; raises NotOwner."""
        await self._send(given)
        await self._notifier.keep(given)

    async def acknowledge(
        self, alert: AlertTransition, owner: Principal, note: str, until_ms: int | None
    ) -> Acknowledge:
        """Somebody takes care of an alert; what was sent."""
        at_ms = now_ms()
        given = Acknowledge(
            _id(), alert.fingerprint, owner.name, at_ms, note, until_ms, alert.labels
        )
        await self._send(given)
        return given

    async def unacknowledge(self, alert: AlertTransition, owner: Principal) -> Unacknowledge:
        """Nobody takes care of it any more."""
        given = Unacknowledge(_id(), alert.fingerprint, owner.name, now_ms(), alert.labels)
        await self._send(given)
        return given

    async def close(self, given: Close) -> None:
        """What an alert turned out to be worth."""
        await self._send(given)

    async def _send(self, given: Command) -> None:
        data = msgspec.json.encode(given)
        record: Outgoing = (given.id.encode(), data, [])
        producer = cast(Producer, self._notifier.app.producer)
        topic = self._notifier.topics.commands
        await producer.send_many(topic, {part: [record] for part in range(self._partitions)})


def read_silence(
    given: PostedSilence,
    begins_ends_ms: tuple[int, int],
    owner: Principal,
    at_ms: int,
    *,
    everything: bool,
) -> Silence:
    """A posted silence, checked; ValueError and NotAllowed say why it is none.

    ``everything`` says that it is meant to match all alerts, should it do so.
    """
    starts_ms, ends_ms = begins_ends_ms
    matchers = tuple(Matcher(m.name, m.value, m.is_regex, m.is_equal) for m in given.matchers)
    for each in matchers:
        check_matcher(each)
    if not matchers or (matches_everything(matchers) and not everything):
        raise ValueError("the silence matches every alert: name at least one label's value")
    if ends_ms <= max(starts_ms, at_ms):
        raise ValueError("the silence ends before it begins, or has ended already")
    if not given.comment.strip():
        raise ValueError("the comment is missing: say why nobody is to be told")
    check_owner(matchers, owner)
    return Silence(
        id=given.id or _id(),
        matchers=matchers,
        starts_at_ms=max(starts_ms, at_ms),
        ends_at_ms=ends_ms,
        created_by=owner.name,
        comment=given.comment,
        updated_at_ms=at_ms,
        kind=given.kind,
    )


def check_owner(matchers: tuple[Matcher, ...], owner: Principal) -> None:
    """Raises NotAllowed for a silence that reaches beyond the projects of its owner."""
    said = {each.name: each.value for each in matchers if each.is_equal and not each.is_regex}
    if not owner.sees(said):
        raise NotAllowed(
            f'{owner.name} may silence only with project="…", and org="…" where it needs one, '
            "of its own projects"
        )


def _id() -> str:
    return str(uuid.uuid4())
