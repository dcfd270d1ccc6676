"""The addresses of a running stack, and the file that tells them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.places import Part
from deploy.local.ports import HOST
from deploy.local.processes import write_atomically


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the parts listen; None for a part that was not started."""

    kafka: str | None = None
    clickhouse: str | None = None
    redis: str | None = None

    @classmethod
    def of(cls, ports: Mapping[str, int], parts: Collection[Part]) -> "Endpoints":
        """The addresses of ``parts`` at ``ports``."""
        shapes = {"kafka": "{}", "clickhouse": "http://{}", "redis": "redis://{}/0"}
        return cls(**{part: shapes[part].format(f"{HOST}:{ports[part]}") for part in parts})

    def as_dict(self) -> dict[str, str]:
        """The parts that run, by name."""
        named = {"kafka": self.kafka, "clickhouse": self.clickhouse, "redis": self.redis}
        return {name: address for name, address in named.items() if address is not None}

    def write(self, path: Path) -> None:
        """Tell other processes, at once and whole."""
        write_atomically(path, json.dumps(self.as_dict(), indent=2) + "\n")
