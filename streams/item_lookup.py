"""Items behind alerts for the notifier: looked up beside it, and not waited for."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from schemas.alerts import AlertTransition
from sinks.evidence_items import EvidenceItems, lacks_items

#: An alert is not held back for longer than this.
WAIT_S = 0.5
#: What happened a moment ago is not in ClickHouse yet.
AGAIN_AFTER_S = 3.0


class ItemLookup:
    """A thread that asks ClickHouse; while it is busy with one batch the next goes without."""

    def __init__(self, items: EvidenceItems) -> None:
        self._items = items
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="items")
        self._asked: Future[list[AlertTransition]] | None = None

    async def fill(self, steps: Sequence[AlertTransition]) -> Sequence[AlertTransition]:
        """The steps with some of the items behind them, where that is found in time."""
        if not any(lacks_items(each) for each in steps):
            return steps
        if self._asked is not None and not self._asked.done():
            return steps
        self._asked = self._thread.submit(self._items.fill, steps)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._asked), WAIT_S)
        except TimeoutError:
            return steps

    def close(self) -> None:
        """End the thread; what it still asks for is nobody's concern."""
        self._thread.shutdown(wait=False, cancel_futures=True)
