"""The commands of the local stack, as a person types them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.local import cli
from deploy.local.stack import Stack

PROGRAM = "from deploy.local.cli import local; local(prog_name='watchfloor local')"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A directory whose stack no test leaves running."""
    yield tmp_path
    Stack(tmp_path).down()


def run(root: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.local, ["--root", str(root), *words])


def test_a_stack_goes_up_is_seen_goes_down_and_is_deleted(root: Path) -> None:
    assert "redis://127.0.0.1:" in run(root, "up", "redis").output
    shown = run(root, "status")
    assert shown.exit_code == 1, "two of the three parts are down"
    assert "down" in shown.output
    assert "redis://127.0.0.1:" in shown.output
    assert "Ready to accept connections" in run(root, "logs", "redis").output
    assert "stopped redis" in run(root, "down").output
    assert "nothing of this stack runs" in run(root, "down").output
    assert (root / ".local").exists()
    assert run(root, "reset", "--yes").exit_code == 0
    assert not (root / ".local").exists()


def test_an_error_is_a_sentence_with_a_remedy(root: Path) -> None:
    shown = run(root, "logs", "kafka")
    assert shown.exit_code == 1
    assert "has no log" in shown.output
    assert "remedy: start it with" in shown.output


def test_the_root_may_come_from_the_environment(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cli.ROOT_VARIABLE, str(root))
    CliRunner().invoke(cli.local, ["up", "redis"])
    assert (root / ".local" / "endpoints.json").exists()


def test_a_stack_in_the_foreground_ends_with_ctrl_c(root: Path) -> None:
    argv = [sys.executable, "-c", PROGRAM, "--root", str(root), "up", "redis", "--foreground"]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    with subprocess.Popen(argv, env=environment) as command:
        stack = Stack(root)
        until = time.monotonic() + 30
        while not stack.places.endpoints.exists() and time.monotonic() < until:
            time.sleep(0.02)
        command.send_signal(signal.SIGINT)
        assert command.wait(30) == 0
    assert [part.state for part in stack.status()] == ["down", "down", "down"]
