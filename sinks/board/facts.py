"""What the board noticed of the parts around it, before it is judged."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Answer:
    """Whether somebody who is asked again and again still answers."""

    ok_ms: int | None = None
    error: str | None = None
    failed_ms: int | None = None

    def heard(self, at_ms: int) -> None:
        """It answered."""
        self.ok_ms, self.error, self.failed_ms = at_ms, None, None

    def failed(self, at_ms: int, error: str) -> None:
        """It did not."""
        self.error = error
        self.failed_ms = self.failed_ms or self.ok_ms or at_ms


@dataclass(slots=True)
class Facts:
    """What the board noticed; times are UTC ms of its own clock."""

    now_ms: int = 0
    redis: Answer = field(default_factory=Answer)
    clickhouse: Answer = field(default_factory=Answer)
    notifier: Answer = field(default_factory=Answer)
    #: As deliver-redis writes it; see ``streams.pipeline_watch``.
    pipeline: dict[str, Any] = field(default_factory=dict)
    as_of_ms: int | None = None
    last_event_ms: int | None = None
    sources: tuple[int, int] | None = None
    history_until_ms: int | None = None
    dead_letters_1h: int | None = None
    redis_ahead_ms: int = 0
    #: The board itself stood still: from, to.
    stalled: tuple[int, int] | None = None
    #: Our clock went otherwise than time did: when noticed, by how much.
    jumped: tuple[int, int] | None = None
