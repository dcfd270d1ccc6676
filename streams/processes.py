"""Several processes of one kind, kept alive by their parent.

A process that ends by itself is started again with a growing pause; told to stop, all are, and
the parent waits for them; told a second time, it kills what is left. Each child knows its number,
and with it its place in the group.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from streams import logs

log = logs.get(__name__)

FIRST_PAUSE_S = 0.5
PAUSE_S_MAX = 30.0
#: A child that ran this long was well; its next end is not one of a series.
WELL_AFTER_S = 60.0
STOP_S_MAX = 30.0
#: A child that ends with it refused its settings (``SettingsRefused``), and would again.
REFUSED_EXIT = 2


@dataclass(slots=True)
class _Child:
    arguments: Sequence[str]
    process: subprocess.Popen[bytes]
    began_s: float
    pause_s: float = FIRST_PAUSE_S
    due_s: float | None = None


@dataclass(slots=True)
class Processes:
    """Children that run ``watchfloor`` with these arguments, one list for each child."""

    argument_lists: Sequence[Sequence[str]]
    _children: list[_Child] = field(default_factory=list)
    #: How often it was told to stop.
    _told: int = 0

    def run(self) -> int:
        """Keep the children running until SIGTERM or SIGINT; the exit code.

        A child that refuses its settings (exit 2) ends all: it would refuse them again.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        self._children = [_start(arguments) for arguments in self.argument_lists]
        while not self._told:
            time.sleep(0.2)
            for child in self._children:
                if self._look_after(child) == REFUSED_EXIT:
                    self._stop()
                    return REFUSED_EXIT
        return self._stop()

    def _told_to_stop(self, _number: int, _frame: object) -> None:
        self._told += 1

    def _look_after(self, child: _Child) -> int | None:
        code = child.process.poll()
        if code is None:
            return None
        now_s = time.monotonic()
        if child.due_s is None:
            if code == REFUSED_EXIT:
                return REFUSED_EXIT
            if now_s - child.began_s > WELL_AFTER_S:
                child.pause_s = FIRST_PAUSE_S
            child.due_s = now_s + child.pause_s
            log.warning("process_ended", arguments=child.arguments, code=code)
        elif now_s >= child.due_s:
            again = _start(child.arguments)
            child.process, child.began_s, child.due_s = again.process, again.began_s, None
            child.pause_s = min(2 * child.pause_s, PAUSE_S_MAX)
        return None

    def _stop(self) -> int:
        """Ask all to stop; kill what does not. 0 when all went by themselves."""
        for child in self._children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline_s = time.monotonic() + STOP_S_MAX
        while (living := self._living()) and self._told < 2 and time.monotonic() < deadline_s:
            time.sleep(0.1)
        for child in living:
            child.process.kill()
            child.process.wait()
        return 1 if living else 0

    def _living(self) -> list[_Child]:
        return [child for child in self._children if child.process.poll() is None]


def _start(arguments: Sequence[str]) -> _Child:
    command = [sys.executable, "-m", "streams.main", *arguments]
    # A session of its own: Ctrl-C reaches the parent, which then asks the children to stop.
    process = subprocess.Popen(command, start_new_session=True)
    return _Child(arguments, process, time.monotonic())
