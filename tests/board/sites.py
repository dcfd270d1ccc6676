"""A real floor with all its processes, stores that can be killed, and the board's process."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from redis import Redis
from redis.exceptions import ConnectionError

from deploy.local.valkey import find_server
from streams import settings
from streams.principals import hashed, new_token
from tests.integration.main_job.conftest import environment
from tests.integration.main_job.floor_processes import FloorSpace, floor_space
from tests.integration.sinks.engines import Engine, free_port, wait_for

#: A busy machine may take long; a board that never says it takes longer.
SAID_S_MAX = 60.0
OPERATOR = new_token()


class Valkey:
    """A Valkey of our own, on a port that stays over restarts; it forgets everything."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["--bind", "127.0.0.1", "--dir", str(self._folder), "--save", ""]
        command = [find_server(), "--port", str(self._port), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with Redis.from_url(self.url) as redis:
            wait_for(redis.ping, ConnectionError)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass(slots=True)
class Site:
    """A floor, its stores, and the board's process."""

    floor: FloorSpace
    valkey: Valkey
    engine: Engine
    port: int
    board: subprocess.Popen[bytes] | None = None

    def start_board(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "streams.main", "--space", self.floor.name, "board"]
        self.board = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.ask("me"), OSError)

    def kill_board(self) -> None:
        """End it at once."""
        assert self.board is not None
        self.board.kill()
        self.board.wait()

    def ask(self, path: str) -> Any:
        """The JSON of an answer; OSError when there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/{path}", timeout=10) as got:
            return json.load(got)

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The health once it is so."""
        until_s = time.monotonic() + SAID_S_MAX
        while True:
            health: dict[str, Any] = self.ask("health")["health"]
            if true(health):
                return health
            assert time.monotonic() < until_s, health
            time.sleep(0.1)

    def until_part(self, part: str, state: str) -> dict[str, Any]:
        """What is said of a part once it is in that state."""

        def so(health: dict[str, Any]) -> bool:
            return any(e["part"] == part and e["state"] == state for e in health["parts"])

        health = self.until(so)
        said: dict[str, Any] = next(each for each in health["parts"] if each["part"] == part)
        return said | {"live": health["live"]}


@contextmanager
def _stores(folder: Path) -> Iterator[tuple[Valkey, Engine]]:
    valkey, engine = Valkey(folder), Engine(folder / "clickhouse")
    try:
        valkey.start()
        engine.start()
        yield valkey, engine
    finally:
        valkey.kill()
        engine.kill()


@contextmanager
def made_site(parts: dict[str, str], folder: Path) -> Iterator[Site]:
    """A worker, deliverers, the notifier and a board on stores of their own."""
    principal = {"name": "ada", "roles": ["operator"], "projects": ["*"]}
    principal["token_sha256"] = hashed(OPERATOR)
    (folder / "principals.yaml").write_text(yaml.safe_dump({"principals": [principal]}))
    with _stores(folder) as (valkey, engine):
        port, api_port = free_port(), free_port()
        values = parts | {
            "WATCHFLOOR_REDIS": valkey.url,
            "WATCHFLOOR_CLICKHOUSE": engine.url,
            "WATCHFLOOR_LOCAL_DIR": str(folder),
            "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
            "WATCHFLOOR_HEALTH_PORT": "0",
            "WATCHFLOOR_ALERTS_PORT": str(api_port),
            "WATCHFLOOR_ALERTS_URL": f"http://127.0.0.1:{api_port}",
            "WATCHFLOOR_ALERTS_PRINCIPALS": str(folder / "principals.yaml"),
            "WATCHFLOOR_BOARD_PORT": str(port),
        }
        with environment(values):
            found = settings.read(f"t{secrets.token_hex(5)}")
            with floor_space(found, folder, None) as floor:
                floor.worker(os.getpid())
                floor.deliver("redis")
                floor.deliver("clickhouse")
                floor.deliver("notify")
                made = Site(floor, valkey, engine, port)
                made.start_board()
                try:
                    made.until_part("workers", "ok")
                    yield made
                finally:
                    made.kill_board()
