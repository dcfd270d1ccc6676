"""Policies made ready for clocks: conditions by the code of a moment, targets, calendars, versions.

A moment keeps little of its event. A policy that asks for more is refused here with what is
missing, since a condition on what nobody keeps would never hold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from schemas.policies import ALWAYS, Condition, ItemMatch, Policy, PolicyFile, PolicyVersion
from schemas.policies_checks import CONDITIONS, EVENT_FIELDS, ITEM_FIELDS
from streams.core import moments
from streams.core.hours import AllHours, BusinessHours, Hours
from streams.core.moments import CODES, EXTRA_FIELDS, QUEUED, REQUEUED, Moment

START, PAUSE, RESUME, STOP, CANCEL, RESET = CONDITIONS
#: When one moment meets several conditions of a clock, the first of these counts.
PRECEDENCE = (CANCEL, STOP, RESET, PAUSE, RESUME, START)
#: Anchors that may be still to come when a clock starts, and the moments that they are.
CLAIM_ANCHORS = frozenset({"first_claim", "last_claim"})
CLAIMS = frozenset({moments.ASSIGNED, moments.CLAIMED})
#: What is known of an item, in this order; further dimensions follow.
KNOWN = ("queue", "team", "site")

#: (position in what is known or in a moment's details, accepted values)
Check = tuple[int, frozenset[str]]


class NotKept(ValueError):
    """A policy asks for what moments don't keep; the text says what, for each policy."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What moments keep beside their common fields: ``extras``, and ``details`` by code."""

    extras: tuple[str, ...] = ()
    details: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: moments._DETAILS)

    def known(self, name: str) -> int | None:
        """Where a field of the item is in what is known, None when it is not kept."""
        kept = KNOWN + self.extras
        return kept.index(name) if name in kept else None

    def detail(self, code: int, name: str) -> int | None:
        """Where a field of the event is in a moment's details."""
        kept = self.details.get(code, ())
        return kept.index(name) if name in kept else None


