"""Every Kafka topic: its name in a space, and how it has to be configured.

A *space* isolates one body of work from another: ``live`` is the floor as it is now, any other
name is for example a replay of last month. Topics of ``live`` have no prefix.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

LIVE = "live"
INPUT_PARTITIONS_DEFAULT = 4
#: The largest atomic batch that a flush may write, in bytes.
FLUSH_BYTES_MAX = 16 * 1024 * 1024

#: A space's name, which is at most ``_SPACE_LENGTH_MAX`` long. No two of '.' and '-' side by side:
#: names of databases have to be told apart.
_SPACE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
_SPACE_LENGTH_MAX = 40
#: Redis keys of ``live`` begin with these, as those of another space begin with its name.
_SPACES_TAKEN = frozenset({"snapshot", "subjects", "moves", "alert", "alerts", "pipeline"})
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


class Role(StrEnum):
    """What a topic is for; the same in every space."""

    ANNOTATIONS = "annotations"
    REVIEWS = "reviews"
    WORKFORCE = "workforce"
    TICKS = "ticks"
    PANES = "panes"
    ROLLUPS = "rollups"
    ITEMS = "items"
    LABELS = "labels"
    SLA = "sla"
    SNAPSHOTS = "snapshots"
    ALERTS = "alerts"
    COMMANDS = "commands"
    NOTICES = "notices"
    DEAD_LETTERS = "dead-letters"
    SPACE = "space"


#: Topics that sources write to; all have the same number of partitions.
INPUT_ROLES: tuple[Role, ...] = (Role.ANNOTATIONS, Role.REVIEWS, Role.WORKFORCE)

#: Topics of one partition: of few records, whose order over all keys matters.
SINGLE_ROLES: tuple[Role, ...] = (Role.SPACE, Role.ALERTS, Role.NOTICES)

Stage = Literal[1, 2]
STAGE_TABLES: dict[Stage, str] = {1: "partitions", 2: "subjects"}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it has to be: ``config`` holds the broker's own setting names."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def check_space(space: str) -> str:
    """The name of a space, which is returned; raises ValueError when it can't be one."""
    if len(space) > _SPACE_LENGTH_MAX or not _SPACE.fullmatch(space):
        raise ValueError("a space is named with 1 to 40 of a-z, 0-9 and, inside, '-' and '.'")
    if space in _SPACES_TAKEN:
        raise ValueError(f"no space can be named {space}: keys in Redis begin with that")
    return space


class Topics:
    """The names of all topics in one space; raises ValueError for a bad space name."""

    def __init__(self, space: str = LIVE) -> None:
        check_space(space)
        self.space_name = space
        self.prefix = "" if space == LIVE else f"{space}."
        self.annotations = self.name(Role.ANNOTATIONS)
        self.reviews = self.name(Role.REVIEWS)
        self.workforce = self.name(Role.WORKFORCE)
        self.ticks = self.name(Role.TICKS)
        self.panes = self.name(Role.PANES)
        self.rollups = self.name(Role.ROLLUPS)
        self.items = self.name(Role.ITEMS)
        self.labels = self.name(Role.LABELS)
        self.sla = self.name(Role.SLA)
        self.snapshots = self.name(Role.SNAPSHOTS)
        self.alerts = self.name(Role.ALERTS)
        self.commands = self.name(Role.COMMANDS)
        self.notices = self.name(Role.NOTICES)
        self.dead_letters = self.name(Role.DEAD_LETTERS)
        self.space = self.name(Role.SPACE)

    def name(self, role: Role) -> str:
        """The full topic name of a role."""
        return f"{self.prefix}ops.{role.value}"

    def role(self, name: str) -> Role | None:
        """The role that a full topic name has in this space, None for any other topic."""
        return next((role for role in Role if self.name(role) == name), None)

    def floor_changelog(self, stage: Stage) -> str:
        """The changelog of the floor's table of that stage, as Faust names it."""
        app_id = f"{self.prefix}watchfloor-floor"
        return f"{app_id}-{STAGE_TABLES[stage]}-changelog"

    @property
    def notify_changelog(self) -> str:
        """The changelog of the notifier's table, as Faust names it."""
        return f"{self.prefix}watchfloor-deliver-notify-notices-changelog"

    def specs(self, partitions: int = INPUT_PARTITIONS_DEFAULT) -> tuple[TopicSpec, ...]:
        """All topics of the space with their settings, ready to be created or compared."""
        named = [
            TopicSpec(
                self.name(role), 1 if role in SINGLE_ROLES else partitions, self._config(role)
            )
            for role in Role
        ]
        logs = [
            TopicSpec(self.floor_changelog(stage), partitions, _changelog_config())
            for stage in STAGE_TABLES
        ]
        notify = TopicSpec(self.notify_changelog, 1, _changelog_config())
        return (*named, *logs, notify)

    def _config(self, role: Role) -> dict[str, str]:
        if role in INPUT_ROLES and self.space_name != LIVE:
            # A replay writes records with their old times, which the broker's retention compares
            # with today: with any limit they would be deleted at once.
            return _kept_by_time(-1)
        return dict(_CONFIGS[role])


