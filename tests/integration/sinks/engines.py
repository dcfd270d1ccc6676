"""Servers of our own, which a test may kill."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sinks.clickhouse import connect
from sinks.errors import SinkUnavailable

START_S_MAX = 60


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Engine:
    """A ClickHouse engine of our own, on a port that stays over restarts."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        where = ["--data", str(self._data), "--port", str(self._port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.clickhouse_http", *where],
            env={**os.environ, "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: connect(self.url).close(), SinkUnavailable)

    @property
    def pid(self) -> int:
        """Its process; AssertionError when it does not run."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def wait_for(attempt: Callable[[], object], failure: type[Exception]) -> None:
    deadline = time.monotonic() + START_S_MAX
    while True:
        try:
            attempt()
        except failure:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
