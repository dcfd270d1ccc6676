"""The plan that the workers of a space run by."""

from streams.core.plan import Plan
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
