"""What an item counted for is the same however its events came, and names nobody."""

from random import Random

import msgspec
import pytest

from schemas.measures import key_of
from schemas.rows import UNKNOWN_PARTS, ItemPart
from streams.core import outputs
from streams.core.facts import Fact, Scope
from streams.core.items import Item
from streams.core.plan import HOUR_MS, Plan
from streams.core.shares import PARTS_MAX, Shares
from tests.core.floors import apply_all, new_shard, said
from tests.oracle.histories import arrivals, history

PLAN = Plan()
HERE = Scope("q", None, "", "p_anna", "p_bo", None, ())


def _decoded(shares: Shares, plan: Plan = PLAN) -> list[ItemPart]:
    return msgspec.json.decode(shares.parts(plan), type=list[ItemPart])


@pytest.mark.parametrize("seed", range(15))
def test_told_step_by_step_or_worked_out_anew_an_item_has_the_same_parts(seed: int) -> None:
    rng = Random(seed)
    flush = apply_all(new_shard(), said(arrivals(rng, history(rng)))).flush()
    assert flush is not None
    for key, item in flush.items:
        anew = Item(item.extra_count, list(item.moments))
        told = outputs.item_row(key, item, 1, flush.plan)
        assert told == outputs.item_row(key, anew, 1, flush.plan)


def test_a_part_names_its_place_and_no_person() -> None:
    shares = Shares()
    for n in (1, 1, -1):
        shares.book([Fact(60_001, HERE, ((key_of("submitted"), n),))], 60_001, PLAN)
    found = _decoded(shares)
    assert found == [
        ItemPart(60, 60, "q", None, "", None, {}, [(key_of("submitted"), 1)]),
    ]
    assert b"p_" not in bytes(shares.parts(PLAN))


def test_what_came_and_was_taken_back_is_no_part() -> None:
    shares = Shares()
    for n in (3, -3):
        shares.book([Fact(60_001, HERE, ((key_of("submitted"), n),))], 60_001, PLAN)
    assert _decoded(shares) == []


def test_what_is_late_lies_in_its_quarter() -> None:
    shares = Shares()
    fact = Fact(HOUR_MS + 61_000, HERE, ((key_of("submitted"), 1),))
    shares.book([fact], 3 * HOUR_MS, PLAN)
    (part,) = _decoded(shares)
    assert (part.start_s, part.size_s) == (3600, 900)


def test_an_item_in_too_many_places_is_told_without_its_parts() -> None:
    shares = Shares()
    for minute in range(PARTS_MAX + 1):
        shares.book([Fact(minute * 60_000, HERE, ((key_of("submitted"), 1),))], 0, PLAN)
    assert shares.parts(PLAN) == UNKNOWN_PARTS
