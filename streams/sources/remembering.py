"""Asks the memory what a mapping wants to know, and tells it what a record says."""

from dataclasses import dataclass

from streams.sources.mapping import Mapping
from streams.sources.mapping_terms import MEMORY, Memo
from streams.sources.memory import Memory, Remembered
from streams.sources.scopes import Scope, duration_ms


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be put into the memory once the record has become events."""

    name: str
    remembered: Remembered


def remember(mapping: Mapping, over: str | None, scope: Scope, memory: Memory) -> list[Told]:
    """Give the scope its ``memory.*`` cells; returns what is to be kept.

    A table's first memo of this ``over`` whose key the record has is the one that counts.
    """
    told: list[Told] = []
    for table, memos in mapping.memory.items():
        for memo in memos:
            key = scope.cell(memo.key) if memo.over == over else ""
            if key:
                told += _one(table, memo, scope, memory, f"{mapping.id}\0{table}\0{key}")
                break
    return told


def _one(table: str, memo: Memo, scope: Scope, memory: Memory, name: str) -> list[Told]:
    known = memory.get(name)
    moment = scope.moment(memo.version) if memo.version is not None else None
    at_ms = None if moment is None else moment[0]
    before = known.before(at_ms)
    old = {} if before is None else before.fields
    prefix = f"{MEMORY}{table}."
    cells = {prefix + field: text for field, text in old.items()}
    if before is not None:
        cells[prefix + "known"] = "true"
    scope.add(cells)
    if at_ms is None or not scope.holds(memo.when):
        return []
    counts = {
        field: str(int(old.get(field, "1")) + scope.holds(conditions))
        for field, conditions in memo.count.items()
    }
    scope.add({prefix + field: text for field, text in counts.items()})
    kept = {
        field: scope.cell(each.column)
        for field, each in memo.keep.items()
        if scope.holds(each.when)
    }
    fields = {**old, **counts, **{field: text for field, text in kept.items() if text}}
    total = memo.total
    total_ms = None
    if total is not None:
        total_ms = duration_ms(scope.cell(total.column), total.unit, total.column)
    remembered, version = known.told(at_ms, fields, total_ms)
    if version.delta_ms is not None:
        scope.add({prefix + "delta_ms": str(version.delta_ms)})
    return [] if remembered is known else [Told(name, remembered)]
