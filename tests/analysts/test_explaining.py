"""What is said of single items adds up to the rows."""

from collections import Counter

import pytest

from schemas.measures import BIN_BITS, BY_ID, Kind, bin_value_ms
from streams.core.engine import Engine
from streams.core.kept import Layout
from streams.core.plan import QUARTER_MS, Plan
from streams.core.terms import make_book
from streams.explaining import parts
from streams.item_state import Known
from streams.policy_files import POLICIES_FILE, read_policies
from tests.analysts.offline_floor import played

PLAN = Plan()

Cell = tuple[str, tuple[str, ...], int, int, str, float | None]


def _rows(engine: Engine) -> Counter[Cell]:
    """Every count of every row, but for people's presence, which belongs to no item."""
    cells: Counter[Cell] = Counter()
    for row in engine.found.rollups.values():
        for key, n in row.tally.items():
            measure = BY_ID[key >> BIN_BITS]
            if measure.name == "productive_ms":
                continue
            is_bin = measure.kind is Kind.HISTOGRAM
            bin_ms = bin_value_ms(key & (1 << BIN_BITS) - 1) if is_bin else None
            place = (row.grouping, tuple(row.dims.values()), row.pane_start_ms, row.pane_s)
            cells[*place, measure.name, bin_ms] += n
    return cells


def _explained(engine: Engine) -> Counter[Cell]:
    cells: Counter[Cell] = Counter()
    for shard in engine.shards:
        for key in sorted(shard.shelf.keys()):
            moments = tuple(shard.shelf.item(key).moments)
            entries = shard.sla._watch.entries(key)
            for part in parts(Known(key, moments, entries), PLAN):
                place = (part.grouping, tuple(part.dims.values()), part.pane_start_ms, part.pane_s)
                for count in part.counts:
                    cells[*place, count.measure, count.bin_ms] += count.n
    return cells


@pytest.fixture(scope="module")
def engine() -> Engine:
    """A floor with clocks that has taken in everything."""
    return played(PLAN, make_book(read_policies(POLICIES_FILE), Layout(PLAN.extra_dims)))


def test_the_parts_of_all_items_are_the_rows_late_ones_included(engine: Engine) -> None:
    def events_only(cells: Counter[Cell]) -> dict[Cell, int]:
        return {cell: n for cell, n in cells.items() if n and not cell[4].startswith("sla_")}

    rows = events_only(_rows(engine))
    assert any(pane_s == 900 for _, _, _, pane_s, _, _ in rows)
    assert len(rows) > 10_000
    assert events_only(_explained(engine)) == rows


def test_what_clocks_count_for_adds_up_by_the_quarter(engine: Engine) -> None:
    """The minute within depends on when a step was told, which an item's events do not say."""

    def by_quarter(cells: Counter[Cell]) -> dict[Cell, int]:
        sums: Counter[Cell] = Counter()
        for (grouping, values, start_ms, _, name, bin_ms), n in cells.items():
            if name.startswith("sla_"):
                quarter_ms = start_ms - start_ms % QUARTER_MS
                sums[grouping, values, quarter_ms, 900, name, bin_ms] += n
        return {cell: n for cell, n in sums.items() if n}

    rows = by_quarter(_rows(engine))
    assert any(name == "sla_fulfilled" for *_, name, _ in rows)
    assert by_quarter(_explained(engine)) == rows
