"""What falls due when: a heap with lazy deletion, so that time costs what falls due.

Moving a deadline is a push; what was there before is passed over when its turn comes. The heap is
made anew when most of it is out of date, so it never holds more than about twice what is open.
"""

from heapq import heapify, heappop, heappush

#: Out-of-date entries that are tolerated beside as many as are up to date.
_STALE_MIN = 1_000


class Deadlines:
    """Keys and the time (UTC ms) at which each is due."""

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def due_ms(self, key: str) -> int | None:
        """When a key is due; None: not at all."""
        return self._due.get(key)

    def set(self, key: str, due_ms: int | None) -> None:
        """Have a key fall due then, and not when it would have before; None: never."""
        if due_ms is None:
            self._due.pop(key, None)
            return
        if self._due.get(key) == due_ms:
            return
        self._due[key] = due_ms
        heappush(self._heap, (due_ms, key))
        if len(self._heap) > 2 * len(self._due) + _STALE_MIN:
            self._heap = [(at_ms, each) for each, at_ms in self._due.items()]
            heapify(self._heap)

    def bring_forward(self, key: str, due_ms: int) -> bool:
        """Have a key fall due by then at the latest; False when it would have anyway."""
        known = self._due.get(key)
        if known is not None and known <= due_ms:
            return False
        self.set(key, due_ms)
        return True

    def take(self, now_ms: int, limit: int) -> list[str]:
        """Up to ``limit`` keys due by ``now_ms``, the earliest first; they are due no more."""
        heap, due = self._heap, self._due
        taken: list[str] = []
        while heap and heap[0][0] <= now_ms and len(taken) < limit:
            due_ms, key = heappop(heap)
            if due.get(key) == due_ms:
                del due[key]
                taken.append(key)
        return taken

    def waits(self, now_ms: int) -> bool:
        """Whether something is due by ``now_ms``."""
        heap, due = self._heap, self._due
        while heap and due.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return bool(heap) and heap[0][0] <= now_ms
