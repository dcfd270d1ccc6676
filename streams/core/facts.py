"""What follows from an item's events: signed counts with a time and a place.

A fact says "at this time, in this scope, these measures changed by this much". Facts are only
ever added and taken back, so whatever order events arrive in, the sum is the same.
"""

from functools import cache
from typing import NamedTuple

from schemas.measures import BIN_BITS, bin_of, key_of

#: (tally key, signed count)
Delta = tuple[int, int]


class Scope(NamedTuple):
    """Where a fact counts, for each dimension that is not the item's identity.

    ``None``: the dimension does not apply, so groupings with it don't get the fact.
    ``""``: it applies and was not given. A fact with a label counts only in groupings that
    have the label, one without only in the others, so nothing is counted twice.
    """

    queue: str | None
    team: str | None
    site: str | None
    annotator: str | None
    reviewer: str | None
    label: str | None
    extras: tuple[str, ...]


class Fact(NamedTuple):
    """Signed counts at an event time (UTC ms) in a scope."""

    t_ms: int
    scope: Scope
    deltas: tuple[Delta, ...]


def negated(fact: Fact) -> Fact:
    """The fact that takes this one back."""
    return fact._replace(deltas=tuple([(key, -n) for key, n in fact.deltas]))


@cache
def counter(name: str) -> Delta:
    """One more of a counter."""
    return (key_of(name), 1)


def duration(key: int, duration_ms: int) -> Delta:
    """One more in the bin that holds ``duration_ms``, of the histogram with this tally key."""
    return (key | bin_of(duration_ms), 1)


assert BIN_BITS == 12  # ``key | bin`` above relies on bins that fit beside the measure.
