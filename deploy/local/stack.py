"""Start, watch and stop the parts of a stack."""

import fcntl
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

from deploy.local import clickhouse, kafka, ports, processes, valkey
from deploy.local.endpoints import Endpoints
from deploy.local.errors import StackError
from deploy.local.places import PARTS, Part, Places
from deploy.local.processes import ProcessRecord
from deploy.local.progress import Progress
from deploy.local.starting import GRACE_S, start

FREE_BYTES_MIN = 1_000_000_000

State = Literal["up", "not answering", "crashed", "down"]


@dataclass(frozen=True, slots=True)
class PartStatus:
    """How one part is; ``address`` and ``pid`` are None unless its process runs."""

    part: Part
    state: State
    address: str | None
    pid: int | None
    log: Path


class Stack:
    """The parts whose files lie in ``<root>/.local``; any process may hold one of these.

    ``asked_ports`` (``kafka``, ``controller``, ``clickhouse``, ``redis``) are taken or
    refused; for the rest last time's are used, else the usual ones, else free ones.
    """

    def __init__(self, root: Path, asked_ports: Mapping[str, int] | None = None) -> None:
        self.places = Places(root.resolve())
        self._asked = asked_ports or {}

    def up(self, parts: tuple[Part, ...] = PARTS, quiet: bool = True) -> Endpoints:
        """Start what does not run yet; returns when all of it answers.

        Raises StackError, and then has stopped what this call started.
        """
        progress = Progress(quiet)
        self._check_disk()
        self.places.make()
        with self._alone():
            absent = [part for part in PARTS if part in parts and not self._healthy(part)]
            if absent:
                self._stop_stuck(absent, progress)
                start(self.places, self._asked, absent, progress)
            endpoints = Endpoints.of(
                ports.read_last(self.places.ports), [part for part in PARTS if self._process(part)]
            )
            endpoints.write(self.places.endpoints)
        return endpoints

    def start(self, part: Part) -> Endpoints:
        """Start one part again, at the port it had."""
        return self.up((part,))

    def down(self, quiet: bool = True) -> list[Part]:
        """Stop every part that a stack of this root started; returns which those were."""
        if not self.places.home.exists():
            return []
        progress = Progress(quiet)
        with self._alone():
            self.places.endpoints.unlink(missing_ok=True)
            running = {part: found for part in PARTS if (found := self._process(part))}
            for process in running.values():
                processes.ask_to_end(process)
            for part, process in running.items():
                progress.say(f"{part}: stopping process {process.pid}")
                processes.stop(process, GRACE_S)
            for part in PARTS:
                self.places.record(part).unlink(missing_ok=True)
        return list(running)

    def kill(self, part: Part) -> None:
        """End one part at once, as a crash would (SIGKILL); for tests."""
        if process := self._process(part):
            processes.kill(process)

    def reset(self, quiet: bool = True) -> None:
        """Stop everything and delete all data and logs; downloads are kept elsewhere."""
        self.down(quiet)
        shutil.rmtree(self.places.home, ignore_errors=True)

    def status(self) -> list[PartStatus]:
        """How every part is, asked now."""
        return [self._status(part) for part in PARTS]

    def _stop_stuck(self, absent: Collection[Part], progress: Progress) -> None:
        for part in absent:
            if stuck := self._process(part):
                progress.say(f"{part}: process {stuck.pid} does not answer, stopping it")
                processes.stop(stuck, GRACE_S)

    def _status(self, part: Part) -> PartStatus:
        log = self.places.log(part)
        process = self._process(part)
        if process is None:
            crashed = self.places.record(part).exists()
            return PartStatus(part, "crashed" if crashed else "down", None, None, log)
        last = ports.read_last(self.places.ports)
        address = Endpoints.of(last, [part]).as_dict()[part] if part in last else None
        state: State = "up" if self._healthy(part) else "not answering"
        return PartStatus(part, state, address, process.pid, log)

    def _process(self, part: Part) -> ProcessRecord | None:
        """The running process of a part; None when it never ran or crashed."""
        record = processes.read_record(self.places.record(part))
        return record if record is not None and record.alive() else None

    def _healthy(self, part: Part) -> bool:
        port = ports.read_last(self.places.ports).get(part)
        if self._process(part) is None or port is None:
            return False
        match part:
            case "kafka":
                return kafka.answers(port)
            case "clickhouse":
                return clickhouse.answers(port)
            case "redis":
                return valkey.answers(port)
            case _:
                assert_never(part)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other starters and stoppers of this root waiting."""
        with self.places.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _check_disk(self) -> None:
        existing = next(
            path for path in (self.places.home, *self.places.home.parents) if path.exists()
        )
        free = shutil.disk_usage(existing).free
        if free < FREE_BYTES_MIN:
            raise StackError(
                f"the disk of {existing} has {free / 1e6:.0f} MB free, "
                f"{FREE_BYTES_MIN / 1e6:.0f} MB are needed",
                "free some space, or set WATCHFLOOR_LOCAL_DIR to a directory on another disk",
            )
