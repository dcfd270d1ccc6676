"""Policies made ready for clocks: conditions by the code of a moment, targets, calendars."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.policies import ALWAYS, Condition, ItemMatch, Policy, PolicyFile, PolicyVersion
from schemas.policies_checks import CONDITIONS, EVENT_FIELDS, ITEM_FIELDS
from streams.core import moments
from streams.core.hours import AllHours, BusinessHours, Hours
from streams.core.kept import Layout, NotKept, codes_of, missing_from
from streams.core.moments import QUEUED, Moment

START, PAUSE, RESUME, STOP, CANCEL, RESET = CONDITIONS
#: When one moment meets several conditions of a clock, the first of these counts.
PRECEDENCE = (CANCEL, STOP, RESET, PAUSE, RESUME, START)
#: Anchors that may be still to come when a clock starts, and the moments that they are.
CLAIM_ANCHORS = frozenset({"first_claim", "last_claim"})
CLAIMS = frozenset({moments.ASSIGNED, moments.CLAIMED})

#: (position in what is known or in a moment's details, accepted values)
Check = tuple[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A condition for one code of moment."""

    condition: str
    item: tuple[Check, ...]
    event: tuple[Check, ...]

    def holds(self, known: list[str], moment: Moment) -> bool:
        """Whether a moment meets the condition, given what is known of the item."""
        if not self.item and not self.event:
            return True
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


#: No clocks at all.
NO_POLICIES = Book((), "", 0, {})


def make_book(file: PolicyFile, layout: Layout) -> Book:
    """Policies ready for clocks; raises NotKept with everything that moments would have to keep."""
    missing = sorted(set(missing_from(layout, file)))
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
            for _, code in codes_of(condition):
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
