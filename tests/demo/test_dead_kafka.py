"""Kafka dies under a real demo: it says so, stops everything, and does not hang."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
START_S_MAX = 300
#: It takes some ten seconds; what hung took minutes or for ever.
END_S_MAX = 60


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A demo in ``tmp_path`` that has begun to simulate, its output in a file there."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("WATCHFLOOR_")}
    said = tmp_path / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.main", "demo", "--rate", "5"],
            cwd=tmp_path,
            env=clean | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until_s = time.monotonic() + START_S_MAX
        while "simulating a floor" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until_s, said.read_text()
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()
        Stack(tmp_path).reset()


def test_it_ends_with_a_reason_and_leaves_nothing_running(
    demo: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    Stack(tmp_path).kill("kafka")
    assert demo.wait(END_S_MAX) == 1
    said = (tmp_path / "said.txt").read_text()
    assert "watchfloor: Kafka has ended" in said
    assert "kafka.log" in said.split("remedy:")[1]
    assert "Traceback" not in said
    assert {part.state for part in Stack(tmp_path).status()} == {"down"}
    children = (tmp_path / ".local" / "demo.lock").read_text().split()
    assert len(children) == 3, "worker, deliverer, board"
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    # A worker or deliverer that was left behind would hold it.
    with (tmp_path / ".local" / "demo.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
