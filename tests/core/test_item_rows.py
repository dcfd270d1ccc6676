"""One row per item, equal to the oracle's in every field, whatever order its events came in."""

from random import Random

import pytest

from schemas.rows import ItemRow, LabelRow
from streams.core import outputs
from tests.core.floors import Event, apply_all, new_shard, said
from tests.oracle.histories import arrivals, history
from tests.oracle.items import item_rows
from tests.oracle.scripts import event, submitted


def rows_of(events: list[Event]) -> tuple[list[ItemRow], list[LabelRow]]:
    flush = apply_all(new_shard(), said(events)).flush()
    assert flush is not None
    return outputs.rows(flush, 0)


@pytest.mark.parametrize("seed", range(15))
def test_every_field_of_an_item_is_what_the_oracle_finds(seed: int) -> None:
    rng = Random(seed)
    events = history(rng)
    wanted = item_rows(events)
    items, _ = rows_of(arrivals(rng, events))
    assert len(items) == len(wanted)
    for item in items:
        row = wanted.loc[(item.org, item.source, item.project, item.item_id)].to_dict()
        row["state"] = row["state"] or "unopened"
        assert {name: getattr(item, name) for name in row} == row


def test_each_distinct_label_makes_a_row_with_its_weight() -> None:
    recorded = {"unit_id": "u1", "label": "cat", "actor_id": "ann", "assignment_id": "a1"}
    events = [
        submitted(0, labels=["spam", "spam", "safe"]),
        event("label.recorded", 5, weight=0.25, **recorded),
    ]
    _, labels = rows_of([*events, *events])
    assert sorted((row.unit_id, row.label, row.weight, row.kind) for row in labels) == [
        ("i1", "safe", 1000, "submitted"),
        ("i1", "spam", 1000, "submitted"),
        ("u1", "cat", 250, "recorded"),
    ]
