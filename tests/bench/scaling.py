"""What one more grouping costs, and how a worker's rate moves with the number of partitions."""

from collections.abc import Sequence
from dataclasses import replace

from schemas.groupings import Grouping
from streams.core.plan import Plan
from tests.bench import core_cost
from tests.bench.environments import say
from tests.bench.findings import Flow, Scaling
from tests.bench.floors import drain, watched
from tests.bench.ground import Ground
from tests.bench.pipeline import fill

ONE_MORE = Grouping("queue_team", ("org", "source", "project", "queue", "team"))
ROUNDS = 4


def run(ground: Ground, events: int, partitions: Sequence[int]) -> Scaling:
    """``events`` for each measurement."""
    flows: dict[int, Flow] = {}
    for count in partitions:
        with ground.space(partitions=str(count)) as space:
            total = fill(ground, space, events)
            flow = drain(space, watched(space.worker(0)), total, f"{count} partitions")
            space.stop()
        say(f"scaling: {count} partitions: {flow.per_s:,.0f} events/s")
        flows[count] = flow
    plan = Plan()
    more = replace(plan, groupings=(*plan.groupings, ONE_MORE))
    log = core_cost.fetches(events)
    say("scaling: one more grouping, in the core alone")
    rounds = [(_cpu_s(log, plan), _cpu_s(log, more)) for _ in range(ROUNDS)]
    return Scaling(
        groupings=len(plan.groupings),
        without_cpu_s=[without for without, _ in rounds],
        with_cpu_s=[with_it for _, with_it in rounds],
        partitions=flows,
    )


def _cpu_s(log: list[core_cost.Fetch], plan: Plan) -> float:
    """CPU time of both stages."""
    return sum(core_cost.measured(log, plan).seconds.values())
