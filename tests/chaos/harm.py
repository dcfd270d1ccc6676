"""What faults are made of."""

import time
from collections.abc import Callable
from random import Random

from tests.chaos.arena import Arena

Fault = Callable[[Arena, Random], None]


def registered(into: dict[str, Fault], name: str) -> Callable[[Fault], Fault]:
    """Have a function be the fault of this name."""

    def register(harm: Fault) -> Fault:
        into[name] = harm
        return harm

    return register


def hold(rng: Random, least_s: float, most_s: float) -> None:
    """Let harm go on for a while."""
    time.sleep(rng.uniform(least_s, most_s))
