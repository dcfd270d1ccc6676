"""Ends the demo when a part that it needs has gone, wherever the demo waits just then."""

import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console

from streams.refusals import Refusal

LOOK_EVERY_S = 2.0
#: A part may be slow to answer on a busy machine; one that is silent for so long is gone.
SILENT_S_MAX = 8.0


class Lookout:
    """Asks again and again, from a thread of its own, as long as its ``with`` lasts.

    Much of what the demo waits for has no time-out below a minute, so it is not asked to stop:
    ``stop_all`` stops what the demo started, and the process ends with the Refusal.
    """

    def __init__(
        self,
        state: Callable[[], str],
        stop_all: Callable[[], None],
        refusal: Refusal,
        *,
        silent_s_max: float = SILENT_S_MAX,
    ) -> None:
        """``state`` is "up", "crashed", "down" or "not answering"."""
        self._state = state
        self._stop_all = stop_all
        self._refusal = refusal
        self._silent_s_max = silent_s_max
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="lookout", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # When it is just ending the demo, this never returns.
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        well_s = time.monotonic()
        while not self._over.wait(LOOK_EVERY_S):
            state, now_s = self._state(), time.monotonic()
            if state == "up":
                well_s = now_s
            elif state != "not answering" or now_s - well_s > self._silent_s_max:
                self._end()

    def _end(self) -> None:
        """Say why, stop everything, and end the process."""
        Console().show_cursor()
        print(f"\nwatchfloor: {self._refusal}", file=sys.stderr, flush=True)
        try:
            self._stop_all()
        finally:
            sys.stdout.flush()
            os._exit(self._refusal.exit_code)
