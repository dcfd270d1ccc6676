"""``make bench``: what an event costs, what an open item takes, and what stock Faust does beside.

python -m tests.bench [core|memory|faust] [--events N]
"""

import argparse
from collections.abc import Callable

from tests.bench import core_cost, faust_rates, item_memory

PIECES: dict[str, Callable[[int], None]] = {
    "core": core_cost.run,
    "memory": item_memory.run,
    "faust": faust_rates.run,
}


def main() -> None:
    """Run one piece, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("piece", nargs="?", choices=PIECES, help="default: all")
    parser.add_argument("--events", type=int, default=100_000, help="about how many to measure")
    chosen = parser.parse_args()
    for name in [chosen.piece] if chosen.piece else list(PIECES):
        print(f"== {name}", flush=True)
        PIECES[name](chosen.events)


if __name__ == "__main__":
    main()
