"""A file that is read again when it changes, and kept as it was when the change can't be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from streams import logs
from streams.marked_yaml import FileRefused

log = logs.get(__name__)

Content = TypeVar("Content")


class KeptFile(Generic[Content]):
    """What a file says that is in force now."""

    def __init__(self, path: Path, read: Callable[[Path], Content]) -> None:
        """Read the file; raises FileRefused."""
        self.path = path
        self._read = read
        self._seen = _stamp(path)
        self.current = read(path)
        #: What is wrong with the file as it is now; '' when it is in force.
        self.fault = ""

    def look(self) -> Content:
        """Read the file again if it changed; what is in force now."""
        stamp = _stamp(self.path)
        if stamp == self._seen:
            return self.current
        self._seen = stamp
        try:
            self.current = self._read(self.path)
        except FileRefused as refused:
            self.fault = refused.problem
            log.error("file_kept_as_it_was", reason=refused.problem)
        else:
            self.fault = ""
            log.info("file_read_again", file=self.path.name)
        return self.current


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
