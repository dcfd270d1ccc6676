"""Choose the ports of a stack: asked for, else last time's, else the usual, else free ones."""

import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.processes import write_atomically
from deploy.local.progress import Progress

HOST = "127.0.0.1"
USUAL: Mapping[str, int] = {"kafka": 9092, "controller": 9093, "clickhouse": 8123, "redis": 6379}
# Free ports are sought from here upwards, below the range the kernel gives to outgoing connections.
_SPARE_FROM = 10_000
_SPARE_TRIES = 2_000


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    for host in (HOST, "0.0.0.0"):
        with socket.socket() as probe:
            # Connections that a stopped server left in TIME_WAIT must not count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def choose(name: str, asked: int | None, last: int | None, taken: set[int]) -> int:
    """A port for ``name`` that is free and not in ``taken``.

    Raises StackError when a port was asked for and somebody else has it.
    """
    if asked is not None:
        if asked in taken or not is_free(asked):
            raise StackError(
                f"port {asked}, asked for {name}, is taken by another process",
                f"stop it (`ss -ltnp 'sport = :{asked}'` names it), or ask for no port: "
                "a free one is chosen then",
            )
        return asked
    usual = USUAL[name]
    spare = range(usual + _SPARE_FROM, usual + _SPARE_FROM + _SPARE_TRIES)
    candidates: list[int] = [*([] if last is None else [last]), usual, *spare]
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise StackError(f"no free port for {name} in {spare}", "stop stacks that are not used")


def read_last(path: Path) -> dict[str, int]:
    """The ports of the last start; empty when there was none."""
    try:
        found = json.loads(path.read_text())
        return {name: int(found[name]) for name in USUAL if name in found}
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def choose_all(
    names: Sequence[str], asked: Mapping[str, int], memory: Path, progress: Progress
) -> dict[str, int]:
    """Ports for ``names``, remembered in the file ``memory`` beside those of other parts."""
    last = read_last(memory)
    chosen = {name: port for name, port in last.items() if name not in names}
    for name in names:
        port = choose(name, asked.get(name), last.get(name), {*chosen.values()})
        if port != USUAL[name] and name not in asked and name != "controller":
            progress.say(f"{name}: port {port} (the usual {USUAL[name]} is not free)")
        chosen[name] = port
    write_atomically(memory, json.dumps(chosen) + "\n")
    return chosen


@contextmanager
def reserved() -> Iterator[None]:
    """Keep other stacks of this user from choosing ports until ours are listened on."""
    path = Path(tempfile.gettempdir()) / f"watchfloor-ports-{os.getuid()}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