@dataclass(frozen=True, slots=True)
class Trigger:
    """A condition for one code of moment."""

    condition: str
    item: tuple[Check, ...]
    event: tuple[Check, ...]

    def holds(self, known: list[str], moment: Moment) -> bool:
        """Whether a moment meets the condition, given what is known of the item."""
        details = moment.details
        return all(known[at] in values for at, values in self.item) and all(
            at < len(details) and details[at] in values for at, values in self.event
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of one policy."""

    policy: str
    contract: str
    version: int
    valid_from_ms: int
    to_open: bool
    anchor: str | None
    hours: Hours
    triggers: Mapping[int, tuple[Trigger, ...]]
    targets: tuple[tuple[tuple[Check, ...], int], ...]
    at_risk: float

    def target_ms(self, known: list[str]) -> int | None:
        """How long an item may take; None: it gets no clock."""
        for checks, target_ms in self.targets:
            if all(known[at] in values for at, values in checks):
                return target_ms
        return None


@dataclass(frozen=True, slots=True)
class Promise:
    """One policy: its terms over time, in order."""

    id: str
    #: Whether another cycle may begin after the first.
    repeats: bool
    versions: tuple[Terms, ...]

    def at(self, t_ms: int) -> Terms | None:
        """The terms of a time; None before the first."""
        found = None
        for terms in self.versions:
            if terms.valid_from_ms <= t_ms:
                found = terms
        return found

    def codes(self) -> set[int]:
        """The codes of moments that may move its clocks."""
        found = {code for terms in self.versions for code in terms.triggers}
        if any(terms.anchor in CLAIM_ANCHORS for terms in self.versions):
            found |= CLAIMS
        return found

    def next_for_open(self, terms: Terms) -> Terms | None:
        """The next terms that also hold for clocks which run under these."""
        later = (it for it in self.versions if it.to_open and it.version > terms.version)
        return next(later, None)


@dataclass(frozen=True, slots=True)
class Book:
    """All policies; ``fingerprint`` changes whenever a clock might run differently."""

    promises: tuple[Promise, ...]
    fingerprint: str
    extra_count: int
    #: The promises (by position) whose clocks a moment of this code may move.
    moved: Mapping[int, tuple[int, ...]]


def extras_needed(file: PolicyFile) -> tuple[str, ...]:
    """The further dimensions that moments must keep for these policies, in their fixed order."""
    asked = {
        name
        for policy in file.policies
        for version in policy.versions
        for match in (*version.targets, *_conditions(version))
        for name in ITEM_FIELDS
        if getattr(match, name) is not None
    }
    return tuple(name for name in EXTRA_FIELDS if name in asked)


def make_book(file: PolicyFile, layout: Layout) -> Book:
    """Policies ready for clocks; raises NotKept with everything that moments would have to keep."""
    missing = sorted(set(_missing(file, layout)))
    if missing:
        raise NotKept("; ".join(missing))
    calendars: dict[str, Hours] = {n: BusinessHours(c) for n, c in file.calendars.items()}
    calendars[ALWAYS] = AllHours()
    promises = tuple(
        Promise(
            policy.id,
            policy.repeats,
            tuple(_terms(policy, version, calendars, layout) for version in policy.versions),
        )
        for policy in file.policies
    )
    moved: dict[int, list[int]] = {}
    for at, promise in enumerate(promises):
        for code in promise.codes():
            moved.setdefault(code, []).append(at)
    by_code = {code: tuple(found) for code, found in moved.items()}
    return Book(promises, file.fingerprint(), len(layout.extras), by_code)


def _terms(
    policy: Policy, version: PolicyVersion, calendars: Mapping[str, Hours], layout: Layout
) -> Terms:
    by_code: dict[int, list[Trigger]] = {}
    for name in PRECEDENCE:
        for condition in getattr(version, name):
            item = _item_checks(condition, layout)
            for _, code in _codes(condition):
                event = _event_checks(condition, code, layout)
                by_code.setdefault(code, []).append(Trigger(name, item, event))
    return Terms(
        policy=policy.id,
        contract=policy.contract,
        version=version.version,
        valid_from_ms=version.valid_from,
        to_open=version.applies == "open",
        anchor=version.anchor,
        hours=calendars[version.calendar],
        triggers={code: tuple(triggers) for code, triggers in by_code.items()},
        targets=tuple((_item_checks(each, layout), each.target_ms) for each in version.targets),
        at_risk=version.at_risk,
    )


def _conditions(version: PolicyVersion) -> Iterator[Condition]:
    for name in CONDITIONS:
        yield from getattr(version, name)


def _codes(condition: Condition) -> Iterator[tuple[str, int]]:
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


def _item_checks(match: ItemMatch, layout: Layout) -> tuple[Check, ...]:
    checks = []
    for name in ITEM_FIELDS:
        values, at = getattr(match, name), layout.known(name)
        if values is not None:
            assert at is not None
            checks.append((at, frozenset(values)))
    return tuple(checks)


def _event_checks(condition: Condition, code: int, layout: Layout) -> tuple[Check, ...]:
    checks = []
    for name in EVENT_FIELDS:
        values, at = getattr(condition, name), layout.detail(code, name)
        # That a queueing is the first is in its code.
        if values is not None and not (code == QUEUED and name == "reason"):
            assert at is not None
            checks.append((at, frozenset(values)))
    return tuple(checks)


def _missing(file: PolicyFile, layout: Layout) -> Iterator[str]:
    for policy in file.policies:
        for version in policy.versions:
            place = f"{policy.id} version {version.version}"
            for match in (*version.targets, *_conditions(version)):
                for name in ITEM_FIELDS:
                    if getattr(match, name) is not None and layout.known(name) is None:
                        yield f"{place} asks for {name}, which moments do not keep"
            for condition in _conditions(version):
                for event, name in _unkept(condition, layout):
                    yield f"{place} asks for {name} of {event}, which moments do not keep"


def _unkept(condition: Condition, layout: Layout) -> Iterator[tuple[str, str]]:
    for event, code in _codes(condition):
        for name in EVENT_FIELDS:
            told_by_code = code == QUEUED and name == "reason"
            if getattr(condition, name) is None or told_by_code:
                continue
            if layout.detail(code, name) is None:
                yield event, name
