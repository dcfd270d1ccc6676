"""``python -m tests.chaos --runs 300 --seed 1``: seeded faults on a real floor, and their table."""

import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click

from tests.chaos.arena import Arena, arena
from tests.chaos.episodes import Outcome, episode
from tests.chaos.faults import FAULTS
from tests.chaos.floor_guards import ON_A_FLOOR, without
from tests.chaos.grounds import Grounds, grounds
from tests.chaos.table import table

#: A space lives this long; then all snapshots are asked for, and another one begins.
EPISODES_OF_SPACE = 10
FAULTS_AT_ONCE = (2, 3, 4, 5)
WHOLE_S_MAX = 420.0


def schedule(seed: int, runs: int, only: str) -> Iterator[list[str]]:
    """The faults of each episode, ``runs`` in all: every fault in turn, in ever another order."""
    rng = Random(seed)
    names = sorted(name for name in FAULTS if only in name)
    deck: list[str] = []
    left = runs
    while left:
        if not deck:
            deck = rng.sample(names, len(names))
        count = min(left, len(deck), rng.choice(FAULTS_AT_ONCE))
        yield [deck.pop() for _ in range(count)]
        left -= count


def run(found: Grounds, folder: Path, seed: int, plan: list[list[str]]) -> Iterator[Outcome]:
    """All episodes of a plan, a space for every few of them."""
    for at in range(0, len(plan), EPISODES_OF_SPACE):
        with arena(found, folder / f"space-{at}") as space:
            for number, names in enumerate(plan[at : at + EPISODES_OF_SPACE], start=at):
                outcome = episode(space, seed, number, names)
                _say(space, outcome)
                yield outcome
            verdict = space.await_exact(WHOLE_S_MAX, whole=True)
            click.echo(f"space {at}: {'whole' if verdict.exact else verdict.notes}", err=True)
            yield Outcome(at, (), verdict, 0.0)


def _say(space: Arena, outcome: Outcome) -> None:
    verdict = outcome.verdict
    names = ", ".join(f"{each.name} ({each.standstill_s:.1f} s)" for each in outcome.faults)
    said = "exact" if verdict.exact else f"{verdict.lost}/{verdict.doubled}/{verdict.wrong}"
    click.echo(f"{outcome.number}: {names}: {said} after {outcome.recovery_s:.1f} s", err=True)
    for note in verdict.notes:
        click.echo(f"    {note[:500]}", err=True)
    ends = {name: n for name, n in space.crew.ends.items() if name[1] not in (-9, 0)}
    if ends:
        click.echo(f"    ended by themselves so far: {ends}", err=True)


def _noticed(found: Grounds, folder: Path, seed: int) -> Iterator[bool]:
    """Of each guard that is left out, whether anything was found wrong then."""
    for number, name in enumerate(ON_A_FLOOR):
        verdict = without(found, folder / f"without-{number}", name, seed)
        click.echo(f'without "{name}": {"nobody noticed" if verdict.exact else "red"}')
        for note in verdict.notes[:3]:
            click.echo(f"    {note[:200]}", err=True)
        yield not verdict.exact


@click.command()
@click.option("--runs", default=60, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=None, type=int, help="Default: drawn, and printed.")
@click.option("--only", default="", help="Faults whose name contains this.")
@click.option("--guards", is_flag=True, help="Leave out what only a whole floor shows, instead.")
@click.option("--logs", type=click.Path(path_type=Path), help="Keep the processes' output here.")
def main(runs: int, seed: int | None, only: str, guards: bool, logs: Path | None) -> None:
    """Inject faults into a floor under load; exits 1 when anything is lost, doubled or wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = secrets.randbelow(10_000) if seed is None else seed
    click.echo(f"seed {seed}", err=True)
    plan = list(schedule(seed, runs, only))
    with tempfile.TemporaryDirectory() as scratch, grounds(Path(scratch)) as found:
        if guards:
            sys.exit(not all(list(_noticed(found, Path(scratch), seed))))
        outcomes: list[Outcome] = []
        try:
            outcomes += run(found, logs or Path(scratch) / "logs", seed, plan)
        finally:
            # Also of a run that somebody ended: what was found until then is in the list.
            click.echo("\n".join(table(outcomes)))
    sys.exit(not all(outcome.verdict.exact for outcome in outcomes))


if __name__ == "__main__":
    main()
