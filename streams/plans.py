"""The plan that the workers of a space run by, and the times that it takes."""

from schemas.codec import AcceptedTimes
from streams.core.plan import DAY_MS, Plan
from streams.floor_files import read_plan
from streams.settings import Settings
from streams.spaces import Terms


def plan_of(settings: Settings, terms: Terms) -> Plan:
    """How a space is sliced and how long its workers keep what; Refusal for a wrong file.

    In the space of a replay nothing that it accepts is ever too old to be kept.
    """
    plan = read_plan(settings.floor)
    if terms.accept_from_ms is None or terms.accept_to_ms is None:
        return plan
    return plan.holding(terms.accept_from_ms, terms.accept_to_ms)


def accepted_times(settings: Settings, terms: Terms) -> AcceptedTimes:
    """Which event times the space takes."""
    if terms.accept_from_ms is None or terms.accept_to_ms is None:
        past_ms = int(settings.floor.accept_past_d * DAY_MS)
        return AcceptedTimes(-past_ms, int(settings.floor.accept_future_s * 1000))
    return AcceptedTimes(terms.accept_from_ms, terms.accept_to_ms, relative=False)
