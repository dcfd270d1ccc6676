"""What a run of the benchmark found, part by part, and the file it is kept in.

A part that is measured again replaces what the same part found before, so a soak of ten minutes
need not be repeated with every run; each part says when and by which command it was measured.
"""

from pathlib import Path

import msgspec


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What every part says of its measurement: when (UTC), how, and how long it took.

    ``load`` is the load average when it began and ended: how many programs wanted the cores.
    """

    at: str = ""
    command: str = ""
    took_s: float = 0.0
    load: tuple[float, float] = (0.0, 0.0)


class Line(msgspec.Struct, frozen=True):
    """One system of the plain task; ``skipped`` says why there is no rate."""

    name: str
    what: str
    per_s: float | None = None
    per_cpu_s: float | None = None
    events: int = 0
    skipped: str = ""


class Plain(Found, frozen=True):
    """The plain task, side by side."""

    lines: list[Line]


class Volume(msgspec.Struct, frozen=True):
    """What one topic got for each event: records, bytes, and bytes as the broker stores them."""

    topic: str
    records: float
    bytes: float
    stored_bytes: float


class Flow(msgspec.Struct, frozen=True):
    """A worker that read all events: from its first batch until all of it was durable.

    ``applied_per_s`` stops the clock earlier, when the last event was applied.
    """

    name: str
    events: int
    per_s: float
    per_cpu_s: float
    applied_per_s: float


class Pipeline(Found, frozen=True):
    """The empty transport and the whole floor over the same topics."""

    events: int
    floor_events_per_s: float
    empty_per_s: float
    empty_per_cpu_s: float
    worker: Flow
    delivering: Flow
    delivered_per_s: float
    volumes: list[Volume]
    hot: list[str]


class Delay(msgspec.Struct, frozen=True):
    """Milliseconds from sending an event until its subject could be read, ``n`` probes."""

    load: float
    events_per_s: float
    sink: str
    n: int
    lost: int
    ms_p50: float | None
    ms_p99: float | None


class Latency(Found, frozen=True):
    """Delays at parts of the measured rate."""

    full_per_s: float
    delays: list[Delay]


class Held(msgspec.Struct, frozen=True):
    """A worker that came back to so many open items."""

    items: int
    log_records: int
    log_bytes: int
    recovery_s: float
    ready_s: float
    resident_bytes: int


class Holding(Found, frozen=True):
    """Memory and recovery against open items; ``idle_bytes`` is a worker that holds nothing."""

    core_bytes_per_item: float
    idle_bytes: int
    held: list[Held]


class Scaling(Found, frozen=True):
    """CPU seconds of rounds without and with one more grouping; rates by partitions."""

    groupings: int
    without_cpu_s: list[float]
    with_cpu_s: list[float]
    partitions: dict[int, Flow]


class Sample(msgspec.Struct, frozen=True):
    """Resident bytes by process, and what the worker held, ``at_s`` into the soak.

    ``panes`` are those of both stages; a person's minute is one in each.
    """

    at_s: float
    resident_bytes: dict[str, int]
    items: int
    lag: int
    panes: int = 0


class Soak(Found, frozen=True):
    """A steady load for long."""

    seconds: float
    events_per_s: float
    samples: list[Sample]


class Findings(msgspec.Struct, kw_only=True):
    """Everything that is known; None: never measured."""

    machine: str = ""
    cores: int = 1
    versions: dict[str, str] = {}
    plain: Plain | None = None
    pipeline: Pipeline | None = None
    latency: Latency | None = None
    holding: Holding | None = None
    scaling: Scaling | None = None
    soak: Soak | None = None


def load(path: Path) -> Findings:
    """What earlier runs found; nothing when there were none or another version wrote it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Findings)
    except (FileNotFoundError, msgspec.DecodeError):
        return Findings()


def save(findings: Findings, path: Path) -> None:
    """Keep it for the next run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(findings), indent=1))
