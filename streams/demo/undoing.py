"""Whatever ends the demo: what it started is stopped, once and to the end."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from streams.demo.show import STOP_SIGNALS


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def undoing() -> Iterator[ExitStack]:
    """Undo everything at the end, whatever ends it; a second Ctrl-C does not cut that short."""
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    with ExitStack() as undo:
        try:
            yield undo
        finally:
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
