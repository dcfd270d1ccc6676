"""A space of its own on the real parts, with workers and deliverers as processes of their own.

Every child is ended by its own process id, also a stopped one; the space is dropped at the end.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clickhouse_connect.driver.client import Client

from schemas.topics import Topics
from sinks import clickhouse
from streams import setup
from streams.admin import Kafka
from streams.demo import accounts, settling
from streams.demo.accounts import Fates
from streams.settings import Settings
from streams.spaces import Names

STOP_S_MAX = 40.0
START_S_MAX = 90.0
#: What a process logs once its signal handlers are in place.
_AT_WORK = b"health_page"


@dataclass(slots=True)
class Child:
    """One process of ours; its output goes to a file that a failing test can show."""

    arguments: tuple[str, ...]
    output: Path
    process: subprocess.Popen[bytes]
    #: Where its own output begins in the file.
    begins_at: int = 0

    @staticmethod
    def start(arguments: tuple[str, ...], output: Path) -> "Child":
        """Start ``watchfloor`` with these arguments; more of the same file's output follows."""
        command = [sys.executable, "-m", "streams.main", *arguments]
        with output.open("ab") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
            return Child(arguments, output, process, file.tell())

    def await_at_work(self) -> None:
        """Return when it runs and would stop by itself when asked."""
        until_s = time.monotonic() + START_S_MAX
        while _AT_WORK not in self.output.read_bytes()[self.begins_at :]:
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < until_s, "it did not start"
            time.sleep(0.1)

    def again(self) -> "Child":
        """The same child once more: same arguments, so the same place in its group."""
        return Child.start(self.arguments, self.output)

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """SIGSTOP."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.process.pid, signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """SIGTERM; ``await_end`` says what came of it."""
        self.process.terminate()

    def await_end(self) -> int:
        """The exit code; a child that does not end is killed, which is -9."""
        try:
            return self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL


@dataclass(slots=True)
class FloorSpace:
    """A space and the processes at work in it."""

    settings: Settings
    kafka: Kafka
    client: Client
    folder: Path
    children: list[Child] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The space's name."""
        return self.settings.space.space

    @property
    def topics(self) -> Topics:
        """The space's topics."""
        return Topics(self.name)

    def run(self, *arguments: str) -> str:
        """What a command prints that must succeed."""
        command = [sys.executable, "-m", "streams.main", "--space", self.name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def worker(self, number: int) -> Child:
        """Start the worker of this number; it is gone when the space is."""
        return self._start(f"worker-{number}", "worker", "--instance", f"w{number}")

    def deliver(self, sink: str, *options: str) -> Child:
        """Start what delivers to one sink."""
        return self._start(
            f"deliver-{sink}", "deliver", "--only", sink, "--instance", "d", *options
        )

    def _start(self, name: str, *arguments: str) -> Child:
        whole = ("--space", self.name, *arguments)
        self.children.append(Child.start(whole, self.folder / f"{name}.log"))
        return self.children[-1]

    def start_again(self, child: Child) -> Child:
        """Start a child that ended; the fresh one takes its place."""
        fresh = child.again()
        self.children[self.children.index(child)] = fresh
        return fresh

    def settle(self) -> None:
        """Return when all that was sent is applied, published and delivered."""
        settling.settle(self.kafka, self.name, self.settings.floor.partitions, lambda _: None)

    def fates(self) -> Fates:
        """The counters of stage 1, from its changelog."""
        return accounts.read_fates(self.kafka, self.topics, self.settings.floor.partitions)

    def stop(self) -> list[int]:
        """Ask all children to stop; their exit codes."""
        for child in self.children:
            child.ask_to_stop()
        return [child.await_end() for child in self.children]

    def end(self) -> None:
        """End all children that still live, at once."""
        for child in self.children:
            if child.process.poll() is None:
                child.kill()


@contextmanager
def floor_space(
    settings: Settings, folder: Path, accept: setup.Accept | None
) -> Iterator[FloorSpace]:
    """Set a space up, and end what was started in it whatever happens."""
    setup.set_up(settings, lambda _: None, accept)
    connections = settings.connections
    password = connections.clickhouse_password.get_secret_value()
    client = clickhouse.connect(connections.clickhouse, connections.clickhouse_user, password)
    client.database = Names(settings.space.space).database
    with Kafka(connections.kafka, connections.timeout_s) as kafka:
        space = FloorSpace(settings, kafka, client, folder)
        try:
            yield space
        finally:
            space.end()
            client.command(f"DROP DATABASE IF EXISTS {Names(space.name).database}")
            client.close()
            kafka.delete_topics([each.name for each in space.topics.specs()])
