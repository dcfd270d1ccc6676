"""``python -m tests.chaos.entry``: the command line of the product, with places to die in.

The product has no test code in it. Here its functions are wrapped before it starts: a process
that comes to a place named in the file ``CHAOS_ARMED`` takes that file away and dies there, or
stops as SIGSTOP does. ``CHAOS_WITHOUT`` names a guard that is left out (``tests.chaos.guards``);
with ``CHAOS_STATE_VERSION`` it is a later version of the product as far as its state goes.
"""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sinks.clickhouse import ClickHouseSink
from sinks.redis import RedisSink
from streams.cli import main
from streams.core import wire
from streams.producer import Producer
from streams.tables import LogTable
from streams.transport import Consumer
from tests.chaos.guards import leave_out

ARMED = "CHAOS_ARMED"
WITHOUT = "CHAOS_WITHOUT"
VERSION = "CHAOS_STATE_VERSION"

#: Each place before and after which a process can be made to die or stop.
PLACES: dict[str, tuple[type[Any], str]] = {
    "claim": (LogTable, "_claim"),
    "replay": (LogTable, "_replay"),
    "append": (LogTable, "append"),
    "produce": (Producer, "send_many"),
    "batch": (Producer, "_send_batch"),
    "seek": (Consumer, "perform_seek"),
    "commit": (Consumer, "force_commit"),
    "durable": (Consumer, "mark_durable"),
    "insert": (ClickHouseSink, "write"),
    "snapshot": (RedisSink, "write"),
}


def arm(file: Path, place: str, how: signal.Signals) -> None:
    """Let the next process that comes to ``before_NAME`` or ``after_NAME`` get a signal there."""
    draft = file.with_suffix(".draft")
    draft.write_text(f"{place} {how.value}")
    draft.rename(file)


def _pass(place: str) -> None:
    """Die or stop, when this place is the armed one and nobody else took it."""
    file = Path(os.environ[ARMED])
    try:
        wanted, number = file.read_text().split()
        if wanted != place:
            return
        file.rename(file.with_name(f"hit-{os.getpid()}"))
    except (FileNotFoundError, ValueError):
        return
    os.kill(os.getpid(), signal.Signals(int(number)))


def _wrap(owner: type[Any], name: str, place: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    async def passed(*args: Any, **kwargs: Any) -> Any:
        _pass(f"before_{place}")
        found = await original(*args, **kwargs)
        _pass(f"after_{place}")
        return found

    @functools.wraps(original)
    def passed_blocking(*args: Any, **kwargs: Any) -> Any:
        _pass(f"before_{place}")
        found = original(*args, **kwargs)
        _pass(f"after_{place}")
        return found

    is_async = original.__code__.co_flags & 0x80
    setattr(owner, name, passed if is_async else passed_blocking)


def run() -> None:
    """The command line, wrapped as the environment says."""
    if ARMED in os.environ:
        for place, (owner, name) in PLACES.items():
            _wrap(owner, name, place)
    if WITHOUT in os.environ:
        leave_out(os.environ[WITHOUT])
    if VERSION in os.environ:
        wire.STATE_VERSION = int(os.environ[VERSION])
    main()


if __name__ == "__main__":
    run()
