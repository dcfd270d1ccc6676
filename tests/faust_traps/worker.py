"""A worker as a process of its own, and what it has printed so far."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
POLL_S = 0.05


class Worker:
    """A worker process; each line it prints is a JSON object of what it saw."""

    def __init__(self, program: str, scenario: str, args: dict[str, Any], env: dict[str, str]):
        self.group = args["group"]
        self._out = Path(args.pop("out"))
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        with self._out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / f"{program}.py"), scenario, json.dumps(args)],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self._out.parent,  # Stock Faust makes a directory where it runs.
                env={**os.environ, "PYTHONPATH": paths, **env},
            )

    @property
    def directory(self) -> Path:
        """Where it runs; holds the output of every worker of the test."""
        return self._out.parent

    @property
    def text(self) -> str:
        return self._out.read_text()

    def saw(self, name: str) -> list[Any]:
        """Every value printed under the name so far."""
        lines = (line for line in self.text.splitlines() if line.startswith("{"))
        return [line[name] for line in map(json.loads, lines) if name in line]

    def wait(self, found: Callable[[], Any], seconds: float = 20.0) -> Any:
        """What ``found`` returns as soon as it is true; fails with the output after a while."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < deadline, f"waited {seconds} s:\n{self.text[-4000:]}"
            time.sleep(POLL_S)
        return value

    def wait_for(self, name: str, count: int = 1, seconds: float = 20.0) -> list[Any]:
        """The values printed under the name, once there are that many."""
        self.wait(lambda: len(self.saw(name)) >= count, seconds)
        return self.saw(name)

    def exit_code(self, seconds: float = 20.0) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s:\n{self.text[-4000:]}")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


Start = Callable[..., Worker]
