"""Topics: names by space, and settings without which something would be lost."""

import pytest

from schemas.topics import INPUT_ROLES, Role, Topics, TopicSpec
from streams.spaces import Names

UNFIT = ["March", "a_b", "-a", "a-", ".a", "a.", "a..b", "a-.b", "a--b", "alert", "snapshot"]


def specs(space: str = "live") -> dict[str, TopicSpec]:
    return {spec.name: spec for spec in Topics(space).specs(6)}


def test_the_live_space_has_no_prefix_and_others_have_theirs() -> None:
    live, march = Topics(), Topics("march-24")
    assert (live.annotations, live.dead_letters) == ("ops.annotations", "ops.dead-letters")
    assert march.annotations == "march-24.ops.annotations"
    assert march.floor_changelog(2) == "march-24.watchfloor-floor-subjects-changelog"
    assert live.floor_changelog(1) == "watchfloor-floor-partitions-changelog"


def test_no_two_spaces_share_a_topic() -> None:
    spaces = ("live", "march", "ops", "march-24", "march.24", "ops.ops", "march.ops")
    names = [name for space in spaces for name in specs(space)]
    assert len(names) == len(set(names))


def test_no_two_spaces_share_a_database_or_a_key() -> None:
    spaces = [Names(space) for space in ("live", "a-b-c", "a.b.c", "a.b-c", "a-b.c", "ops.a")]
    assert len({names.database for names in spaces}) == len(spaces)
    assert len({names.redis_prefix for names in spaces}) == len(spaces)


@pytest.mark.parametrize("space", ["", "a b", "x" * 41, "a\n", *UNFIT])
def test_a_space_with_an_unfit_name_is_refused(space: str) -> None:
    with pytest.raises(ValueError, match="space"):
        Topics(space)


def test_a_role_is_found_by_its_name_in_its_own_space_only() -> None:
    topics = Topics("march")
    assert all(topics.role(topics.name(role)) is role for role in Role)
    assert topics.role("ops.annotations") is None


def test_all_topics_have_the_same_partitions_except_the_few_that_have_one() -> None:
    counts = {name: spec.partitions for name, spec in specs().items()}
    for name in ("ops.space", "ops.alerts", "ops.notices", Topics().notify_changelog):
        assert counts.pop(name) == 1
    assert set(counts.values()) == {6}


def test_changelogs_are_compacted_only_and_take_a_whole_flush() -> None:
    topics = Topics()
    for name in (topics.floor_changelog(1), topics.floor_changelog(2), topics.notify_changelog):
        config = specs()[name].config
        assert config["cleanup.policy"] == "compact"
        assert int(config["max.message.bytes"]) >= 16_000_000
        assert int(config["segment.ms"]) <= int(config["min.compaction.lag.ms"])


@pytest.mark.parametrize("name", ["ops.ticks", "ops.commands"])
def test_time_and_commands_are_stamped_by_the_broker(name: str) -> None:
    assert specs()[name].config["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize("name", ["ops.alerts", "ops.commands", "ops.notices"])
def test_no_transition_command_or_notice_is_compacted_away(name: str) -> None:
    config = specs()[name].config
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == str(7 * 24 * 3_600_000)


def test_dead_letters_expire_after_seven_days_and_take_any_message() -> None:
    config = specs()["ops.dead-letters"].config
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == str(7 * 24 * 3_600_000)
    assert int(config["max.message.bytes"]) > 2 * 1_048_588


def test_a_replay_with_old_times_is_not_deleted_by_the_broker() -> None:
    topics = Topics("march")
    for role in INPUT_ROLES:
        assert specs("march")[topics.name(role)].config["retention.ms"] == "-1"
        assert specs()[Topics().name(role)].config["retention.ms"] != "-1"
