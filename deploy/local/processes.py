"""Start, recognise and stop the processes of a stack, also after a crash or a reboot."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.errors import StackError

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_POLL_S = 0.02
_KILL_S = 10.0


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process id together with when that process began.

    A process id is used again after a while; the pair is not, so a record that
    outlived its process can never point at a stranger.
    """

    pid: int
    began: str

    def alive(self) -> bool:
        """Whether exactly this process still runs."""
        _reap(self.pid)
        return began(self.pid) == self.began


def began(pid: int) -> str | None:
    """When a process began, as an opaque text; None when it is gone or a zombie."""
    boot, stat = Path("/proc/sys/kernel/random/boot_id"), Path(f"/proc/{pid}/stat")
    if boot.exists():
        try:
            # The name in parentheses may hold spaces; state is the first field after it.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, threads, start_ticks = fields[0], int(fields[17]), fields[19]
        # A dead process whose other threads still end has not let go of its port and files.
        if state in "ZX" and threads <= 1:
            return None
        return f"{boot.read_text().strip()}:{start_ticks}"
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    state, _, at = shown.partition(" ")
    return at.strip() if shown and not state.startswith("Z") else None


def read_record(path: Path) -> ProcessRecord | None:
    """The record in a file; None when there is none or it was cut short by a crash."""
    try:
        fields = json.loads(path.read_text())
        return ProcessRecord(int(fields["pid"]), str(fields["began"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_own_record(path: Path) -> None:
    """Record the calling process."""
    pid = os.getpid()
    mark = began(pid)
    assert mark is not None, "the calling process is alive"
    write_atomically(path, json.dumps(asdict(ProcessRecord(pid, mark))))


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader sees the old text or the new, never a part."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with draft.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def spawn(
    argv: Sequence[str], record: Path, data: Path, log: Path, env: Mapping[str, str]
) -> ProcessRecord:
    """Start a process in a session of its own, its output appended to ``log``.

    It goes through ``deploy.local.launch``, which claims the data directory and writes
    the record from within the new process: a starter that is killed at any moment leaves
    no process without a record.
    """
    paths = [str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "deploy.local.launch", str(record), str(data), *argv],
        {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **env},
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    # A process that ended already has no beginning; its record is never alive.
    return ProcessRecord(pid, began(pid) or "ended")


def ask_to_end(process: ProcessRecord) -> None:
    """Send SIGTERM and return at once, so that several can end at the same time."""
    _signal(process, signal.SIGTERM, 0.0)


def stop(process: ProcessRecord, grace_s: float) -> None:
    """Ask a process to end, and kill it when it has not after ``grace_s``."""
    if not _signal(process, signal.SIGTERM, grace_s):
        kill(process)


def kill(process: ProcessRecord) -> None:
    """End a process at once, as a crash would, and wait until it is gone."""
    if not _signal(process, signal.SIGKILL, _KILL_S):
        raise StackError(
            f"process {process.pid} does not end, not even by SIGKILL",
            f"it waits on the disk or the kernel: `ps -o stat,wchan -p {process.pid}`",
        )


def _signal(process: ProcessRecord, number: signal.Signals, wait_s: float) -> bool:
    if process.alive():
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return True
    return _gone_within(process, wait_s)


def _gone_within(process: ProcessRecord, wait_s: float) -> bool:
    until = time.monotonic() + wait_s
    while process.alive():
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_S)
    return True


def _reap(pid: int) -> None:
    """Collect a dead child of ours; the child of somebody else is not ours to collect."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
