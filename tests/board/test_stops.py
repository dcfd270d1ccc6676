"""A real floor and a real board: parts are killed, the board says which, and all come back."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError

from deploy.local.valkey import find_server
from streams import settings
from tests.integration.main_job.conftest import environment
from tests.integration.main_job.floor_processes import FloorSpace, floor_space
from tests.integration.sinks.engines import Engine, free_port, wait_for

#: A busy machine may take long; a board that never says it takes longer.
SAID_S_MAX = 60.0


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


@pytest.fixture(scope="module")
def site(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A worker, both deliverers and a board on stores of their own."""
    folder = tmp_path_factory.mktemp("stops")
    with _stores(folder) as (valkey, engine):
        port = free_port()
        values = parts | {
            "WATCHFLOOR_REDIS": valkey.url,
            "WATCHFLOOR_CLICKHOUSE": engine.url,
            "WATCHFLOOR_LOCAL_DIR": str(folder),
            "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "true",
            "WATCHFLOOR_HEALTH_PORT": "0",
            "WATCHFLOOR_ALERTS_URL": "http://127.0.0.1:9",
            "WATCHFLOOR_BOARD_PORT": str(port),
        }
        with environment(values):
            found = settings.read(f"t{secrets.token_hex(5)}")
            with floor_space(found, folder, None) as floor:
                floor.worker(os.getpid())
                floor.deliver("redis")
                floor.deliver("clickhouse")
                made = Site(floor, valkey, engine, port)
                made.start_board()
                try:
                    made.until_part("workers", "ok")
                    yield made
                finally:
                    made.kill_board()


def test_a_worker_that_is_killed_is_missed_and_heard_again(site: Site) -> None:
    worker = site.floor.children[0]
    killed_ms = time.time() * 1000
    worker.kill()
    said = site.until_part("workers", "stopped")
    assert said["live"] is False
    assert "have not ticked" in said["says"]
    assert "watchfloor worker" in said["remedy"]
    assert killed_ms - 3000 < said["since_ms"] < killed_ms + 3000
    site.floor.start_again(worker)
    assert site.until_part("workers", "ok")["live"] is True


def test_a_deliverer_that_is_paused_is_missed(site: Site) -> None:
    deliverer = site.floor.children[1]
    deliverer.pause()
    said = site.until_part("delivery", "stopped")
    assert said["says"].startswith("deliver-redis has written nothing for")
    deliverer.resume()
    assert site.until_part("delivery", "ok")["live"] is True


def test_a_redis_that_is_killed_is_missed_and_fills_itself_again(site: Site) -> None:
    site.valkey.kill()
    said = site.until_part("redis", "stopped")
    assert (said["live"], said["says"].startswith("Redis has not answered")) == (False, True)
    assert site.until_part("workers", "unknown")
    site.valkey.start()
    site.until_part("redis", "ok")
    assert site.until_part("workers", "ok")["live"] is True


def test_a_clickhouse_that_is_killed_leaves_the_numbers_alive(site: Site) -> None:
    site.engine.kill()
    said = site.until_part("clickhouse", "stopped")
    assert said["live"] is True
    site.engine.start()
    site.until_part("clickhouse", "ok")


def test_a_board_that_was_killed_goes_on_with_a_snapshot(site: Site) -> None:
    before = site.ask("snapshot")
    site.kill_board()
    site.start_board()
    site.until_part("workers", "ok")
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.port}/api/stream", headers={"Last-Event-ID": before["id"]}
    )
    with urllib.request.urlopen(request, timeout=10) as stream:
        lines = [stream.readline().decode() for _ in range(4)]
    assert "event: snapshot\n" in lines


def test_the_port_of_another_board_is_refused_with_a_remedy(site: Site) -> None:
    command = [sys.executable, "-m", "streams.main", "--space", site.floor.name, "board"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "can't listen" in done.stderr
    assert "WATCHFLOOR_BOARD_PORT" in done.stderr


def test_a_board_that_is_told_to_stop_does_so(site: Site) -> None:
    assert site.board is not None
    site.board.send_signal(signal.SIGTERM)
    assert site.board.wait(30) == 0
    site.start_board()
