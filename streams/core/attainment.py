"""What SLA clocks count for: signed facts out of the steps of an item's clocks.

Each clock counts once: at its fulfilment when that is in time, else at its deadline. A clock that
is open at its deadline is bad there, whatever comes later. Only contracts of type SLA count, so
that no agreement among teams improves what a client was promised; the ledger has them all.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from schemas.measures import key_of
from streams.core.facts import Fact, Scope, counter, negated
from streams.core.transitions import Cause, Kind, Transition

_RANK = {kind: rank for rank, kind in enumerate(Kind)}
#: Steps that tell how long the clock has run and been paused.
_SETTLING = frozenset({Kind.PAUSE, Kind.RESUME, Kind.FULFIL, Kind.CANCEL})
_SINGLE = {Kind.ACTIVATE: "sla_activated", Kind.AT_RISK: "sla_at_risk", Kind.BREACH: "sla_breached"}
#: Steps after which a clock runs.
_RUNNING = frozenset({Kind.ACTIVATE, Kind.RESUME, Kind.AT_RISK})

#: Where a clock counts as open, and its deadline (UTC ms).
Standing = tuple[Scope, int]


#: A fact, and the id of the event that caused it; "" when time did.
Caused = tuple[Fact, str]


def facts_of(story: Iterable[Transition]) -> list[Fact]:
    """The facts of an item's clocks; they depend on the steps and not on their order here."""
    return [fact for fact, _ in caused_by(story)]


def caused_by(story: Iterable[Transition]) -> list[Caused]:
    """The facts of an item's clocks, each with what caused it."""
    facts: list[Caused] = []
    settled: dict[tuple[str, int], tuple[int, int]] = {}
    breaches: dict[tuple[str, int], Transition] = {}
    for step in sorted(story, key=_order):
        if step.contract != "SLA":
            continue
        clock = (step.policy, step.cycle)
        name = _SINGLE.get(step.kind) or _end_of(step)
        deltas = [counter(name)] if name else []
        if step.kind is Kind.BREACH:
            breaches[clock] = step
        elif step.kind is Kind.CANCEL and step.cause is Cause.CANCEL and clock in breaches:
            breach = breaches[clock]
            facts.append((_fact(breach, [counter("sla_breached_cancelled")]), step.event_id))
        elif step.kind is Kind.FULFIL and step.breached:
            deltas.append((key_of("sla_overdue_ms"), max(0, -step.remaining_ms)))
        if step.kind in _SETTLING:
            elapsed_ms, paused_ms = settled.get(clock, (0, 0))
            settled[clock] = (step.elapsed_ms, step.paused_ms)
            deltas.append((key_of("sla_elapsed_ms"), step.elapsed_ms - elapsed_ms))
            deltas.append((key_of("sla_paused_ms"), step.paused_ms - paused_ms))
        deltas = [(key, n) for key, n in deltas if n]
        if deltas:
            facts.append((_fact(step, deltas), step.event_id))
    return facts


def difference(before: Sequence[Transition], after: Sequence[Transition]) -> list[Caused]:
    """The facts that turn what one story counted for into what the other counts for."""
    if not before:
        return caused_by(after)
    changes = Counter(caused_by(after))
    changes.subtract(caused_by(before))
    facts: list[Caused] = []
    for (fact, event_id), n in changes.items():
        facts += [(fact if n > 0 else negated(fact), event_id)] * abs(n)
    return facts


def open_deadlines(story: Iterable[Transition]) -> "Counter[Standing]":
    """Where and when clocks that run are due: those that may still be kept.

    Paused clocks have no deadline, breached ones have had it.
    """
    latest: dict[tuple[str, int], Transition] = {}
    for step in story:
        clock = (step.policy, step.cycle)
        known = latest.get(clock)
        if known is None or _order(known) < _order(step):
            latest[clock] = step
    return Counter(
        (_scope(step), step.deadline_ms)
        for step in latest.values()
        if step.contract == "SLA"
        and step.kind in _RUNNING
        and not step.breached
        and step.deadline_ms is not None
    )


def _end_of(step: Transition) -> str | None:
    if step.kind is Kind.FULFIL:
        return "sla_fulfilled_late" if step.breached else "sla_fulfilled"
    if step.kind is Kind.CANCEL:
        return "sla_cancelled" if step.cause is Cause.CANCEL else "sla_superseded"
    return None


def _order(step: Transition) -> tuple[str, int, int, int, int, int]:
    spent_ms = step.elapsed_ms + step.paused_ms
    return (step.policy, step.cycle, step.at_ms, spent_ms, _RANK[step.kind], step.n)


def _fact(step: Transition, deltas: list[tuple[int, int]]) -> Fact:
    return Fact(step.at_ms, _scope(step), tuple(deltas))


def _scope(step: Transition) -> Scope:
    return Scope(step.queue, step.team, step.site, None, None, None, step.extras)
