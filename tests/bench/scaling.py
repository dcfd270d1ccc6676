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
ROUNDS = 3


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
    shares = grouping_shares(events)
    say(f"scaling: one more grouping: {', '.join(f'{share:+.1%}' for share in shares)}")
    return Scaling(groupings=len(Plan().groupings), grouping_shares=shares, partitions=flows)


def grouping_shares(events: int) -> list[float]:
    """CPU time of both stages with one more grouping, over that without, less 1; in pairs."""
    log, plan = core_cost.fetches(events), Plan()
    more = replace(plan, groupings=(*plan.groupings, ONE_MORE))
    shares = []
    for _ in range(ROUNDS):
        without, with_it = (
            sum(core_cost.measured(log, each).seconds.values()) for each in (plan, more)
        )
        shares.append(with_it / without - 1)
    return sorted(shares)
