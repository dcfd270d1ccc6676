"""What moments keep of events, and what policies ask of them.

A moment keeps little of its event. A condition on what nobody keeps would never hold, so a policy
that asks for it is refused with what is missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schemas.policies import Condition, PolicyFile, PolicyVersion
from schemas.policies_checks import CONDITIONS, EVENT_FIELDS, ITEM_FIELDS
from streams.core import moments
from streams.core.moments import CODES, EXTRA_FIELDS, QUEUED, REQUEUED

#: What is known of an item, in this order; further dimensions follow.
KNOWN = ("queue", "team", "site")


class NotKept(ValueError):
    """A policy asks for what moments don't keep; the text says what, for each policy."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What moments keep beside their common fields: ``extras``, and ``details`` by code."""

    extras: tuple[str, ...] = ()
    details: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: moments.DETAILS)

    def known(self, name: str) -> int | None:
        """Where a field of the item is in what is known, None when it is not kept."""
        kept = KNOWN + self.extras
        return kept.index(name) if name in kept else None

    def detail(self, code: int, name: str) -> int | None:
        """Where a field of the event is in a moment's details."""
        kept = self.details.get(code, ())
        return kept.index(name) if name in kept else None


def extras_needed(file: PolicyFile) -> tuple[str, ...]:
    """The further dimensions that moments must keep for these policies, in their fixed order."""
    asked = {
        name
        for policy in file.policies
        for version in policy.versions
        for match in (*version.targets, *conditions_of(version))
        for name in ITEM_FIELDS
        if getattr(match, name) is not None
    }
    return tuple(name for name in EXTRA_FIELDS if name in asked)


def conditions_of(version: PolicyVersion) -> Iterator[Condition]:
    """Every condition of a version."""
    for name in CONDITIONS:
        yield from getattr(version, name)


def codes_of(condition: Condition) -> Iterator[tuple[str, int]]:
    """The event types that can meet a condition, and their codes; a requeueing has its own."""
    for name in condition.event:
        if name != "item.queued":
            yield name, CODES[name]
            continue
        reasons = condition.reason
        if reasons is None or "new" in reasons:
            yield name, QUEUED
        if reasons is None or set(reasons) != {"new"}:
            yield name, REQUEUED


def missing_from(layout: Layout, file: PolicyFile) -> Iterator[str]:
    """What policies ask for and moments of this layout do not keep, in words."""
    for policy in file.policies:
        for version in policy.versions:
            place = f"{policy.id} version {version.version}"
            for match in (*version.targets, *conditions_of(version)):
                for name in ITEM_FIELDS:
                    if getattr(match, name) is not None and layout.known(name) is None:
                        yield f"{place} asks for {name}, which moments do not keep"
            for condition in conditions_of(version):
                for event, name in _unkept(condition, layout):
                    yield f"{place} asks for {name} of {event}, which moments do not keep"


def _unkept(condition: Condition, layout: Layout) -> Iterator[tuple[str, str]]:
    for event, code in codes_of(condition):
        for name in EVENT_FIELDS:
            told_by_code = code == QUEUED and name == "reason"
            if getattr(condition, name) is None or told_by_code:
                continue
            if layout.detail(code, name) is None:
                yield event, name
