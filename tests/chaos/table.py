"""The outcomes of many episodes as one table, a row for each fault."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.episodes import Outcome

TITLES = ("fault", "runs", "lost", "doubled", "wrong", "longest stand-still", "recovery")


@dataclass(slots=True)
class Row:
    """One fault over all episodes; what an episode got wrong counts for each of its faults."""

    runs: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    standstill_s: float = 0.0
    recovery_s: float = 0.0

    def add(self, outcome: Outcome, standstill_s: float) -> None:
        """Count one more run."""
        self.runs += 1
        self.lost += outcome.verdict.lost
        self.doubled += outcome.verdict.doubled
        self.wrong += outcome.verdict.wrong
        self.standstill_s = max(self.standstill_s, standstill_s)
        self.recovery_s = max(self.recovery_s, outcome.recovery_s)

    def cells(self, name: str) -> tuple[str, ...]:
        """As the table shows it."""
        counts = (str(n) for n in (self.runs, self.lost, self.doubled, self.wrong))
        return (name, *counts, f"{self.standstill_s:.1f} s", f"{self.recovery_s:.1f} s")


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Lines of Markdown, faults by name, the sum last."""
    rows: dict[str, Row] = {}
    whole = Row()
    for outcome in outcomes:
        for each in outcome.faults:
            rows.setdefault(each.name, Row()).add(outcome, each.standstill_s)
            whole.add(outcome, each.standstill_s)
    cells = [row.cells(name) for name, row in sorted(rows.items())]
    lines = [TITLES, *cells, whole.cells("all")]
    widths = [max(len(line[at]) for line in lines) for at in range(len(TITLES))]
    for number, line in enumerate(lines):
        yield _line(line, widths)
        if number == 0:
            yield _line(tuple("-" * width for width in widths), widths)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
