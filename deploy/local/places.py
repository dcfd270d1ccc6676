"""Where the local stack keeps its files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Part = Literal["kafka", "clickhouse", "redis"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Places:
    """Every path of one stack; all of them lie in ``<root>/.local``."""

    root: Path

    @property
    def home(self) -> Path:
        """The directory that ``reset`` empties."""
        return self.root / ".local"

    @property
    def endpoints(self) -> Path:
        """Addresses of the parts; present only while the stack is up."""
        return self.home / "endpoints.json"

    @property
    def ports(self) -> Path:
        """Ports of the last start, preferred at the next one."""
        return self.home / "ports.json"

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops parts."""
        return self.home / "lock"

    def data(self, part: Part) -> Path:
        """The directory that a part owns."""
        return self.home / "data" / part

    def log(self, part: Part) -> Path:
        """What a part wrote to its standard output and error."""
        return self.home / "logs" / f"{part}.log"

    def record(self, part: Part) -> Path:
        """Which process a part is: see ``processes.ProcessRecord``."""
        return self.home / "run" / f"{part}.json"

    def make(self) -> None:
        """Create the directories; harmless when they exist."""
        for part in PARTS:
            for path in (self.data(part), self.log(part).parent, self.record(part).parent):
                path.mkdir(parents=True, exist_ok=True)
