"""Productive hours: a person's presence, as the intervals between their presence events.

Confluent like items: the facts are a function of the set of events. An interval is booked when
the next presence event of that person ends it; live numbers therefore want one at least every
minute. Gaps longer than ``gap_ms_max`` are unknown and not booked.
"""

from bisect import insort
from typing import Any

import msgspec

from schemas.measures import key_of
from streams.core.facts import Fact, Scope, negated
from streams.core.moments import Event, event_hash
from streams.core.plan import Plan

#: Statuses that are productive when the event does not say.
PRODUCTIVE = frozenset({"active", "available", "online", "working", "busy"})

_PRODUCTIVE_MS = key_of("productive_ms")


class Sighting(msgspec.Struct, frozen=True, array_like=True, gc=False, order=True):
    """One presence event: from ``t_ms`` on the person is (not) productive, in a team and site."""

    t_ms: int
    id: int
    productive: bool
    team: str
    site: str


def sighting_of(event: Event) -> Sighting:
    """What a presence.changed event says."""
    get: Any = event.get
    productive = get("productive")
    if productive is None:
        productive = event["status"].lower() in PRODUCTIVE
    return Sighting(
        event["occurred_at"],
        event_hash(event["event_id"]),
        productive,
        get("team_id") or "",
        get("site") or "",
    )


def facts_between(plan: Plan, actor: str, start: Sighting, end: Sighting) -> list[Fact]:
    """Productive ms from one sighting to the next, cut at the borders of minutes."""
    if not start.productive or end.t_ms - start.t_ms > plan.presence_gap_ms_max:
        return []
    extras = ("",) * len(plan.extra_dims)
    scope = Scope(None, start.team, start.site, actor, None, None, extras)
    facts = []
    at_ms = start.t_ms
    while at_ms < end.t_ms:
        until_ms = min(end.t_ms, at_ms - at_ms % plan.pane_ms + plan.pane_ms)
        facts.append(Fact(at_ms, scope, ((_PRODUCTIVE_MS, until_ms - at_ms),)))
        at_ms = until_ms
    return facts


def add_sighting(
    plan: Plan, actor: str, sightings: list[Sighting], new: Sighting
) -> list[Fact] | None:
    """Put a sighting in its place and return the facts that change; None for a repeat."""
    if any(known.id == new.id for known in sightings):
        return None
    insort(sightings, new)
    at = sightings.index(new)
    before = sightings[at - 1] if at else None
    after = sightings[at + 1] if at + 1 < len(sightings) else None
    facts: list[Fact] = []
    if before and after:
        facts += [negated(fact) for fact in facts_between(plan, actor, before, after)]
    if before:
        facts += facts_between(plan, actor, before, new)
    if after:
        facts += facts_between(plan, actor, new, after)
    return facts
