"""What systems rather than people send: heartbeats, backlog counts, new guidelines."""

from streams.simulate.config import FloorConfig
from streams.simulate.incidents import Troubles
from streams.simulate.lines import Line
from streams.simulate.outbox import Outbox

HEARTBEAT_MS = 30_000
BACKLOG_MS = 300_000


class Signals:
    """Emits the events that no single item or person causes."""

    def __init__(self, config: FloorConfig, troubles: Troubles, outbox: Outbox) -> None:
        self._config = config
        self._troubles = troubles
        self._outbox = outbox

    def heartbeat(self, source: str, now_ms: int) -> None:
        """A source says that it is alive, and when it last had something to send."""
        self._outbox.emit(now_ms, "source.heartbeat", source, {"lag_ms": 0})

    def backlog(self, line: Line, in_review: int, now_ms: int) -> None:
        """A queue's own count of what waits."""
        queue = line.queue
        self._outbox.emit(
            now_ms,
            "snapshot.backlog",
            queue.source,
            {
                "project_id": queue.project,
                "queue_id": queue.name,
                "waiting": len(line.waiting),
                "in_review": in_review,
            },
        )

    def guideline(self, project: str, now_ms: int) -> None:
        """A new version of a project's guideline is in force."""
        queues = [q for q in self._config.queues if q.project == project]
        if queues:
            self._outbox.emit(
                now_ms,
                "guideline.published",
                queues[0].source,
                {
                    "project_id": project,
                    "queue_ids": [q.name for q in queues],
                    "guideline_version": self._troubles.guideline_version(project, now_ms),
                },
            )
