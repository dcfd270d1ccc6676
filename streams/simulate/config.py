"""What a simulated floor is made of: its queues, its people's number, its habits."""

from dataclasses import dataclass, replace

from streams.simulate.incidents import Incident

# Measured: what one person at work sends on average, the queues' and workforce's share included.
EVENTS_PER_S_PER_SEAT = 0.033


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """One queue; shares and probabilities are in [0, 1].

    Handle times are lognormal: ``handle_s`` is the median, ``spread`` the sigma of the log, so
    the mean is ``handle_s * exp(spread**2 / 2)`` and the tail is long, as on real floors.
    """

    name: str
    source: str
    project: str
    labels: tuple[str, ...]
    label_weights: tuple[int, ...]
    handle_s: float
    spread: float
    work_share: float
    due_s: int
    units: int = 1
    language: str = "en"
    category: str = "policy"
    review_share: float = 0.2
    golden_share: float = 0.03
    prelabel_share: float = 0.0
    skip_share: float = 0.02


QUEUES = (
    QueueConfig(
        "chat-urgent",
        "custom",
        "moderation",
        ("ok", "harassment", "scam", "self_harm"),
        (70, 15, 12, 3),
        25,
        0.7,
        0.22,
        900,
        category="safety",
        review_share=0.15,
    ),
    QueueConfig(
        "reports",
        "custom",
        "moderation",
        ("ok", "nudity", "violence", "hate"),
        (55, 20, 15, 10),
        45,
        0.8,
        0.28,
        4 * 3600,
        language="es",
        golden_share=0.04,
    ),
    QueueConfig(
        "boxes",
        "cvat",
        "street",
        ("car", "person", "bicycle", "empty"),
        (50, 30, 12, 8),
        240,
        0.9,
        0.3,
        24 * 3600,
        units=12,
        review_share=0.35,
        category="image",
        prelabel_share=0.6,
        skip_share=0.01,
    ),
    QueueConfig(
        "intents",
        "label_studio",
        "assistant",
        ("order", "refund", "smalltalk"),
        (45, 25, 30),
        18,
        0.6,
        0.2,
        12 * 3600,
        units=3,
        category="text",
    ),
)


@dataclass(frozen=True, slots=True)
class FloorConfig:
    """A floor; ``seats`` are work places, each held by one person after another.

    ``load`` is the work that arrives over the work that the people can do: near 1 queues grow.
    """

    seats: int = 120
    org_id: str = "acme"
    queues: tuple[QueueConfig, ...] = QUEUES
    load: float = 0.85
    heartbeat_s: int = 30
    reviewer_share: float = 0.14
    lock_s: int = 1800
    incidents: tuple[Incident, ...] = ()
    cell: str = "k0000"

    def for_rate(self, events_per_s: float) -> "FloorConfig":
        """The same floor with as many seats as send about this many events per second."""
        seats = max(2 * 8 * len(self.queues), round(events_per_s / EVENTS_PER_S_PER_SEAT))
        return replace(self, seats=seats)
