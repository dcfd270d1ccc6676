"""What is judged from values, because one broker on one machine can't show it."""

from collections.abc import Mapping

import pytest

from schemas.topics import TopicSpec
from streams.admin import Topic
from streams.brokers import Disk
from streams.kafka_checks import judge_clock, judge_disks
from streams.topic_checks import compare, wrong_settings

WANTED = TopicSpec("ops.panes", 4, {"cleanup.policy": "compact,delete"})


def _found(
    replicas: int = 3,
    in_sync: int = 3,
    leaderless: tuple[int, ...] = (),
    config: Mapping[str, str] | None = None,
) -> Topic:
    least = {"cleanup.policy": "compact,delete", "min.insync.replicas": "2"}
    return Topic("ops.panes", "", 4, replicas, in_sync, leaderless, {**least, **(config or {})})


@pytest.mark.parametrize(
    ("found", "severity", "words"),
    [
        (_found(), "ok", "1 as declared"),
        (_found(in_sync=1), "problem", "1 copies in sync, 2 are needed"),
        (_found(leaderless=(1, 3)), "problem", "no leader in partition 1, 3"),
        (_found(replicas=1, in_sync=2), "warning", "fewer than 3 copies"),
        (_found(config={"min.insync.replicas": "1"}), "warning", "min.insync.replicas=1"),
    ],
)
def test_a_replicated_topic_is_judged(found: Topic, severity: str, words: str) -> None:
    (finding,) = compare([WANTED], {"ops.panes": found}, brokers=3, replicas=3)
    assert finding.severity == severity
    assert words in finding.says


def test_three_brokers_with_single_copies_are_a_warning() -> None:
    found = {"ops.panes": _found(1, 1, config={"min.insync.replicas": "1"})}
    (finding,) = compare([WANTED], found, brokers=3, replicas=1)
    assert "WATCHFLOOR_REPLICATION_FACTOR is 1" in finding.says


def test_the_order_within_a_list_setting_does_not_matter() -> None:
    assert wrong_settings(WANTED, _found(config={"cleanup.policy": "delete, compact"})) == {}
    assert wrong_settings(WANTED, _found(config={"cleanup.policy": "delete"})) == {
        "cleanup.policy": "compact,delete"
    }


@pytest.mark.parametrize(
    ("apart_ms", "severity"),
    [(0, "ok"), (-1_999, "ok"), (2_000, "warning"), (-59_999, "warning"), (60_000, "problem")],
)
def test_a_clock_is_judged_by_how_far_it_is_off(apart_ms: int, severity: str) -> None:
    assert judge_clock(apart_ms).severity == severity


@pytest.mark.parametrize(
    ("free_gb", "severity"), [(90, "ok"), (5.1, "ok"), (4.9, "problem"), (0.5, "problem")]
)
def test_a_brokers_disk_is_full_below_a_twentieth(free_gb: float, severity: str) -> None:
    disk = Disk(1, "/data", 100_000_000_000, int(free_gb * 1e9))
    assert [each.severity for each in judge_disks([disk])] == [severity]


def test_a_small_disk_is_full_below_a_gigabyte() -> None:
    disk = Disk(1, "/data", 10_000_000_000, 900_000_000)
    assert [each.severity for each in judge_disks([disk])] == ["problem"]
    assert judge_disks([]) == []
