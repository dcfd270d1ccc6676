"""The floor's programs as children of the demo, their output in log files."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from streams.refusals import Refusal

#: The children themselves give their own children 30 s.
STOP_S_MAX = 35.0
#: How long ``Crew.end`` waits after the first and after the second time it asks.
END_WAITS_S = (3.0, 3.0)


@dataclass(slots=True)
class Crew:
    """Children that run ``watchfloor``, each logging to a file of its name in ``logs``.

    ``held_fd`` is kept open by all of them: a lock on it is held as long as one of them lives.
    Their process ids are written to it, for whoever finds the lock taken.
    """

    logs: Path
    held_fd: int
    #: Settings for all of them, above those of the environment.
    variables: Mapping[str, str] = field(default_factory=dict)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start ``watchfloor ARGUMENTS``; its output goes to the log NAME."""
        self.logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "streams.main", *arguments]
        with self.log(name).open("wb") as log:
            # A session of its own: Ctrl-C reaches the demo, which then asks its children to stop.
            self._children[name] = subprocess.Popen(
                command,
                env=os.environ | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(self.held_fd,),
            )
        os.write(self.held_fd, f"{self._children[name].pid}\n".encode())

    def log(self, name: str) -> Path:
        """The log file of a child."""
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Raise Refusal when a child has ended."""
        for name, child in self._children.items():
            if child.poll() is not None:
                lines = self.log(name).read_text(errors="replace").splitlines()
                said = [text for text in lines if text.startswith("watchfloor: ")]
                last = said[-1] if said else f"{name}: exit code {child.returncode}"
                raise Refusal(f"{name} ended; {last}", f"read {self.log(name)}")

    def end(self) -> None:
        """Stop all in seconds: for when Kafka has gone, and with it any graceful stop."""
        for wait_s in END_WAITS_S:
            # Told a second time, a parent kills its own children.
            living = [child for child in [*self._children.values()] if child.poll() is None]
            for child in living:
                child.terminate()
            until_s = time.monotonic() + wait_s
            while time.monotonic() < until_s and any(child.poll() is None for child in living):
                time.sleep(0.1)
        for child in list(self._children.values()):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask all to stop gracefully and wait for them; kill what does not."""
        for child in self._children.values():
            child.terminate()
        until_s = time.monotonic() + STOP_S_MAX
        for child in self._children.values():
            try:
                child.wait(max(0.1, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self._children.clear()


def hold(local: Path, undo: ExitStack) -> int:
    """Keep other demos out of this directory as long as we or a child of ours lives."""
    local.mkdir(parents=True, exist_ok=True)
    lock = undo.enter_context((local / "demo.lock").open("a+"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise Refusal(
            f"another demo, or what is left of one, runs in {local.parent.resolve()}",
            "stop it with Ctrl-C, or use another directory; if only its children are left: "
            f"`kill {' '.join(lock.read().split())}`",
        ) from error
    lock.truncate(0)
    return lock.fileno()