def _kept_by_time(retention_ms: int, **more: str) -> dict[str, str]:
    config = {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}
    return config | {name.replace("_", "."): value for name, value in more.items()}


def _kept_by_key(retention_ms: int, segment_ms: int) -> dict[str, str]:
    """Whole values: the last one of a key is enough, and delivery may lag by the retention."""
    return {
        "cleanup.policy": "compact,delete",
        "retention.ms": str(retention_ms),
        "segment.ms": str(segment_ms),
        "min.cleanable.dirty.ratio": "0.2",
    }


def _changelog_config() -> dict[str, str]:
    """Compacted only: with ``delete`` in the policy a quiet item would be forgotten.

    Small segments, because the active one is never compacted and recovery reads all of it. What
    is live is written again within half of the compaction lag, so a paused old owner's record
    can't be the one that stays.
    """
    return {
        "cleanup.policy": "compact",
        "segment.ms": str(10 * _MINUTE_MS),
        "min.compaction.lag.ms": str(30 * _MINUTE_MS),
        "max.compaction.lag.ms": str(2 * _HOUR_MS),
        "min.cleanable.dirty.ratio": "0.2",
        "delete.retention.ms": str(_DAY_MS),
        "max.message.bytes": str(FLUSH_BYTES_MAX),
    }


_CONFIGS: dict[Role, dict[str, str]] = {
    Role.ANNOTATIONS: _kept_by_time(7 * _DAY_MS),
    Role.REVIEWS: _kept_by_time(7 * _DAY_MS),
    Role.WORKFORCE: _kept_by_time(7 * _DAY_MS),
    # The broker stamps ticks, so that one fast clock can't move everybody's time.
    Role.TICKS: _kept_by_time(
        _HOUR_MS, message_timestamp_type="LogAppendTime", segment_ms=str(10 * _MINUTE_MS)
    ),
    Role.PANES: _kept_by_time(3 * _DAY_MS, max_message_bytes=str(FLUSH_BYTES_MAX)),
    Role.ROLLUPS: _kept_by_key(7 * _DAY_MS, _HOUR_MS),
    Role.ITEMS: _kept_by_key(7 * _DAY_MS, _HOUR_MS),
    Role.LABELS: _kept_by_key(7 * _DAY_MS, _HOUR_MS),
    Role.SLA: _kept_by_time(7 * _DAY_MS),
    # By time: a snapshot holds only the windows that changed, so the last one is not enough.
    # Every subject is sent whole again within minutes.
    Role.SNAPSHOTS: _kept_by_time(_HOUR_MS, segment_ms=str(10 * _MINUTE_MS)),
    # Every transition counts, so none may be compacted away while delivery is out.
    Role.ALERTS: _kept_by_time(7 * _DAY_MS),
    # The broker's stamp orders what people ask for, whoever's clock is right.
    Role.COMMANDS: _kept_by_time(7 * _DAY_MS, message_timestamp_type="LogAppendTime"),
    Role.NOTICES: _kept_by_time(7 * _DAY_MS),
    # Refused messages hold raw ids and may hold anything: they expire, and nobody but the
    # operators should be allowed to read them.
    Role.DEAD_LETTERS: _kept_by_time(7 * _DAY_MS, max_message_bytes=str(FLUSH_BYTES_MAX)),
    Role.SPACE: {"cleanup.policy": "compact"},
}
