"""The processes of a floor, and the supervisor that starts again what ended by itself.

Every child is ended by its own process id, also a stopped one.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: What a process logs once it works.
AT_WORK = (b'"worker_ready', b"worker_ready ")
START_S_MAX = 90.0
STOP_S_MAX = 40.0
REFUSED = 2
_LOOK_EVERY_S = 0.1
_PAUSE_S = 0.3


@dataclass(slots=True)
class Member:
    """One process that is to run; its output over all its lives is in one file."""

    name: str
    arguments: tuple[str, ...]
    output: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    begins_at: int = 0
    #: Whether the supervisor starts it again when it ends.
    wanted: bool = True
    ended_s: float | None = None

    def start(self) -> None:
        """Start it; more of the same file's output follows."""
        command = [sys.executable, "-m", "tests.chaos.entry", *self.arguments]
        with self.output.open("ab") as file:
            self.begins_at = file.tell()
            self.process = subprocess.Popen(
                command, stdout=file, stderr=subprocess.STDOUT, env={**self.environment}
            )
        self.ended_s = None

    @property
    def at_work(self) -> bool:
        """Whether this life of it has recovered its partitions."""
        said = self.output.read_bytes()[self.begins_at :]
        return any(mark in said for mark in AT_WORK)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)


class Crew:
    """All members of a space, looked after by a thread."""

    def __init__(self, space: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.armed = folder / "armed"
        self.members: dict[str, Member] = {}
        #: How often members ended by themselves, by (name, code).
        self.ends: Counter[tuple[str, int]] = Counter()
        self._space = space
        self._folder = folder
        self._environment = {**os.environ, **environment, "CHAOS_ARMED": str(self.armed)}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="crew", daemon=True)
        self._thread.start()

    def worker(self, name: str, instance: str | None = None) -> Member:
        """Start a worker; two with the same ``instance`` claim one place in the group."""
        return self._add(name, "worker", "--instance", instance or name)

    def deliver(self, sink: str) -> Member:
        """Start what delivers to one sink."""
        return self._add(f"deliver-{sink}", "deliver", "--only", sink, "--instance", "d")

    def _add(self, name: str, *arguments: str) -> Member:
        whole = ("--space", self._space, *arguments)
        member = Member(name, whole, self._folder / f"{name}.log", self._environment)
        with self._lock:
            self.members[name] = member
            member.start()
        return member

    def workers(self) -> list[Member]:
        """The workers that are to run."""
        return [each for each in self.members.values() if each.arguments[2] == "worker"]

    def deliverers(self) -> list[Member]:
        """The deliverers."""
        return [each for each in self.members.values() if each.arguments[2] == "deliver"]

    def await_at_work(self) -> None:
        """Return when every member has recovered."""
        until_s = time.monotonic() + START_S_MAX
        while waiting := [each.name for each in self.members.values() if not each.at_work]:
            assert time.monotonic() < until_s, f"not at work: {waiting}"
            time.sleep(_LOOK_EVERY_S)

    def stop(self, member: Member) -> int:
        """Ask a member to stop for good; its exit code, -9 when it had to be killed."""
        with self._lock:
            member.wanted = False
            self.members.pop(member.name, None)
        member.signal(signal.SIGTERM)
        try:
            return member.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            member.process.kill()
            member.process.wait()
            return -signal.SIGKILL

    def upgrade(self, environment: Mapping[str, str]) -> None:
        """Have members that are added or restarted from now on differ in their environment."""
        self._environment |= environment

    def restart(self, member: Member) -> int:
        """Stop a member in good order and start it again; the exit code of its stop."""
        code = self.stop(member)
        with self._lock:
            member.environment = dict(self._environment)
            member.wanted = True
            self.members[member.name] = member
            member.start()
        return code

    def end(self) -> None:
        """End all at once."""
        self._over.set()
        self._thread.join()
        for member in self.members.values():
            member.process.kill()
            member.process.wait()

    def _look_after(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            with self._lock:
                for member in self.members.values():
                    self._look_at(member)

    def _look_at(self, member: Member) -> None:
        code = member.process.poll()
        if code is None or not member.wanted:
            return
        now_s = time.monotonic()
        if member.ended_s is None:
            self.ends[member.name, code] += 1
            member.ended_s = now_s
            # It would refuse its settings again.
            member.wanted = code != REFUSED
        elif now_s - member.ended_s > _PAUSE_S:
            member.start()
