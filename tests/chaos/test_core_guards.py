"""Each guard of the pure core is left out once, and a test that is green with it goes red."""

from collections.abc import Callable, Iterable
from functools import partial
from random import Random

import pytest

from tests.chaos.core_guards import LEFT_OUT
from tests.core import test_dying_owners, test_levels, test_recovery, test_stage_two
from tests.core.floors import Both, apply_all, new_shard, said
from tests.oracle.histories import history

Check = Callable[[], None]


def redelivered(seed: int) -> None:
    """Records that come again at the same offsets are not even consumed."""
    records = said(history(Random(seed)))
    shard = apply_all(new_shard(), records)
    apply_all(shard, records)
    assert shard.meta.consumed == len(records)


def repeated(seed: int) -> None:
    """Events that come again in other records are duplicates and change no pane."""
    once = history(Random(seed))
    one, other = Both(new_shard()), Both(new_shard())
    apply_all(one.shard, said(once))
    apply_all(other.shard, said(once + once))
    one.flush()
    other.flush()
    assert other.panes() == one.panes()


def miscounted(seed: int) -> None:
    """A flush that would lose count of a record is not written."""
    shard = apply_all(new_shard(), said(history(Random(seed))))
    shard.meta.applied -= 1
    with pytest.raises(AssertionError):
        shard.flush()


def each(check: Callable[[int], None], seeds: Iterable[int]) -> list[Check]:
    """One check for every seed."""
    return [partial(check, seed) for seed in seeds]


worlds = each(test_dying_owners.test_rows_backlog_and_windows_survive_everybody_who_dies, range(12))
lives = each(test_recovery.test_crashes_zombies_and_compaction_lose_and_double_nothing, range(30))
#: For each guard the checks of which at least one must notice that it is gone.
NOTICED_BY: dict[str, list[Check]] = {
    "one atomic flush": worlds,
    "claim before recovery": worlds,
    "older epochs are ignored on recovery": lives,
    "what a zombie wrote is written over": lives,
    "deletions carry their writer": worlds + lives,
    "what the last flush may not have sent is sent again at start": worlds,
    "offsets applied are compared": each(redelivered, range(3)),
    "event ids are remembered": each(repeated, range(3)),
    "epoch and seq in stage 2": [
        test_stage_two.test_a_chunk_heard_again_or_from_an_older_epoch_changes_nothing
    ],
    "a new owner's first chunk states every gauge": worlds,
    "rows leave before their pane is folded": worlds,
    "a tick waits for the events before it": [
        test_levels.test_a_tick_waits_for_the_events_that_were_there_before_it
    ],
    "conservation check": each(miscounted, range(3)),
}


def test_every_guard_has_a_check() -> None:
    assert NOTICED_BY.keys() == LEFT_OUT.keys()


@pytest.mark.parametrize("check", [redelivered, repeated, miscounted])
@pytest.mark.parametrize("seed", range(3))
def test_with_all_guards_the_checks_hold(check: Callable[[int], None], seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_without_this_guard_the_suite_goes_red(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    LEFT_OUT[name](monkeypatch)
    assert any(_is_red(check) for check in NOTICED_BY[name])


def _is_red(check: Check) -> bool:
    try:
        check()
    except (AssertionError, pytest.fail.Exception):
        return True
    return False
