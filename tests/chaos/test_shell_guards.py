"""Each guard of the shell is left out once, and a test that is green with it goes red.

The tests are those of ``tests/faust_traps`` on the real broker; only the worker of ours is
another. Those that a whole floor is needed for are in ``tests.chaos.floor_guards``.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos import guards
from tests.chaos.floor_guards import ON_A_FLOOR
from tests.faust_traps import test_log_table, test_quiet_deaths, test_silent_loss
from tests.faust_traps.broker import Broker
from tests.faust_traps.worker import Start, Worker

Test = Callable[[Broker, Start], None]
#: A worker that said or logged anything has begun; before that nothing is proved.
AT_WORK = re.compile(r"^\{|worker_ready|flushing", re.MULTILINE)

#: Longest that a test here waits for what will not come, once the worker is at work.
PATIENCE_S = 5.0
START_S_MAX = 40.0

#: The test that notices the absence of each guard.
NOTICED_BY: dict[str, Test] = {
    "a failed write ends the process": (
        test_silent_loss.test_l1_a_failed_changelog_write_is_committed_by_stock_and_ends_ours
    ),
    "flush until nothing is unanswered": (
        test_silent_loss.test_l2_flush_returns_with_messages_unsent_in_stock_and_waits_in_ours
    ),
    "only what is durable is committed": (
        test_silent_loss.test_l3_stock_commits_past_an_unprocessed_message_and_ours_does_not
    ),
    "foreign writes are noticed": (
        test_log_table.test_a_foreign_write_is_noticed_nothing_follows_it_and_the_partition_is_claimed_anew
    ),
    "every rebalance claims every partition": (
        test_log_table.test_every_rebalance_drops_and_claims_every_partition_that_stays
    ),
    "what is revoked is dropped": (
        test_log_table.test_every_rebalance_drops_and_claims_every_partition_that_stays
    ),
    "reading starts where the state ends": (
        test_log_table.test_a_killed_static_member_goes_on_where_its_log_ends_and_not_where_it_committed
    ),
    "a topic shorter than what was processed is refused": (
        test_log_table.test_a_topic_that_is_shorter_than_what_was_processed_is_refused
    ),
    "an agent that ended ends the process": (
        test_quiet_deaths.test_d1_our_watchdog_ends_the_process_when_an_agent_has_ended
    ),
    "commits that stop end the process": (
        test_quiet_deaths.test_d7_commits_that_stop_go_unnoticed_in_stock_and_end_ours
    ),
    "a recovery that times out ends the process": (
        test_quiet_deaths.test_d2_a_slow_broker_during_recovery_stops_stock_for_ever_and_ends_ours
    ),
    "a sink loop gives up what it lost": (
        test_quiet_deaths.test_d3_a_stock_agent_that_retries_a_sink_blocks_the_rebalance_and_ours_gives_up
    ),
    "a graceful stop leaves the group": (
        test_log_table.test_a_graceful_stop_commits_leaves_the_group_and_exits_zero
    ),
}


def test_every_guard_has_a_test() -> None:
    assert guards.LEFT_OUT.keys() == NOTICED_BY.keys() | ON_A_FLOOR


@pytest.mark.parametrize("name", NOTICED_BY)
def test_without_this_guard_the_suite_goes_red(
    name: str, broker: Broker, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours: list[Worker] = []

    def start_without(program: str, scenario: str, **args: Any) -> Worker:
        if program != "ours":
            return start(program, scenario, **args)
        args = {"env": {"CHAOS_WITHOUT": name, "LOGLEVEL": "INFO"}} | args
        ours.append(start("../chaos/ours_without", scenario, **args))
        _await_at_work(ours[-1])
        return ours[-1]

    monkeypatch.setattr(Worker.exit_code, "__defaults__", (PATIENCE_S,))
    monkeypatch.setattr(Worker.wait, "__defaults__", (PATIENCE_S,))
    monkeypatch.setattr(Worker.wait_for, "__defaults__", (1, PATIENCE_S))
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        NOTICED_BY[name](broker, start_without)
    assert ours


def _await_at_work(worker: Worker) -> None:
    """Not an assertion: a worker that never began proves nothing."""
    until_s = time.monotonic() + START_S_MAX
    while not AT_WORK.search(worker.text):
        if time.monotonic() > until_s or not worker.alive:
            raise RuntimeError(f"it did not begin: {worker.text[-2000:]}")
        time.sleep(0.05)
