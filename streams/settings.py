"""Every setting, one frozen class per concern; read once at the start, then handed on as values.

A value comes from the environment (``WATCHFLOOR_*``), else from the local stack's
``.local/endpoints.json``, else it is the default. A misspelt name is refused, not ignored:
see ``streams.settings_sources``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from schemas.partitioner import Partitioner
from schemas.people import Scope
from schemas.topics import check_space
from streams import settings_sources as sources
from streams.board_settings import Board
from streams.connection_settings import Access, Connections, Group
from streams.gateway_settings import Gateway
from streams.notify_settings import Alerts, Notify
from streams.reconcile_settings import Reconcile

__all__ = ["Access", "Connections", "Floor", "People", "Settings", "Space", "read"]

SpaceName = Annotated[str, AfterValidator(check_space)]


class Space(Group):
    """Which floor: topics, groups, database and Redis keys of two spaces never meet."""

    space: SpaceName = Field(
        "live",
        description="`live` is the floor itself; any other name is a floor of its own, as for a "
        "replay of last month.",
    )


class People(sources.Group):
    """How ids of people become pseudonyms, before any state or topic of ours."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_PEOPLE_")

    key: SecretStr | None = Field(
        None,
        description="Secret of the keyed hash, 32 to 128 hex digits. Another key makes other "
        "pseudonyms: every person starts anew, so keep it as long as the history.",
    )
    key_file: Path | None = Field(
        None,
        description="File that holds the key; `key` wins. The local stack gets one from "
        "`watchfloor setup`, readable by its owner only.",
    )
    are_pseudonyms: bool = Field(
        False,
        description="True when the platforms send pseudonyms already: ids then pass unchanged, "
        "and real ids sent by mistake would be stored.",
    )
    scope: Scope = Field(
        Scope.SOURCE,
        description="`source`: one person in two platforms is two pseudonyms, because equal ids "
        "there need not be one person; `org`: the platforms share their ids.",
    )


class Floor(Group):
    """The worker: how events become windows."""

    partitions: int = Field(
        4,
        ge=1,
        le=1024,
        description="Partitions of every topic, hence the most workers that can share the floor. "
        "Fixed once topics exist: keys would move to other partitions and lose their state.",
    )
    partitioner: Partitioner = Field(
        Partitioner.MURMUR2,
        description="How producers choose a key's partition. murmur2 is Java's; librdkafka's own "
        "default is crc32, which scatters an item when producers of both kinds write.",
    )
    flush_interval_s: float = Field(
        1.0, gt=0, le=30, description="Longest an applied event waits to be durable and seen."
    )
    flush_changes_max: int = Field(
        20_000,
        ge=100,
        le=60_000,
        description="Changed items and panes that start a flush before its time; it is one record "
        "batch of at most 16 MB, and a change takes some hundred bytes.",
    )
    session_timeout_s: float = Field(
        10.0,
        ge=6,
        le=300,
        description="How long a dead worker's partitions stand still before others take them. "
        "Shorter reacts sooner, and takes a long pause for a death.",
    )
    stalled_s_max: float = Field(
        60.0,
        ge=10,
        description="A worker that has work and commits nothing for so long ends itself with a "
        "reason, for its supervisor to start it again.",
    )
    accept_past_d: float = Field(
        30.0, gt=0, description="Days back that an event's time may lie in the live space."
    )
    accept_future_s: float = Field(
        300.0, ge=0, description="Seconds ahead that an event's time may lie, for clocks that run."
    )
    lateness_fine_s_max: int = Field(
        3600,
        ge=60,
        description="Events up to this late restate one-minute panes; later ones fill panes of "
        "15 minutes. Longer keeps more fine panes in memory.",
    )
    retention_d: int = Field(
        31,
        ge=1,
        le=400,
        description="Days that panes and closed items stay in the state: no window can be longer, "
        "and an event about an older item starts it anew.",
    )
    instance: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,60}$",
        description="Name of this process in its consumer group, the same after a restart and "
        "unique at a time. Without it the host's name and a number are taken.",
    )


class Deliver(sources.Group):
    """The deliverers: how rows get to ClickHouse and Redis."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_DELIVER_")

    batch_rows_max: int = Field(
        50_000, ge=1, le=1_000_000, description="Most rows of one insert into ClickHouse."
    )
    batch_age_s_max: float = Field(
        1.0,
        gt=0,
        le=60,
        description="Longest a row waits for company. ClickHouse wants few, large inserts.",
    )
    retry_s_max: float = Field(
        30.0, gt=0, le=600, description="Longest pause between tries while a sink is away."
    )
    snapshot_ttl_s: int = Field(
        900, ge=10, description="A live snapshot that nobody renews is gone after so long."
    )


class Health(sources.Group):
    """The health page of a process: its state and counts, never what is in events."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_HEALTH_")

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on; 0.0.0.0 where probes and Prometheus come from outside "
        "of the machine or pod. Nobody has to log in: keep it inside your network.",
    )
    port: int = Field(
        6070,
        ge=0,
        le=65_535,
        description="First port to try. When it is taken the next free one of `ports` is used and "
        "printed, so that several workers fit on a machine; 0 takes any free port.",
    )
    ports: int = Field(
        64, ge=1, le=1024, description="How many ports to try from `port` on; 1 insists on it."
    )


class Logs(sources.Group):
    """What is logged, as JSON lines to standard error."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_LOG_")

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="info is state changes only, never one line per message."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups; ``read`` makes it."""

    connections: Connections
    access: Access
    space: Space
    people: People
    floor: Floor
    deliver: Deliver
    health: Health
    logs: Logs


GROUPS = (Connections, Access, Space, People, Floor, Deliver, Health, Logs, Notify,
          Alerts, Board, Gateway, Reconcile)  # fmt: skip


def read(space: str | None = None) -> Settings:
    """All settings of this process; ``space`` (from ``--space``) wins over the environment.

    Clients that are made from now on know who they are (``sinks.keyring``). Raises
    SettingsRefused for a value that does not fit and for a name that does not exist.
    """
    sources.refuse_unknown_names(GROUPS)
    connections, access = sources.read(Connections), sources.read(Access)
    access.hold(connections)
    return Settings(
        connections=connections,
        access=access,
        space=sources.read(Space, **({} if space is None else {"space": space})),
        people=sources.read(People),
        floor=sources.read(Floor),
        deliver=sources.read(Deliver),
        health=sources.read(Health),
        logs=sources.read(Logs),
    )
